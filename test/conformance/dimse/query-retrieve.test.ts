import assert from 'node:assert/strict';
import { find, get, move, queryClasses } from '../../../src/peers/dimse/query.ts';
import { commandFields } from '../../../src/standards/dimse/command.ts';
import { DataSet, type Element } from '../../../src/standards/dicom/data-set.ts';
import { writeDataSet } from '../../../src/standards/dicom/data-set-writer.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { openAssociation } from '../../../src/transport/dicom/association-client.ts';
import { answerPending } from '../../../src/edges/dicom-scp/query-retrieve/answer-matches.ts';
import type { DimseRequest, DimseService } from '../../../src/transport/dicom/dimse-service.ts';
import { smallImage } from '../../support/archive-fixture.ts';
import { call, type DimseArchive, dimseArchive } from '../../support/dimse-archive.ts';
import { startScp } from '../../support/dimse-scp.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const STUDY = '1.2.826.0.1.3680043.8.498.1';
const keys = (level: string, ...elements: readonly Element[]): DataSet => DataSet.of([element(tags.QueryRetrieveLevel, 'CS', level), ...elements]);
const text = (tag: number, vr: 'LO' | 'PN' | 'UI' | 'DA' | 'CS' | 'TM', ...values: readonly string[]): Element => ({ tag, vr, value: values });

