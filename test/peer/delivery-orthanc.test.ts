import assert from 'node:assert/strict';
import { createDimseSender } from '../../src/destinations/dimse-store/dimse-peers-sender.ts';
import { createDestination } from '../../src/destinations/registry.ts';
import type { DestinationTools, Payload } from '../../src/destinations/destination.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { buildSegmentation } from '../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../src/result-objects/structured-report.ts';
import type { DataSet } from '../../src/standards/dicom/data-set.ts';
import { writeDataSet } from '../../src/standards/dicom/data-set-writer.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { dicomPayload, tools } from '../contract/destination.contract.ts';
import { startOrthanc, type Orthanc } from '../support/orthanc.ts';
import { needsPeer } from '../support/peers.ts';
import { positive, reportRequest, segmentationRequest } from '../unit/result-objects/synthetic-analysis.ts';

suite('delivery to Orthanc', () => {
  let orthanc: Orthanc | undefined;
  const never = new AbortController().signal;

  setup(async function () {
    needsPeer(this, 'Orthanc');
    orthanc = await startOrthanc();
  });

  teardown(async () => {
    await orthanc?.stop();
    orthanc = undefined;
  });

  const results = (): Payload[] => [payloadOf(buildSegmentation(segmentationRequest(positive))!), payloadOf(buildStructuredReport(reportRequest(positive)))];

  function overDimse(peer: Orthanc): DestinationTools {
    const dimse = createDimseSender({ peer: (aeTitle) => (aeTitle === peer.aeTitle ? { aeTitle, host: '127.0.0.1', port: peer.dicomPort, callingAe: 'ISOCENTER' } : undefined), clock: systemClock, log: silentLog });
    return { ...tools, dimse };
  }

  const ways = [
    { kind: 'stow-rs', create: (peer: Orthanc) => createDestination({ name: 'pacs', kind: 'stow-rs', url: peer.studies } as never, tools) },
    { kind: 'dimse-store', create: (peer: Orthanc) => createDestination({ name: 'pacs', kind: 'dimse-store', peer: peer.aeTitle } as never, overDimse(peer)) },
  ];

  for (const { kind, create } of ways) {
    test(`SR and SEG go out over ${kind}, a repeat is fine, and Orthanc holds each once`, async () => {
      const destination = create(orthanc!);

      const first = await destination.deliver(results(), never);
      const again = await destination.deliver(results(), never);

      assert.deepEqual([...first, ...again].map((outcome) => outcome.kind), ['delivered', 'delivered', 'delivered', 'delivered'], JSON.stringify([first, again]));
      const instances = (await orthanc!.get('instances?expand')) as { MainDicomTags: { SOPInstanceUID: string } }[];
      assert.deepEqual(instances.map((instance) => instance.MainDicomTags.SOPInstanceUID).sort(), results().map((payload) => (payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : '')).sort());
      await destination.close();
    });
  }

  test('a batch of 60 images arrives in requests of at most 50', async () => {
    const destination = createDestination({ name: 'pacs', kind: 'stow-rs', url: orthanc!.studies } as never, tools);
    const payloads = Array.from({ length: 60 }, (_, index) => dicomPayload(index, 30_000));

    const outcomes = [...(await destination.deliver(payloads.slice(0, destination.batchSize), never)), ...(await destination.deliver(payloads.slice(destination.batchSize), never))];

    assert.equal(outcomes.filter((outcome) => outcome.kind === 'delivered').length, 60);
    assert.equal(((await orthanc!.get('instances')) as string[]).length, 60);
    await destination.close();
  });

  test('Orthanc names what it has when it is read back, all 260 of a study over two pages, and not what was never sent', async () => {
    const destination = createDestination({ name: 'pacs', kind: 'stow-rs', url: orthanc!.studies, batchSize: 300, proof: 'read-back' } as never, tools);
    const payloads = Array.from({ length: 260 }, (_, index) => dicomPayload(index, 2_000));
    await destination.deliver(payloads, never);
    const objects = payloads.map((payload) => ({ studyInstanceUid: payload.studyInstanceUid, sopInstanceUid: payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : '' }));

    const outcomes = await destination.prove!([...objects, { studyInstanceUid: objects[0]!.studyInstanceUid, sopInstanceUid: '1.2.3.4' }, { studyInstanceUid: '1.2.3', sopInstanceUid: '1.2.3.5' }], never);

    assert.equal(outcomes.filter((outcome) => outcome === 'there').length, 260);
    assert.deepEqual(outcomes.slice(-2), ['missing', 'missing']);
    await destination.close();
  });

  test('an instance that Orthanc cannot read fails alone, the others of the request are stored', async () => {
    const destination = createDestination({ name: 'pacs', kind: 'stow-rs', url: orthanc!.studies } as never, tools);
    const good = dicomPayload(1);
    const garbage: Payload = { ...dicomPayload(2), length: 100, dataSet: () => garbageBytes() };

    const outcomes = await destination.deliver([good, garbage], never);

    assert.equal(((await orthanc!.get('instances')) as string[]).length, 1);
    assert.equal(outcomes[0]?.kind, 'delivered', JSON.stringify(outcomes));
    assert.equal(outcomes[1]?.kind, 'failed', JSON.stringify(outcomes));
    await destination.close();
  });

  test('a wrong path of the service is said as a refusal, nothing is taken for stored', async () => {
    const destination = createDestination({ name: 'pacs', kind: 'stow-rs', url: `http://127.0.0.1:${orthanc!.httpPort}/nowhere` } as never, tools);

    const [outcome] = await destination.deliver([dicomPayload(1)], never);

    assert.ok(outcome?.kind === 'failed' && outcome.failure === 'permanent', JSON.stringify(outcome));
    await destination.close();
  });
});

function payloadOf(dataSet: DataSet): Payload {
  const bytes = writeDataSet(dataSet, explicitLittleEndian);
  return {
    mediaType: 'application/dicom', studyInstanceUid: dataSet.string(tags.StudyInstanceUID)!, sopClassUid: dataSet.string(tags.SOPClassUID)!, sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!,
    transferSyntaxUid: explicitLittleEndian, length: bytes.length,
    async *dataSet() {
      yield await Promise.resolve(bytes);
    },
  };
}

async function* garbageBytes(): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(Buffer.alloc(100, 0xff));
}
