import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { Metrics } from '../../src/foundation/metrics.ts';
import { explicitLittleEndian } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { InstanceIntake, type InstanceIntakeOptions } from '../../src/stages/intake/instance-intake.ts';
import type { StoreOutcome } from '../../src/stages/intake/receive-instance.ts';
import type { Database } from '../../src/store/database.ts';
import { ctImageStorage, sampleDataSet, type SampleInstance } from './instances.ts';

/** An intake with small segments in `folder`. */
export function startIntake(folder: string, database: Database, options: Partial<Omit<InstanceIntakeOptions, 'segments'>> & { readonly segments?: Partial<InstanceIntakeOptions['segments']> } = {}): Promise<InstanceIntake> {
  const { segments, ...rest } = options;
  return InstanceIntake.start({
    database, protocol: 'dimse', clock: systemClock, log: silentLog, metrics: new Metrics(), ...rest,
    segments: { folder, writer: 'intake', segmentBytes: 8 << 20, spareSegments: 0, lowBytes: 0, fullBytes: 0, ...segments },
  });
}

export function openGroup(intake: InstanceIntake, groupId: string): void {
  intake.opened({ groupId, traceId: groupId, protocol: 'dimse', callingAe: 'CT1', calledAe: 'ISOCENTER', remoteAddress: '127.0.0.1' });
}

export interface AnnouncedAs {
  readonly sop?: string;
  readonly sopClass?: string;
  readonly syntax?: string;
}

export async function send(intake: InstanceIntake, groupId: string, bytes: Buffer, announced: AnnouncedAs = {}): Promise<StoreOutcome> {
  const instance = intake.begin({ groupId, sopClassUid: announced.sopClass ?? ctImageStorage, sopInstanceUid: announced.sop ?? '2.25.100.1.1', transferSyntaxUid: announced.syntax ?? explicitLittleEndian });
  for (let at = 0; at < bytes.length; at += 16_384) await instance.write(bytes.subarray(at, at + 16_384));
  return instance.finish();
}

export function sendSample(intake: InstanceIntake, groupId: string, sample: SampleInstance & { readonly sop: string }): Promise<StoreOutcome> {
  return send(intake, groupId, sampleDataSet(sample), { sop: sample.sop });
}

/** Waits for a condition, at most ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
