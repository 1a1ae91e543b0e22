import type { DeliveryFailure } from '../../domain/delivery.ts';
import { chooseRendition, learnedProfile, type Form, type Rendition } from '../../domain/ladder.ts';
import { formOfRole, roleOfForm } from '../../result-objects/result-forms.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Tx } from '../../store/database.ts';
import { capabilitiesOf, laddered, learnCapabilities } from '../../store/destination-capability.ts';
import { jobById } from '../../store/inference-job.ts';
import { notify } from '../../store/notify.ts';
import { insertOutboxMessage, markReplaced, type AttemptEnd, type LeasedMessage, type OutboxFailure } from '../../store/outbox.ts';
import { resultsOfJob, type ResultObjectRow } from '../../store/result-object.ts';

const CLASS_REFUSED: ReadonlySet<string> = new Set(['PRESENTATION_CONTEXT_REFUSED', 'SOP_CLASS_REFUSED']);

/** Notes the SOP classes that a destination has just taken, so that no spare renditions are made for it any more. */
export async function learnTaken(tx: Tx, messageIds: readonly number[], at: Date): Promise<void> {
  const rows = await laddered(tx, messageIds);
  for (const destination of new Set(rows.map((row) => row.destination))) {
    await learnCapabilities(tx, destination, rows.filter((row) => row.destination === destination).map((row) => ({ sopClassUid: row.sop_class_uid, accepted: true })), 'answer', at);
  }
}

export interface Refusal {
  readonly message: LeasedMessage;
  readonly outcome: DeliveryFailure;
  readonly failure: OutboxFailure;
  readonly end: AttemptEnd;
  readonly owner: string;
  readonly at: Date;
}

/**
 * The destination takes no objects of this SOP class: notes it and queues the next rung of the ladder in place of the object. False when that is
 * not what happened, when the site has fixed the form, or when nothing is left to send: then the message is dead as any other.
 */
export async function stepDown(tx: Tx, refusal: Refusal): Promise<boolean> {
  const { message, outcome, at } = refusal;
  const [refused] = CLASS_REFUSED.has(outcome.code) ? await laddered(tx, [message.id]) : [];
  const job = refused === undefined || message.job_id === null ? undefined : await jobById(tx, message.job_id);
  if (refused === undefined || job === undefined) return false;
  await learnCapabilities(tx, message.destination, [{ sopClassUid: refused.sop_class_uid, accepted: false }], 'answer', at);
  const objects = await resultsOfJob(tx, job.id);
  const known = await capabilitiesOf(tx, [message.destination]);
  const next = chooseRendition(learnedProfile(known.map((row) => ({ sopClassUid: row.sop_class_uid, accepted: row.accepted }))), new Set(objects.flatMap(({ role }) => formOfRole(role) ?? [])));
  if (next.rung === 'none') return false;
  const queued: Form[] = [];
  for (const form of next.forms) if (await queue(tx, refusal, job.job_key, next, objects.find(({ role }) => role === roleOfForm[form]))) queued.push(form);
  const by = `${message.destination} ${outcome.message}; ${instead(queued, next)}`;
  if (!(await markReplaced(tx, message, refusal.owner, refusal.failure, by, refusal.end, at))) return true;
  const detail = { destination: message.destination, sopClassUid: refused.sop_class_uid, code: outcome.code, rung: next.rung, queued };
  await recordAudit(tx, { at, actor: 'delivery', action: 'delivery.stepped-down', outcome: 4, objectType: 'delivery', objectId: String(message.id), studyInstanceUid: message.study_instance_uid, detail });
  if (queued.length > 0) await notify(tx, 'isocenter_outbox', message.destination);
  return true;
}

function instead(queued: readonly Form[], next: Rendition): string {
  return queued.length > 0 ? `${queued.join(' and ')} goes out instead` : `${next.forms.join(' and ')} tells it the same`;
}

/** False: the object is on its way already. */
async function queue(tx: Tx, { message, at }: Refusal, jobKey: string, next: Rendition, object: ResultObjectRow | undefined): Promise<boolean> {
  if (object === undefined) return false;
  const id = await insertOutboxMessage(tx, {
    // The key that the result writer gives: whoever comes first queues it.
    idempotencyKey: `${jobKey}/${object.role}/${message.destination}`,
    destination: message.destination,
    kind: message.kind,
    purpose: 'result',
    studyInstanceUid: message.study_instance_uid,
    traceId: message.trace_id,
    jobId: message.job_id,
    resultObjectId: object.id,
    instanceId: null,
    orderingKey: null,
    state: 'pending',
    waitingFor: 'its turn; nothing has been sent yet',
    rung: { rung: next.rung, why: next.why, stepsDown: true },
    at,
  });
  return id !== undefined;
}
