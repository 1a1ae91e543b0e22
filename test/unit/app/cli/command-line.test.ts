import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { dataSetOf, findDicomFiles } from '../../../../src/app/cli/dicom-files.ts';
import { startDemoEhr } from '../../../../src/app/cli/demo-ehr.ts';
import { generate, seedRange } from '../../../../src/app/cli/generate.ts';
import { peerAddress } from '../../../../src/app/cli/peer-address.ts';
import { describeHops } from '../../../../src/app/cli/trace.ts';
import { readPart10 } from '../../../../src/standards/dicom/part10.ts';
import { writeDataSet } from '../../../../src/standards/dicom/data-set-writer.ts';

suite('command line', () => {
  let folder: string;

  setup(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-cli-'));
  });
  teardown(() => rmSync(folder, { recursive: true, force: true }));

  test('a peer is written AE@host:port, also with an IPv6 address', () => {
    assert.deepEqual(peerAddress('PACS@10.0.0.1:104'), { aeTitle: 'PACS', host: '10.0.0.1', port: 104 });
    assert.deepEqual(peerAddress('PACS@[::1]:11112'), { aeTitle: 'PACS', host: '::1', port: 11112 });
    for (const wrong of ['PACS', 'PACS@host', '@host:1', 'PACS@host:0', 'PACS@host:70000', 'A_TITLE_OF_17_CHARS@h:1']) assert.throws(() => peerAddress(wrong), wrong);
  });

  test('seeds are one number or a range', () => {
    assert.deepEqual(seedRange('7'), [7]);
    assert.deepEqual(seedRange('3-5'), [3, 4, 5]);
    for (const wrong of ['', 'x', '5-3', '1-2-3']) assert.throws(() => seedRange(wrong), wrong);
  });

  test('generate writes the instances of the seed, the same each time, with the truth beside them', () => {
    const options = { seed: '3', slices: '2', matrix: '32' };
    generate('chest-ct', { ...options, out: path.join(folder, 'a') });
    generate('chest-ct', { ...options, out: path.join(folder, 'b') });

    const names = readdirSync(path.join(folder, 'a')).sort();

    assert.equal(names.filter((name) => name.endsWith('.dcm')).length, 2);
    assert.ok(names.includes('truth.json'));
    for (const name of names) assert.deepEqual(readFileSync(path.join(folder, 'a', name)), readFileSync(path.join(folder, 'b', name)));
  });

  test('files to send are found at any depth, what is no DICOM is named, and the data set is the file without its meta information', async () => {
    generate('chest-ct', { seed: '1', slices: '1', matrix: '16', out: path.join(folder, 'deep', 'er') });
    writeFileSync(path.join(folder, 'notes.txt'), 'no DICOM');

    const { files, others } = await findDicomFiles([folder]);

    assert.equal(files.length, 1);
    assert.deepEqual(others.map((file) => path.basename(file)).sort(), ['notes.txt', 'truth.json']);
    const bytes = await collected(dataSetOf(files[0]!));
    const file = readPart10(readFileSync(files[0]!.file));
    assert.ok(file.ok);
    assert.deepEqual(bytes, Buffer.from(writeDataSet(file.value.dataSet, file.value.transferSyntaxUid)));
  });

  test('the trace has a line a hop, with the time since the first', () => {
    const at = (ms: number): Date => new Date(1_700_000_000_000 + ms);
    const base = { traceId: 't', studyInstanceUid: null };

    const lines = describeHops([
      { ...base, hop: 6, event: 'receive-instance.stored', at: at(0), detail: { instances: 7 } },
      { ...base, hop: 8, event: 'study-router.routed', at: at(1500), detail: { jobs: 1 } },
    ]);

    assert.match(lines[0]!, /hop {2}6 .*instances=7/);
    assert.match(lines[1]!, /\+ +1\.500 s {2}hop {2}8 .*jobs=1/);
  });

  test('the demo’s EHR takes a transaction, answers 201 for each entry, and refuses anything else  [FHIR R4 §3.1.0.11.2]', async () => {
    const ehr = await startDemoEhr();
    const post = (body: object): Promise<Response> => fetch(ehr.url, { method: 'POST', body: JSON.stringify(body) });
    try {
      const taken = await post({ resourceType: 'Bundle', type: 'transaction', entry: [{ resource: { resourceType: 'Observation', id: 'a' } }, { resource: { resourceType: 'Observation', id: 'b' } }] });

      const answer = (await taken.json()) as { entry: { response: { status: string } }[] };
      assert.deepEqual(answer.entry.map((entry) => entry.response.status), ['201 Created', '201 Created']);
      assert.deepEqual([...ehr.received()], [['Observation', 2]]);
      assert.equal((await post({ resourceType: 'Patient' })).status, 400);
    } finally {
      ehr.close();
    }
  });
});

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
