import { takes } from '../../destinations/registry.ts';
import type { PayloadMediaType } from '../../destinations/destination.ts';
import type { Rendition } from '../../domain/ladder.ts';
import { roleOfForm } from '../../result-objects/result-forms.ts';
import type { Tx } from '../../store/database.ts';
import type { Job } from '../../store/inference-job.ts';
import { notify } from '../../store/notify.ts';
import { insertOutboxMessage } from '../../store/outbox.ts';
import type { DestinationName } from './destination-profiles.ts';

export interface QueuedObject {
  readonly resultObjectId: number;
  readonly role: string;
  readonly mediaType: PayloadMediaType;
  /** Why it must not leave; null = it may. */
  readonly refusal: string | null;
}

export interface ChosenRendition extends Rendition {
  /** The next rung follows when this one is refused. */
  readonly stepsDown: boolean;
}

export interface QueuedRun {
  readonly job: Job;
  readonly objects: readonly QueuedObject[];
  /** Names the patient: reports reach a destination in order, so that a revision never lands before its predecessor. */
  readonly orderingKey: string;
  readonly destinations: readonly DestinationName[];
  /** What the ladder chose for each destination that takes DICOM. */
  readonly renditions: ReadonlyMap<string, ChosenRendition>;
  readonly at: Date;
}

/** One outbox row per object and destination of the job's rule that takes objects of its type, in the transaction that made the objects. */
export async function queueDeliveries(tx: Tx, { job, objects, orderingKey, destinations, renditions, at }: QueuedRun): Promise<void> {
  for (const name of job.deliver) {
    const destination = destinations.find((candidate) => candidate.name === name);
    const rendition = renditions.get(name);
    for (const object of chosenObjects(objects, rendition)) {
      if (destination !== undefined && !takes(destination.kind, object.mediaType)) continue;
      const refusal = object.refusal ?? (destination === undefined ? 'the configuration names no such destination any more' : rendition?.rung === 'none' && object.mediaType === 'application/dicom' ? rendition.why : null);
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
        rung: object.mediaType === 'application/dicom' && rendition !== undefined ? rendition : undefined,
        at,
      });
    }
    await notify(tx, 'isocenter_outbox', name);
  }
}

/** DICOM objects in the order of the ladder's choice. Where no form is taken the report stays, held, so that somebody sees it. */
function chosenObjects(objects: readonly QueuedObject[], rendition: ChosenRendition | undefined): readonly QueuedObject[] {
  const documents = objects.filter(({ mediaType }) => mediaType !== 'application/dicom');
  const dicom = objects.filter(({ mediaType }) => mediaType === 'application/dicom');
  if (rendition === undefined) return [...dicom.filter(({ role }) => role === 'segmentation' || role === 'structured-report'), ...documents];
  const forms = rendition.rung === 'none' ? (['sr3d'] as const) : rendition.forms;
  return [...forms.flatMap((form) => dicom.filter(({ role }) => role === roleOfForm[form])), ...documents];
}
