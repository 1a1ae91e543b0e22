import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDimseSender } from '../../src/destinations/dimse-store/dimse-peers-sender.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { find, get, move } from '../../src/peers/dimse/query.ts';
import { sendInstances } from '../../src/peers/dimse/send-instances.ts';
import { commandFields } from '../../src/standards/dimse/command.ts';
import { DataSet } from '../../src/standards/dicom/data-set.ts';
import { element } from '../../src/standards/dicom/element.ts';
import { readPart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { writeDataSet } from '../../src/standards/dicom/data-set-writer.ts';
import { enterOrder } from '../../src/stages/orders/enter-order.ts';
import { smallImage } from '../support/archive-fixture.ts';
import { call, type DimseArchive, dimseArchive } from '../support/dimse-archive.ts';
import { startScp } from '../support/dimse-scp.ts';
import { freePort, listening } from '../support/dimse-wait.ts';
import { startOrthanc } from '../support/orthanc.ts';
import { corpus, needsPeer, pathOf } from '../support/peers.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const STUDY = '1.2.826.0.1.3680043.8.498.6';

function run(program: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 30_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }));
  });
}

suite('DCMTK queries and retrieves', () => {
  let archive: DimseArchive;
  let folder: string;
  suiteSetup(async function () {
    this.timeout(60_000);
    archive = await dimseArchive();
    await archive.store([1, 2, 3].map((n) => smallImage(STUDY, `${STUDY}.1`, `${STUDY}.1.${n}`)));
    await enterOrder(archive.database, { stepId: 'S1', patientId: 'P1', patientName: 'Doe^Jane', modality: 'CT', stationAe: 'CT1', startDate: '20261121', startTime: '0900' }, new Date());
  });
  suiteTeardown(() => archive.close());
  setup(() => (folder = mkdtempSync(path.join(tmpdir(), 'isocenter-query-'))));
  teardown(() => rmSync(folder, { recursive: true }));

  const target = (): readonly string[] => ['-aec', 'ISOCENTER', '127.0.0.1', String(archive.port)];

  test('findscu at all levels of Study Root and Patient Root, and of the worklist', async function () {
    needsPeer(this, 'findscu');

    const study = await run('findscu', '-S', '-k', 'QueryRetrieveLevel=STUDY', '-k', 'PatientName=yama*', '-k', 'StudyInstanceUID', '-k', 'NumberOfStudyRelatedInstances', ...target());
    const image = await run('findscu', '-S', '-k', 'QueryRetrieveLevel=IMAGE', '-k', `StudyInstanceUID=${STUDY}`, '-k', `SeriesInstanceUID=${STUDY}.1`, '-k', 'SOPInstanceUID', ...target());
    const patient = await run('findscu', '-P', '-k', 'QueryRetrieveLevel=PATIENT', '-k', 'PatientID=P1', '-k', 'PatientName', ...target());
    const worklist = await run('findscu', '-W', '-k', 'PatientName', '-k', 'ScheduledProcedureStepSequence[0].Modality=CT', '-k', 'ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20261120-', ...target());

    assert.match(study.output, new RegExp(STUDY.replaceAll('.', '\\.')));
    assert.match(study.output, /\(0020,1208\) IS \[3/);
    for (const n of [1, 2, 3]) assert.ok(image.output.includes(`${STUDY}.1.${n}`));
    assert.match(patient.output, /P1/);
    assert.match(worklist.output, /Doe\^Jane/);
  });

  test('getscu fetches a study byte for byte; movescu has it sent to itself', async function () {
    needsPeer(this, 'getscu', 'movescu');
    const port = await freePort();
    archive.peers.set('MOVER', { host: '127.0.0.1', port, aeTitle: 'MOVER', callingAe: 'ISOCENTER' });
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${STUDY}`];

    const got = await run('getscu', '-S', '+xe', '+B', '-od', folder, ...keys, ...target());
    const files = readdirSync(folder).map((name) => readFileSync(path.join(folder, name)));
    const moved = await run('movescu', '-S', '+P', String(port), '-aet', 'MOVER', '-aem', 'MOVER', '-od', folder, ...keys, ...target());

    assert.equal(got.code, 0, got.output);
    assert.equal(files.length, 3);
    const sent = [1, 2, 3].map((n) => Buffer.from(writeDataSet(smallImage(STUDY, `${STUDY}.1`, `${STUDY}.1.${n}`), '1.2.840.10008.1.2.1')));
    assert.ok(sent.every((bytes) => files.some((file) => file.subarray(-bytes.length).equals(bytes))));
    assert.equal(moved.code, 0, moved.output);
  });

  test('a dimse-store destination that takes no compression gets the original decompressed', async function () {
    needsPeer(this, 'storescp');
    const part10 = readPart10(readFileSync(path.join(corpus(this, 'transfer-syntaxes'), 'dicom-test-files__CT1_JLSL.dcm')));
    assert.ok(part10.ok);
    const { dataSet, transferSyntaxUid } = part10.value;
    const bytes = writeDataSet(dataSet, transferSyntaxUid);
    const port = await freePort();
    const storescp = spawn('storescp', ['+xi', '-od', folder, '-aet', 'PLAIN', String(port)], { stdio: 'ignore' });
    try {
      await listening(port);
      const sender = createDimseSender({ peer: () => ({ host: '127.0.0.1', port, aeTitle: 'PLAIN', callingAe: 'ISOCENTER' }), clock: systemClock, log: silentLog });
      const instance = { sopClassUid: dataSet.string(tags.SOPClassUID)!, sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, transferSyntaxUid, length: bytes.length, dataSet: () => once(bytes) };

      const outcomes = await sender.store({ peer: 'PLAIN', instances: [instance], timeoutMs: 20_000 }, call().signal);

      assert.deepEqual(outcomes.map((outcome) => outcome.kind === 'answered' && outcome.status), [0]);
      const received = readPart10(readFileSync(path.join(folder, readdirSync(folder)[0]!)));
      assert.ok(received.ok);
      assert.equal(received.value.transferSyntaxUid, '1.2.840.10008.1.2');
    } finally {
      storescp.kill();
    }
  });

  test('compressed images leave decompressed for who takes no compression, pixel for pixel', async function () {
    needsPeer(this, 'storescp', 'dcmdjpls');
    const file = path.join(corpus(this, 'transfer-syntaxes'), 'dicom-test-files__CT1_JLSL.dcm');
    const part10 = readPart10(readFileSync(file));
    assert.ok(part10.ok);
    const { dataSet, transferSyntaxUid } = part10.value;
    await archive.store([dataSet], { transferSyntaxUid });
    const port = await freePort();
    archive.peers.set('PLAIN', { host: '127.0.0.1', port, aeTitle: 'PLAIN', callingAe: 'ISOCENTER' });
    const storescp = spawn('storescp', ['+xi', '-od', folder, '-aet', 'PLAIN', String(port)], { stdio: 'ignore' });
    try {
      await listening(port);

      const moved = await move(archive.peer(), DataSet.of([element(tags.QueryRetrieveLevel, 'CS', 'STUDY'), element(tags.StudyInstanceUID, 'UI', dataSet.string(tags.StudyInstanceUID)!)]), 'PLAIN', call());

      assert.equal(moved.completed, 1);
      const reference = path.join(folder, 'reference');
      assert.equal((await run('dcmdjpls', file, reference)).code, 0);
      const received = readPart10(readFileSync(path.join(folder, readdirSync(folder).find((name) => name !== 'reference')!)));
      const expected = readPart10(readFileSync(reference));
      assert.ok(received.ok && expected.ok);
      assert.equal(received.value.transferSyntaxUid, '1.2.840.10008.1.2');
      assert.deepEqual(Buffer.from(received.value.dataSet.bytes(tags.PixelData)!), Buffer.from(expected.value.dataSet.bytes(tags.PixelData)!));
    } finally {
      storescp.kill();
    }
  });
});

suite('we query and retrieve from DCMTK and Orthanc', () => {
  const keys = DataSet.of([element(tags.QueryRetrieveLevel, 'CS', 'STUDY'), element(tags.StudyInstanceUID, 'UI', STUDY), element(tags.PatientName, 'PN')]);
  const images = [1, 2].map((n) => smallImage(STUDY, `${STUDY}.1`, `${STUDY}.1.${n}`));

  test('Orthanc: C-FIND, and C-MOVE of priors to us', async function () {
    needsPeer(this, 'Orthanc');
    this.timeout(60_000);
    const receiver = await startScp();
    const orthanc = await startOrthanc();
    const peer = { host: '127.0.0.1', port: orthanc.dicomPort, aeTitle: 'ORTHANC', callingAe: 'ISOCENTER' };
    try {
      // Orthanc answers queries of, and moves to, the modalities it knows.
      await fetch(`http://127.0.0.1:${orthanc.httpPort}/modalities/us`, { method: 'PUT', body: JSON.stringify(['ISOCENTER', '127.0.0.1', receiver.port]) });
      const items = images.map((dataSet) => ({ sopClassUid: CT, sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, transferSyntaxUid: '1.2.840.10008.1.2.1', bytes: writeDataSet(dataSet, '1.2.840.10008.1.2.1') }));
      await sendInstances(peer, items, call());

      const found = await find(peer, keys, call());
      const moved = await move(peer, keys.without(tags.PatientName), 'ISOCENTER', call());

      assert.deepEqual(found.map((match) => match.string(tags.StudyInstanceUID)), [STUDY]);
      assert.equal(moved.status, 0);
      assert.equal(receiver.receiver.instances.length, 2);
    } finally {
      await orthanc.stop();
      await receiver.stop();
    }
  });

  test('dcmqrscp: C-FIND, C-GET on the same association', async function () {
    needsPeer(this, 'dcmqrscp');
    const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-query-'));
    const port = await freePort();
    const config = path.join(folder, 'qr.cfg');
    writeFileSync(config, `NetworkTCPPort = ${port}\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\nAETable BEGIN\nDCMQR ${folder} RW (100, 100mb) ANY\nAETable END\n`);
    const child = spawn(pathOf('dcmqrscp')!, ['-c', config], { stdio: 'ignore' });
    const peer = { host: '127.0.0.1', port, aeTitle: 'DCMQR', callingAe: 'ISOCENTER' };
    const received: number[] = [];
    try {
      await listening(port);
      const items = images.map((dataSet) => ({ sopClassUid: CT, sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, transferSyntaxUid: '1.2.840.10008.1.2.1', bytes: writeDataSet(dataSet, '1.2.840.10008.1.2.1') }));
      await sendInstances(peer, items, call());

      const found = await find(peer, keys, call());
      const got = await get(peer, keys.without(tags.PatientName), {
        ...call(), storage: [{ sopClassUid: CT, transferSyntaxes: ['1.2.840.10008.1.2.1'] }],
        store: { name: 'take', commands: [commandFields.cStoreRq], serves: () => true, chooseTransferSyntax: (proposed) => proposed[0], handle: (request) => {
          let length = 0;
          return { write: (chunk) => void (length += chunk.length), end: () => {
            received.push(length);
            void request.respond({ status: 0 });
          }, abandon() {} };
        } },
      });

      assert.equal(found[0]!.string(tags.PatientName), 'Yamada^Tarou=山田^太郎=やまだ^たろう');
      assert.equal(got.completed, 2);
      assert.equal(received.length, 2);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
