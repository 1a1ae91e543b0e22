import assert from 'node:assert/strict';
import type { Destination, DestinationTools, DicomPayload, FhirPayload, Hl7Payload, Payload } from '../../src/destinations/destination.ts';
import type { DeliveryOutcome } from '../../src/domain/delivery.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { smallCt } from '../support/dimse-instance.ts';
import type { FaultMode } from '../support/fault-proxy.ts';

/** A destination with a peer behind it that the test can look into. */
export interface DestinationRig {
  readonly destination: Destination;
  /** The same number gives the same object. */
  payload(number: number): Payload;
  /** Of a type that the destination does not take; absent when it takes all. */
  foreign?(): Payload;
  /** What the peer holds, each object once: SOP Instance UIDs or names. */
  held(): Promise<readonly string[]> | readonly string[];
  nameOf(payload: Payload): string;
  /** Disturbs the way to the peer. */
  fault?(mode: FaultMode): Promise<void>;
  stop(): Promise<void>;
}

/** What every destination must do; destinations.test.ts runs it for each kind. `overNetwork`: it has a peer whose connection can fail. */
export function destinationContract(kind: string, overNetwork: boolean, build: () => Promise<DestinationRig>): void {
  suite(`destination contract: ${kind}`, () => {
    let rig: DestinationRig;
    const never = new AbortController().signal;
    const deliver = (payloads: readonly Payload[], signal = never): Promise<readonly DeliveryOutcome[]> => rig.destination.deliver(payloads, signal);

    setup(async () => {
      rig = await build();
    });

    teardown(async () => {
      await rig.destination.close();
      await rig.stop();
    });

    test('what is answered for is held by the peer', async () => {
      const outcomes = await deliver([rig.payload(1)]);

      assert.deepEqual(outcomes.map((outcome) => outcome.kind), ['delivered'], JSON.stringify(outcomes));
      assert.deepEqual(await rig.held(), [rig.nameOf(rig.payload(1))]);
    });

    test('a batch has one outcome for each object, in order', async () => {
      const payloads = [1, 2, 3].map((number) => rig.payload(number));

      const outcomes = await deliver(payloads);

      assert.deepEqual(outcomes.map((outcome) => outcome.kind), ['delivered', 'delivered', 'delivered'], JSON.stringify(outcomes));
      assert.deepEqual([...(await rig.held())].sort(), payloads.map((payload) => rig.nameOf(payload)).sort());
    });

    test('a repeat is delivered again and the peer holds it once', async () => {
      await deliver([rig.payload(1)]);

      const outcomes = await deliver([rig.payload(1)]);

      assert.deepEqual(outcomes.map((outcome) => outcome.kind), ['delivered']);
      assert.deepEqual(await rig.held(), [rig.nameOf(rig.payload(1))]);
    });

    if (!overNetwork) return;

    test('an object of a type it does not take is refused for good, the rest is delivered', async () => {
      const foreign = rig.foreign!();

      const outcomes = await deliver([rig.payload(1), foreign, rig.payload(2)]);

      assert.deepEqual(outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.failure : outcome.kind)), ['delivered', 'permanent', 'delivered']);
    });

    test('a peer that refuses the connection is a transient failure of the peer; it goes through once it is back', async () => {
      await rig.fault!('refuse');

      const outcomes = await deliver([rig.payload(1), rig.payload(2)]);
      await rig.fault!('pass');
      const later = await deliver([rig.payload(1), rig.payload(2)]);

      for (const outcome of outcomes) assert.ok(outcome.kind === 'failed' && outcome.failure === 'transient' && outcome.peerIsAtFault, JSON.stringify(outcome));
      assert.deepEqual(later.map((outcome) => outcome.kind), ['delivered', 'delivered']);
    });

    test('a connection cut after sending is ambiguous; the repeat with the same identifiers leaves one object', async () => {
      await rig.fault!('cut-answer');

      const [outcome] = await deliver([rig.payload(1)]);
      await rig.fault!('pass');
      const [later] = await deliver([rig.payload(1)]);

      assert.ok(outcome?.kind === 'failed' && outcome.failure === 'ambiguous' && outcome.peerIsAtFault, JSON.stringify(outcome));
      assert.equal(later?.kind, 'delivered');
      assert.deepEqual(await rig.held(), [rig.nameOf(rig.payload(1))]);
    });

    for (const mode of ['reset', 'half-close'] as const) {
      test(`a peer that answers with ${mode} is never taken for a success, nor for a refusal`, async () => {
        await rig.fault!(mode);

        const [outcome] = await deliver([rig.payload(1)]);

        assert.ok(outcome?.kind === 'failed' && outcome.failure !== 'permanent' && outcome.peerIsAtFault, JSON.stringify(outcome));
      });
    }

    test('an exchange that hangs ends when it is called off', async () => {
      await rig.fault!('hang');
      const caller = new AbortController();

      const delivering = deliver([rig.payload(1)], caller.signal);
      setImmediate(() => caller.abort());
      const [outcome] = await delivering;

      assert.ok(outcome?.kind === 'failed' && outcome.failure !== 'permanent', JSON.stringify(outcome));
    });

    test('no failure speaks of the patient', async () => {
      await rig.fault!('refuse');

      const text = JSON.stringify(await deliver([rig.payload(1)]));

      assert.doesNotMatch(text, /Transport|T1\b/);
    });
  });
}

export const tools: DestinationTools = {
  clock: systemClock,
  log: silentLog,
  software: 'isocenter/test',
  resolvePath: (file) => file,
  secret: () => undefined,
  dimse: { store: () => Promise.reject(new Error('no DIMSE in this test')), probe: () => Promise.reject(new Error('no DIMSE in this test')) },
};

export function dicomPayload(number: number, size = 5_000): DicomPayload {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid, bytes } = smallCt(number, size);
  return {
    mediaType: 'application/dicom', studyInstanceUid: '1.2.826.0.1.3680043.8.498.76', sopClassUid, sopInstanceUid, transferSyntaxUid, length: bytes.length,
    async *dataSet() {
      // In pieces, as a segment gives it.
      for (let at = 0; at < bytes.length; at += 1_024) yield bytes.subarray(at, at + 1_024);
    },
  };
}

export function fhirPayload(number: number): FhirPayload {
  const identifier = [{ system: 'urn:test', value: `report-${number}` }];
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: `urn:uuid:00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
        resource: { resourceType: 'Device', identifier, status: 'active' },
        request: { method: 'PUT', url: `Device?identifier=${encodeURIComponent(`urn:test|report-${number}`)}` },
      },
    ],
  };
  return { mediaType: 'application/fhir+json', studyInstanceUid: '1.2.826.0.1.3680043.8.498.76', name: `report-${number}`, bytes: Buffer.from(JSON.stringify(bundle)) };
}

export function hl7Payload(number: number): Hl7Payload {
  const message = `MSH|^~\\&|ISOCENTER|HOSP|||20260101||ORU^R01^ORU_R01|report-${number}|P|2.5.1\rPID|1||T1||Test^Transport\r`;
  return { mediaType: 'application/hl7-v2', studyInstanceUid: '1.2.826.0.1.3680043.8.498.76', name: `report-${number}`, bytes: Buffer.from(message) };
}
