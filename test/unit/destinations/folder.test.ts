import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createDestination } from '../../../src/destinations/registry.ts';
import { GatewayError } from '../../../src/foundation/errors.ts';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import { dicomPayload, fhirPayload, tools } from '../../contract/destination.contract.ts';

suite('folder destination', () => {
  let root: string;
  const never = new AbortController().signal;

  setup(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'isocenter-drop-'));
  });

  teardown(() => rmSync(root, { recursive: true, force: true }));

  const create = (folder = root): ReturnType<typeof createDestination> => createDestination({ name: 'drop', kind: 'folder', path: folder } as never, tools);

  test('objects become files that read back, by study, and are proven once synced', async () => {
    const payload = dicomPayload(1);

    const outcomes = await create().deliver([payload, fhirPayload(2)], never);

    const study = path.join(root, payload.studyInstanceUid);
    const read = readPart10(readFileSync(path.join(study, `${payload.sopInstanceUid}.dcm`)));
    assert.ok(read.ok && read.value.transferSyntaxUid === payload.transferSyntaxUid);
    assert.equal((JSON.parse(readFileSync(path.join(study, 'report-2.json'), 'utf8')) as { resourceType: string }).resourceType, 'Bundle');
    assert.deepEqual(outcomes.map((outcome) => outcome.kind === 'delivered' && outcome.proven), [true, true]);
  });

  test('an object that cannot be read leaves no file, not even a part of one', async () => {
    const broken = { ...dicomPayload(1), dataSet: () => brokenStream() };

    await assert.rejects(create().deliver([broken], never), { code: 'BLOB_UNREADABLE' });

    assert.deepEqual(readdirSync(path.join(root, broken.studyInstanceUid)), []);
  });

  test('a UID that would leave the folder is refused', async () => {
    await assert.rejects(create().deliver([{ ...dicomPayload(1), studyInstanceUid: '../x' }], never), { code: 'NAME_NOT_A_PATH' });
    await assert.rejects(create().deliver([{ ...fhirPayload(1), name: '../x' }], never), { code: 'NAME_NOT_A_PATH' });
  });

  test('a folder that cannot be written to is a transient failure: it may be mounted later', async () => {
    writeFileSync(path.join(root, 'file'), '');

    const [outcome] = await create(path.join(root, 'file')).deliver([dicomPayload(1)], never);

    assert.ok(outcome?.kind === 'failed' && outcome.failure === 'transient' && outcome.code === 'FOLDER_NOT_WRITABLE');
  });
});

async function* brokenStream(): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(Buffer.alloc(100));
  throw new GatewayError('BLOB_UNREADABLE', 'a stored object cannot be read', { failure: 'permanent' });
}
