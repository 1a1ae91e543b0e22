import { takes } from '../../destinations/registry.ts';
import type { PayloadMediaType } from '../../destinations/destination.ts';
import type { Tx } from '../../store/database.ts';
import type { Job } from '../../store/inference-job.ts';
import { notify } from '../../store/notify.ts';
import { insertOutboxMessage } from '../../store/outbox.ts';

/** Destinations of the configuration, as far as queueing needs them. */
export interface DestinationName {
  readonly name: string;
  readonly kind: string;
}

export interface QueuedObject {
  readonly resultObjectId: number;
  readonly role: string;
  readonly mediaType: PayloadMediaType;
  /** Why it must not leave; null = it may. */
  readonly refusal: string | null;
}

export interface QueuedRun {
  readonly job: Job;
  readonly objects: readonly QueuedObject[];
  /** Names the patient: reports reach a destination in order, so that a revision never lands before its predecessor. */
  readonly orderingKey: string;
  readonly destinations: readonly DestinationName[];
  readonly at: Date;
}

/** One outbox row per object and destination of the job's rule that takes objects of its type, in the transaction that made the objects. */
export async function queueDeliveries(tx: Tx, { job, objects, orderingKey, destinations, at }: QueuedRun): Promise<void> {
  for (const name of job.deliver) {
    const destination = destinations.find((candidate) => candidate.name === name);
    for (const object of objects) {
      if (destination !== undefined && !takes(destination.kind, object.mediaType)) continue;
      const refusal = object.refusal ?? (destination === undefined ? 'the configuration names no such destination any more' : null);
      await insertOutboxMessage(tx, {
        idempotencyKey: `${job.job_key}/${object.role}/${name}`,
        destination: name,
        kind: destination?.kind ?? 'unknown',
        purpose: 'result',
        studyInstanceUid: job.study_instance_uid,
        traceId: job.trace_id,
        jobId: job.id,
        resultObjectId: object.resultObjectId,
        instanceId: null,
        orderingKey: object.mediaType === 'application/dicom' ? null : orderingKey,
        state: refusal === null ? 'pending' : 'held',
        waitingFor: refusal === null ? 'its turn; nothing has been sent yet' : `held: ${refusal}; a person must let it go or cancel it`,
        at,
      });
    }
    await notify(tx, 'isocenter_outbox', name);
  }
}
