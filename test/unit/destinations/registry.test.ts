import assert from 'node:assert/strict';
import { createDestination, destinationSchema, isBuilt, takes } from '../../../src/destinations/registry.ts';
import { startStowServer } from '../../support/stow-server.ts';
import { dicomPayload, tools } from '../../contract/destination.contract.ts';

suite('destination registry', () => {
  test('every kind of the configuration is known, with its defaults', () => {
    const entries = [
      { name: 'pacs', kind: 'stow-rs', url: 'http://127.0.0.1:8042/dicom-web/studies' },
      { name: 'pacs-dimse', kind: 'dimse-store', peer: 'ORTHANC', storageCommitment: true },
      { name: 'ehr', kind: 'fhir', url: 'http://127.0.0.1:18090/fhir/R4' },
      { name: 'ris', kind: 'hl7-oru', host: '127.0.0.1', port: 18095 },
      { name: 'drop', kind: 'folder', path: './out' },
    ];

    for (const entry of entries) assert.equal(destinationSchema.parse(entry).name, entry.name);
  });

  test('an unknown key is refused', () => {
    assert.equal(destinationSchema.safeParse({ name: 'drop', kind: 'folder', path: './out', colour: 'red' }).success, false);
  });

  test('pictures go to no EHR and reports to no PACS', () => {
    assert.deepEqual([takes('stow-rs', 'application/dicom'), takes('stow-rs', 'application/fhir+json'), takes('fhir', 'application/dicom'), takes('folder', 'application/fhir+json')], [true, false, false, true]);
  });

  test('every kind is built; an unknown one is a permanent failure with its code', () => {
    for (const kind of ['stow-rs', 'dimse-store', 'fhir', 'hl7-oru', 'folder']) assert.equal(isBuilt(kind), true);
    assert.throws(() => isBuilt('carrier-pigeon'), { code: 'DESTINATION_UNKNOWN' });
  });

  test('secrets come from the named environment variables, and a missing one is said at start', async () => {
    const seen: (string | undefined)[] = [];
    const peer = await startStowServer();
    peer.canned.push({ status: 401 });
    const entry = { name: 'pacs', kind: 'stow-rs', url: peer.url, username: 'pat', passwordEnv: 'PACS_PASSWORD' };
    const destination = createDestination(entry, { ...tools, secret: (variable) => (seen.push(variable), 'secret') });

    const [outcome] = await destination.deliver([dicomPayload(1)], new AbortController().signal);

    assert.deepEqual(seen, ['PACS_PASSWORD']);
    assert.ok(outcome?.kind === 'failed' && outcome.code === 'PEER_DENIED');
    assert.doesNotMatch(JSON.stringify(outcome), /secret/);
    assert.throws(() => createDestination(entry, tools), { code: 'DESTINATION_SECRET_MISSING' });
    await destination.close();
    await peer.stop();
  });
});