suite('C-FIND, C-MOVE and C-GET of the archive', () => {
  let archive: DimseArchive;

  suiteSetup(async function () {
    this.timeout(60_000);
    archive = await dimseArchive();
    const images = [1, 2, 3].map((n) => smallImage(STUDY, `${STUDY}.1`, `${STUDY}.1.${n}`));
    const other = smallImage(`${STUDY}9`, `${STUDY}9.1`, `${STUDY}9.1.1`, [text(tags.PatientID, 'LO', 'P2'), text(tags.PatientName, 'PN', 'Smith^Anna'), text(tags.StudyDate, 'DA', '20250101')]);
    assert.deepEqual(await archive.store(images), [0, 0, 0]);
    assert.deepEqual(await archive.store([other], { callingAe: 'MR1' }), [0]);
  });
  suiteTeardown(() => archive.close());

  const studies = async (...elements: readonly Element[]): Promise<readonly string[]> =>
    (await find(archive.peer(), keys('STUDY', text(tags.StudyInstanceUID, 'UI'), ...elements), call())).map((match) => match.string(tags.StudyInstanceUID)!);

  test('single value, list of UIDs, wildcard, range and universal matching [PS3.4 §C.2.2.2]', async () => {
    assert.deepEqual(await studies(text(tags.PatientID, 'LO', 'P1')), [STUDY]);
    assert.deepEqual(await studies(text(tags.PatientName, 'PN', 'smi*')), [`${STUDY}9`]);
    assert.deepEqual(await studies(text(tags.PatientName, 'PN', 'Sm?th^Anna')), [`${STUDY}9`]);
    assert.deepEqual(await studies(text(tags.StudyDate, 'DA', '20260101-')), [STUDY]);
    assert.deepEqual(await studies(text(tags.StudyDate, 'DA', '-20251231')), [`${STUDY}9`]);
    assert.deepEqual(await studies(text(tags.ModalitiesInStudy, 'CS', 'MR')), []);
    assert.equal((await studies()).length, 2);
    const list = await find(archive.peer(), keys('STUDY', text(tags.StudyInstanceUID, 'UI', STUDY, `${STUDY}9`, '1.2.3')), call());
    assert.equal(list.length, 2);
  });

  test('ranges of date and time are one stretch when that was negotiated, and two keys when not [PS3.4 §C.2.2.2.5]', async () => {
    const query = writeDataSet(keys('STUDY', text(tags.StudyInstanceUID, 'UI'), text(tags.StudyDate, 'DA', '20260101-20260103'), text(tags.StudyTime, 'TM', '1200-0900')), '1.2.840.10008.1.2.1');
    const matches = async (negotiates: boolean): Promise<number> => {
      const extended = negotiates ? { extended: [{ sopClassUid: queryClasses.studyRootFind, bytes: Uint8Array.of(1, 1, 0, 0) }] } : {};
      const association = await openAssociation({ ...callOf(archive), contexts: [{ abstractSyntax: queryClasses.studyRootFind, transferSyntaxes: ['1.2.840.10008.1.2.1'] }], ...extended }, call().signal);
      let found = 0;
      await association.invoke({ contextId: 1, command: { field: commandFields.cFindRq, affectedSopClassUid: queryClasses.studyRootFind, priority: 0 }, dataSet: query, onPending: () => (found += 1) }, call().signal);
      await association.release(call().signal);
      return found;
    };

    assert.equal(await matches(true), 1);
    assert.equal(await matches(false), 0);
  });

  test('a name in another character set and component group matches; the answer is in the set of the request, or in UTF-8 [PS3.4 §C.4.1.1.3.2]', async () => {
    const japanese = keys('STUDY', element(tags.SpecificCharacterSet, 'CS', '', 'ISO 2022 IR 87'), text(tags.PatientName, 'PN', '=山田^太郎'), text(tags.StudyInstanceUID, 'UI'));
    const plain = keys('STUDY', text(tags.PatientName, 'PN', 'YAMADA^TAROU'), text(tags.StudyInstanceUID, 'UI'));

    const [match] = await find(archive.peer(), japanese, call());
    const [other] = await find(archive.peer(), plain, call());

    assert.equal(match!.string(tags.PatientName), 'Yamada^Tarou=山田^太郎=やまだ^たろう');
    assert.deepEqual(match!.strings(tags.SpecificCharacterSet), ['', 'ISO 2022 IR 87']);
    assert.equal(other!.string(tags.PatientName), 'Yamada^Tarou=山田^太郎=やまだ^たろう');
    assert.deepEqual(other!.strings(tags.SpecificCharacterSet), ['ISO_IR 192']);
  });

  test('all levels of both models, with or without the keys above (relational) [PS3.4 §C.4.1.2, §C.4.1.3]', async () => {
    const patients = await find(archive.peer(), keys('PATIENT', text(tags.PatientID, 'LO'), text(tags.PatientName, 'PN')), { ...call(), sopClassUid: queryClasses.patientRootFind });
    const series = await find(archive.peer(), keys('SERIES', text(tags.SeriesInstanceUID, 'UI'), text(tags.PatientID, 'LO', 'P1')), call());
    const images = await find(archive.peer(), keys('IMAGE', text(tags.SOPInstanceUID, 'UI'), text(tags.StudyInstanceUID, 'UI', STUDY), text(tags.SeriesInstanceUID, 'UI', `${STUDY}.1`)), call());

    assert.deepEqual(patients.map((match) => match.string(tags.PatientID)), ['P1', 'P2']);
    assert.deepEqual(series.map((match) => match.string(tags.StudyInstanceUID)), [STUDY]);
    assert.equal(images.length, 3);
    assert.ok(images.every((match) => match.string(tags.RetrieveAETitle) === 'ISOCENTER' && match.string(tags.QueryRetrieveLevel) === 'IMAGE'));
  });

  test('a level that is none, or PATIENT in Study Root, is answered A900', async () => {
    for (const wrong of [keys('PATIENT', text(tags.PatientID, 'LO')), keys('FRAME'), DataSet.of([text(tags.PatientID, 'LO', '*')])]) {
      await assert.rejects(find(archive.peer(), wrong, call()), (error: { context?: { status?: string } }) => error.context?.status === 'A900');
    }
  });

  test('keys that are not supported, sequences among them, come back empty under FF01 [PS3.4 Table C.4-1]', async () => {
    const query = keys('STUDY', text(tags.StudyInstanceUID, 'UI', STUDY), sequence(tags.RequestAttributesSequence, DataSet.of([text(tags.RequestedProcedureID, 'LO', 'X')])));
    const association = await openAssociation({ ...callOf(archive), contexts: [{ abstractSyntax: queryClasses.studyRootFind, transferSyntaxes: ['1.2.840.10008.1.2.1'] }] }, call().signal);
    const pending: number[] = [];

    const last = await association.invoke({ contextId: 1, command: { field: commandFields.cFindRq, affectedSopClassUid: queryClasses.studyRootFind, priority: 0 }, dataSet: writeDataSet(query, '1.2.840.10008.1.2.1'), onPending: (response) => pending.push(response.status) }, call().signal);

    assert.deepEqual(pending, [0xff01]);
    assert.equal(last.status, 0);
    await association.release(call().signal);
  });

  test('a C-CANCEL that comes in during one response is answered FE00 instead of the next [PS3.7 §9.3.2.3]', async () => {
    const responses = Array.from({ length: 5 }, (_, n) => keys('STUDY', text(tags.StudyInstanceUID, 'UI', `1.2.${n}`)));
    const statuses: number[] = [];
    const request = {
      isCancelled: false, context: { transferSyntax: '1.2.840.10008.1.2' }, association: { signal: new AbortController().signal, cork() {}, uncork() {} },
      respond: ({ status }: { status: number }) => {
        statuses.push(status);
        if (statuses.length === 2) setImmediate(() => (request.isCancelled = true));
        return undefined;
      },
    };

    const goesOn = await answerPending(request as unknown as DimseRequest, 0xff00, responses, DataSet.empty);

    assert.equal(goesOn, false);
    assert.deepEqual(statuses, [0xff00, 0xff00, 0xfe00]);
  });

  test('an association goes on after a C-FIND that was cancelled', async () => {
    await archive.store(Array.from({ length: 40 }, (_, n) => smallImage(`1.2.9.${n}`, `1.2.9.${n}.1`, `1.2.9.${n}.1.1`, [text(tags.PatientID, 'LO', 'MANY')])));

    const some = await find(archive.peer(), keys('STUDY', text(tags.PatientID, 'LO', 'MANY'), text(tags.StudyInstanceUID, 'UI')), { ...call(), limit: 3 });

    assert.equal(some.length, 3);
  });

  test('C-MOVE sends to a configured peer, byte for byte, with the originator; counts add up [PS3.4 §C.4.2]', async () => {
    const receiver = await startScp({ admission: { aeTitles: ['PACS'], acceptUnknownCallers: true, peers: [] } });
    archive.peers.set('PACS', { host: '127.0.0.1', port: receiver.port, aeTitle: 'PACS', callingAe: 'ISOCENTER' });
    try {
      const moved = await move(archive.peer(), keys('STUDY', text(tags.StudyInstanceUID, 'UI', STUDY)), 'PACS', call());

      assert.deepEqual(moved, { status: 0, completed: 3, failed: 0, warning: 0, failedSopInstanceUids: [] });
      assert.equal(receiver.receiver.instances.length, 3);
      assert.deepEqual(receiver.receiver.bytesOf(0), Buffer.from(writeDataSet(smallImage(STUDY, `${STUDY}.1`, `${STUDY}.1.1`), '1.2.840.10008.1.2.1')));
    } finally {
      await receiver.stop();
    }
  });

  test('C-MOVE to an unknown title is A801, to a dead peer A702 with every UID in the list, of nothing 0000 [PS3.4 Table C.4-2]', async () => {
    archive.peers.set('DEAD', { host: '127.0.0.1', port: 1, aeTitle: 'DEAD', callingAe: 'ISOCENTER' });

    await assert.rejects(move(archive.peer(), keys('STUDY', text(tags.StudyInstanceUID, 'UI', STUDY)), 'NOBODY', call()), (error: { context?: { status?: string } }) => error.context?.status === 'A801');
    const dead = await move(archive.peer(), keys('STUDY', text(tags.StudyInstanceUID, 'UI', STUDY)), 'DEAD', call());
    const nothing = await move(archive.peer(), keys('STUDY', text(tags.StudyInstanceUID, 'UI', '1.2.3.999')), 'DEAD', call());

    assert.equal(dead.status, 0xa702);
    assert.deepEqual(dead.failedSopInstanceUids, [1, 2, 3].map((n) => `${STUDY}.1.${n}`));
    assert.equal(nothing.status, 0);
  });

  test('C-GET re-encodes what the peer takes in another transfer syntax only; what has no context fails and is listed [PS3.4 §C.4.3]', async () => {
    const received: { transferSyntax: string; bytes: Buffer }[] = [];
    const store = storing((transferSyntax, bytes) => received.push({ transferSyntax, bytes }));
    const study = keys('STUDY', text(tags.StudyInstanceUID, 'UI', STUDY));

    const implicit = await get(archive.peer(), study, { ...call(), store, storage: [{ sopClassUid: CT, transferSyntaxes: ['1.2.840.10008.1.2'] }] });
    const none = await get(archive.peer(), study, { ...call(), store, storage: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.4', transferSyntaxes: ['1.2.840.10008.1.2'] }] });

    assert.equal(implicit.completed, 3);
    assert.equal(received.length, 3);
    assert.deepEqual(received[0]!.bytes, Buffer.from(writeDataSet(smallImage(STUDY, `${STUDY}.1`, `${STUDY}.1.1`), '1.2.840.10008.1.2')));
    assert.equal(none.status, 0xa702);
    assert.equal(none.failedSopInstanceUids.length, 3);
  });

  test('keys above the level restrict a retrieve: a series of another study is not meant', async () => {
    const store = storing(() => {});
    const storage = [{ sopClassUid: CT, transferSyntaxes: ['1.2.840.10008.1.2.1'] }];

    const right = await get(archive.peer(), keys('SERIES', text(tags.StudyInstanceUID, 'UI', STUDY), text(tags.SeriesInstanceUID, 'UI', `${STUDY}.1`)), { ...call(), store, storage });
    const wrong = await get(archive.peer(), keys('SERIES', text(tags.StudyInstanceUID, 'UI', `${STUDY}9`), text(tags.SeriesInstanceUID, 'UI', `${STUDY}.1`)), { ...call(), store, storage });

    assert.equal(right.completed, 3);
    assert.equal(wrong.completed + wrong.failed, 0);
  });

  test('rights of an AE: own studies only, nothing, no store, no move elsewhere are 0124 or invisible', async () => {
    archive.rights.set('MR1', { mayStore: true, mayQuery: 'own', mayMove: ['PACS'] });
    archive.rights.set('WATCHER', { mayStore: false, mayQuery: 'none', mayMove: false });
    const all = keys('STUDY', text(tags.StudyInstanceUID, 'UI'));
    const denied = (error: { context?: { status?: string } }): boolean => error.context?.status === '0124';

    const own = await find(archive.peer('MR1'), all, call());

    assert.deepEqual(own.map((match) => match.string(tags.StudyInstanceUID)), [`${STUDY}9`]);
    assert.equal((await get(archive.peer('MR1'), keys('STUDY', text(tags.StudyInstanceUID, 'UI', STUDY)), { ...call(), store: storing(() => {}), storage: [{ sopClassUid: CT, transferSyntaxes: ['1.2.840.10008.1.2.1'] }] })).completed, 0);
    await assert.rejects(find(archive.peer('WATCHER'), all, call()), denied);
    await assert.rejects(move(archive.peer('MR1'), keys('STUDY', text(tags.StudyInstanceUID, 'UI', `${STUDY}9`)), 'DEAD', call()), denied);
    assert.deepEqual(await archive.store([smallImage('1.2.8', '1.2.8.1', '1.2.8.1.1')], { callingAe: 'WATCHER' }), [0x0124]);
  });
});

function callOf(archive: DimseArchive): Omit<Parameters<typeof openAssociation>[0], 'contexts'> {
  const { clock, log } = call();
  return { host: '127.0.0.1', port: archive.port, calledAe: 'ISOCENTER', callingAe: 'CLIENT', clock, log };
}

/** Takes C-STORE sub-operations. */
function storing(took: (transferSyntax: string, bytes: Buffer) => void): DimseService {
  return {
    name: 'test', commands: [commandFields.cStoreRq], serves: () => true, chooseTransferSyntax: (proposed) => proposed[0],
    handle: (request) => {
      const parts: Buffer[] = [];
      return {
        write: (chunk) => void parts.push(Buffer.from(chunk)),
        end: () => {
          took(request.context.transferSyntax, Buffer.concat(parts));
          void request.respond({ status: 0 });
        },
        abandon() {},
      };
    },
  };
}
