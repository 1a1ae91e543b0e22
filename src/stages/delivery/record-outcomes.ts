import { waitingSentence, type DeliveryFailure, type DeliveryOutcome, type DeliverySuccess } from '../../domain/delivery.ts';
import { decideRetry, type RetryPolicy } from '../../domain/retry.ts';
import { raiseAlert, resolveAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Tx } from '../../store/database.ts';
import { hasDeadLetters } from '../../store/dead-letter.ts';
import { recordHop } from '../../store/hop.ts';
import { notify } from '../../store/notify.ts';
import { markDelivered, markFailed, type LeasedMessage } from '../../store/outbox.ts';
import { learnTaken, stepDown } from './step-down.ts';

export interface Recording {
  readonly owner: string;
  readonly policy: RetryPolicy;
  /** In [0, 1). */
  readonly random: () => number;
  readonly at: Date;
  /** We are stopping: what we cut off ourselves is due again at once. */
  readonly stopping: boolean;
}

export interface Delivered {
  readonly message: LeasedMessage;
  readonly outcome: DeliveryOutcome;
  /** SOP Instance UID or name, and media type; for hops and audit. */
  readonly subject: string;
  readonly mediaType: string;
}

/** Writes what became of a batch: message, attempt, hop, audit and alert rows, all in `tx`. */
export async function recordOutcomes(tx: Tx, batch: readonly Delivered[], recording: Recording): Promise<void> {
  await recordSuccesses(tx, batch.filter((delivered): delivered is Succeeded => delivered.outcome.kind === 'delivered'), recording);
  for (const delivered of batch) {
    if (delivered.outcome.kind === 'failed') await recordFailure(tx, delivered, delivered.outcome, recording);
  }
  for (const study of new Set(batch.map((delivered) => delivered.message.study_instance_uid))) await notify(tx, 'isocenter_page', study);
}

interface Succeeded extends Delivered {
  readonly outcome: DeliverySuccess;
}

/** One hop and one audit row for what went out together: a study of 300 slices is one line of its trace, not 300. */
async function recordSuccesses(tx: Tx, batch: readonly Succeeded[], { owner, at }: Recording): Promise<void> {
  const ends = batch.map(({ message, outcome }) => ({
    message,
    proven: outcome.proven,
    end: { outcome: 'delivered' as const, status: outcome.status, detail: { ...outcome.detail, ...(outcome.alreadyThere === true ? { alreadyThere: true } : {}) } },
  }));
  const ours = await markDelivered(tx, owner, ends, at);
  await learnTaken(tx, [...ours], at);
  for (const group of together(batch.filter(({ message }) => ours.has(message.id)))) {
    const [{ message, mediaType, outcome }] = group;
    const attempts = Math.max(...group.map((delivered) => delivered.message.attempts));
    const facts = { destination: message.destination, purpose: message.purpose, count: group.length, objects: group.slice(0, 1_000).map(({ subject }) => subject), status: outcome.status, attempts, proven: group.every((one) => one.outcome.proven) };
    await recordHop(tx, { traceId: message.trace_id, studyInstanceUid: message.study_instance_uid, hop: hopOf(mediaType), event: 'destination-loop.delivered', at, subject: message.destination, detail: facts });
    await audit(tx, message, 'delivery.delivered', 0, facts, at);
    if (attempts > 1 && !(await hasDeadLetters(tx, message.destination))) await resolveAlert(tx, deadAlertKey(message.destination), at);
  }
}

/** By study, run and type, in the order of the batch. */
function together(batch: readonly Succeeded[]): (readonly [Succeeded, ...Succeeded[]])[] {
  const groups = new Map<string, [Succeeded, ...Succeeded[]]>();
  for (const delivered of batch) {
    const { message, mediaType } = delivered;
    const key = [message.study_instance_uid, message.trace_id, message.purpose, mediaType].join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [delivered]);
    else group.push(delivered);
  }
  return [...groups.values()];
}

async function recordFailure(tx: Tx, { message, subject, mediaType }: Delivered, outcome: DeliveryFailure, recording: Recording): Promise<void> {
  const { owner, at } = recording;
  const cutOff = recording.stopping && outcome.failure !== 'permanent';
  const decision = cutOff
    ? { kind: 'retry' as const, at: at.getTime() }
    : decideRetry({ failure: outcome.failure, attempt: message.attempts, createdAt: message.created_at.getTime(), retryAfterMs: outcome.retryAfterMs }, at.getTime(), recording.random(), recording.policy);
  const failure = { code: outcome.code, failure: outcome.failure, message: outcome.message, status: outcome.status ?? null };
  const end = { outcome: outcome.failure, status: outcome.status ?? null, detail: { ...outcome.detail, code: outcome.code, message: outcome.message } };
  const facts = { destination: message.destination, object: subject, code: outcome.code, status: outcome.status ?? null, attempt: message.attempts };
  if (decision.kind === 'retry') {
    const until = new Date(decision.at);
    const waitingFor = cutOff ? 'the gateway stopped while it was being sent; it is sent again with the same identifiers' : waitingSentence({ destination: message.destination, message: outcome.message, attempt: message.attempts, until });
    const ours = await markFailed(tx, message, owner, failure, { retryAt: until, waitingFor }, end, at);
    // What never left the house discloses nothing; what may have left does.
    if (ours && outcome.failure === 'ambiguous') await audit(tx, message, 'delivery.unanswered', 4, facts, at);
    return;
  }
  if (await stepDown(tx, { message, outcome, failure, end, owner, at })) return;
  const waitingFor = `${message.destination}: ${outcome.message}; ${decision.why === 'too-old' ? 'given up after the longest wait' : 'repeating it cannot help'}, a person must replay or cancel it`;
  if (!(await markFailed(tx, message, owner, failure, { retryAt: null, waitingFor }, end, at))) return;
  await recordHop(tx, { traceId: message.trace_id, studyInstanceUid: message.study_instance_uid, hop: hopOf(mediaType), event: 'destination-loop.dead', at, subject: message.destination, detail: facts });
  await audit(tx, message, 'delivery.dead', 8, facts, at);
  await raiseAlert(tx, {
    kind: 'DELIVERY_DEAD',
    severity: 'critical',
    dedupeKey: deadAlertKey(message.destination),
    studyInstanceUid: message.study_instance_uid,
    message: `an object could not be delivered: ${message.destination} ${outcome.message}`,
    advice: `Look at the delivery's last answer, mend the cause (${outcome.code}), then replay the dead letters of ${message.destination}.`,
    detail: { messageId: message.id, ...facts },
    at,
  });
}

export function deadAlertKey(destination: string): string {
  return `delivery-dead:${destination}`;
}

async function audit(tx: Tx, message: LeasedMessage, action: string, outcome: 0 | 4 | 8, detail: Readonly<Record<string, unknown>>, at: Date): Promise<void> {
  await recordAudit(tx, { at, actor: 'delivery', action, outcome, objectType: 'delivery', objectId: String(message.id), studyInstanceUid: message.study_instance_uid, detail });
}

/** ARCHITECTURE §4: hop 12 goes to a PACS, hop 13 to an EHR. */
function hopOf(mediaType: string): 12 | 13 {
  return mediaType === 'application/dicom' ? 12 : 13;
}
