import { takes } from '../../destinations/registry.ts';
import type { PayloadMediaType } from '../../destinations/destination.ts';
import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import { derivedUid, isUid, randomUid } from '../../foundation/uid.ts';
import { resolveAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database, Tx } from '../../store/database.ts';
import { hasDeadLetters } from '../../store/dead-letter.ts';
import { notify } from '../../store/notify.ts';
import { actOnMessages, sendableObjects, type MessageAction, type MessageFilter, type TouchedMessage } from '../../store/outbox-by-hand.ts';
import { insertOutboxMessage } from '../../store/outbox.ts';
import { decideRun, insertRerun, lastRuns, type RerunJob } from '../../store/rerun.ts';
import { moveWorkitem } from '../../store/workitem.ts';
import { deadAlertKey } from './record-outcomes.ts';

/** What people do to deliveries and runs. Every act leaves an audit row under the name of who did it. */
export interface ByHandDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly destinations: readonly { readonly name: string; readonly kind: string }[];
}

export interface ByHandRequest {
  /** Who: a name; it goes into the audit log. */
  readonly actor: string;
  readonly reason: string;
}

const sentences: Readonly<Record<MessageAction, (reason: string) => string>> = {
  hold: (reason) => `held by hand: ${reason}; a person must let it go or cancel it`,
  release: () => 'let go by hand; it is its turn soon',
  cancel: (reason) => `cancelled by hand: ${reason}`,
  resend: () => 'sent again by hand; it is its turn soon',
};

/**
 * Holds, releases, cancels or resends the messages a filter names.
 * Errors: FILTER_EMPTY (permanent) — an act on everything is a mistake more often than meant.
 */
export async function actByHand(deps: ByHandDependencies, action: MessageAction, filter: MessageFilter, request: ByHandRequest): Promise<readonly TouchedMessage[]> {
  if (Object.values(filter).every((part) => part === undefined)) throw refused('FILTER_EMPTY', 'say which messages: by id, destination, study or code');
  return deps.database.transaction(async (tx) => {
    const at = new Date(deps.clock.now());
    const touched = await actOnMessages(tx, action, filter, sentences[action](request.reason), at);
    await leaveTraces(tx, `delivery.${action}`, touched, request, at);
    for (const destination of new Set(touched.map((message) => message.destination))) {
      if (!(await hasDeadLetters(tx, destination))) await resolveAlert(tx, deadAlertKey(destination), at);
    }
    return touched;
  });
}

export interface SendStudyRequest extends ByHandRequest {
  readonly studyInstanceUid: string;
  readonly destination: string;
  readonly what: 'results' | 'originals' | 'all';
}

/**
 * Sends a study to a destination, whether it went there before or not: what did is resent, what did not gets a message.
 * Errors: DESTINATION_UNKNOWN, STUDY_HAS_NOTHING (permanent).
 */
export async function sendStudy(deps: ByHandDependencies, request: SendStudyRequest): Promise<{ readonly resent: number; readonly queued: number }> {
  const destination = deps.destinations.find((known) => known.name === request.destination);
  if (destination === undefined) throw refused('DESTINATION_UNKNOWN', 'the configuration names no such destination');
  return deps.database.transaction(async (tx) => {
    const at = new Date(deps.clock.now());
    const objects = (await sendableObjects(tx, request.studyInstanceUid, destination.name, request.what)).filter((object) => takes(destination.kind, object.media_type as PayloadMediaType));
    if (objects.length === 0) throw refused('STUDY_HAS_NOTHING', 'there is nothing of this study that this destination takes');
    const known = objects.flatMap((object) => (object.message_id === null ? [] : [object.message_id]));
    const resent = known.length === 0 ? [] : await actOnMessages(tx, 'resend', { ids: known }, sentences.resend(request.reason), at);
    const queued: TouchedMessage[] = [];
    for (const object of objects.filter((candidate) => candidate.message_id === null)) {
      const id = await insertOutboxMessage(tx, {
        idempotencyKey: `by-hand/${object.purpose}/${object.object_id}/${destination.name}`, destination: destination.name, kind: destination.kind, purpose: object.purpose,
        studyInstanceUid: request.studyInstanceUid, traceId: object.trace_id ?? request.studyInstanceUid, jobId: object.job_id,
        resultObjectId: object.purpose === 'result' ? object.object_id : null, instanceId: object.purpose === 'forward' ? object.object_id : null,
        orderingKey: object.media_type === 'application/dicom' ? null : object.ordering_key, state: 'pending', waitingFor: sentences.resend(request.reason), at,
      });
      if (id !== undefined) queued.push({ id, destination: destination.name, study_instance_uid: request.studyInstanceUid });
    }
    await leaveTraces(tx, 'delivery.resend', [...resent, ...queued], request, at);
    return { resent: resent.length, queued: queued.length };
  });
}

export interface RerunRequest extends ByHandRequest {
  readonly studyInstanceUid: string;
  /** Null: every model that ran on the study. */
  readonly modelId: string | null;
}

/**
 * Runs models on a study once more, as the next revision.
 * Errors: RUN_UNKNOWN, RUN_ACTIVE (permanent).
 */
export async function rerun(deps: ByHandDependencies, request: RerunRequest): Promise<readonly RerunJob[]> {
  return deps.database.transaction(async (tx) => {
    const at = new Date(deps.clock.now());
    const runs = isUid(request.studyInstanceUid) ? await lastRuns(tx, request.studyInstanceUid, request.modelId) : [];
    if (runs.length === 0) throw refused('RUN_UNKNOWN', 'no such model ran on this study');
    const made: RerunJob[] = [];
    for (const run of runs) {
      const key = derivedUid('inference-job', 'by-hand', String(run.id), randomUid());
      const job = await insertRerun(tx, run.id, key, derivedUid('ups-workitem', key), at);
      if (job !== undefined) made.push(job);
    }
    if (made.length === 0) throw refused('RUN_ACTIVE', 'a run on this study waits or works already');
    for (const job of made) await auditRun(tx, 'job.rerun', job, request.studyInstanceUid, request, at);
    await notify(tx, 'isocenter_job', request.studyInstanceUid);
    await notify(tx, 'isocenter_page', request.studyInstanceUid);
    return made;
  });
}

/**
 * Lets a held run go, or cancels one that is not finished.
 * Errors: RUN_UNKNOWN (permanent).
 */
export async function decideHeldRun(deps: ByHandDependencies, jobId: number, decision: 'release' | 'cancel', request: ByHandRequest): Promise<RerunJob> {
  return deps.database.transaction(async (tx) => {
    const at = new Date(deps.clock.now());
    const job = await decideRun(tx, jobId, decision, at);
    if (job === undefined) throw refused('RUN_UNKNOWN', 'no run with this number is in a state that allows it');
    if (decision === 'cancel') await moveWorkitem(tx, jobId, 'CANCELED', null, {}, at);
    await resolveAlert(tx, `late-images:${job.job_key}`, at);
    await auditRun(tx, `job.${decision}`, job, job.study_instance_uid, request, at);
    await notify(tx, 'isocenter_job', job.study_instance_uid);
    await notify(tx, 'isocenter_page', job.study_instance_uid);
    return job;
  });
}

/** One audit row per destination and study: a study of 300 images is one act. */
async function leaveTraces(tx: Tx, action: string, touched: readonly TouchedMessage[], { actor, reason }: ByHandRequest, at: Date): Promise<void> {
  const groups = new Map<string, TouchedMessage[]>();
  for (const message of touched) {
    const key = `${message.destination} ${message.study_instance_uid}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [message]);
    else group.push(message);
  }
  for (const group of groups.values()) {
    const { destination, study_instance_uid: studyInstanceUid } = group[0]!;
    const detail = { destination, reason, count: group.length, messages: group.slice(0, 1_000).map((message) => message.id) };
    await recordAudit(tx, { at, actor, action, outcome: 0, objectType: 'delivery', objectId: destination, studyInstanceUid, detail });
  }
  for (const destination of new Set(touched.map((message) => message.destination))) await notify(tx, 'isocenter_outbox', destination);
  for (const study of new Set(touched.map((message) => message.study_instance_uid))) await notify(tx, 'isocenter_page', study);
}

async function auditRun(tx: Tx, action: string, job: RerunJob, studyInstanceUid: string, { actor, reason }: ByHandRequest, at: Date): Promise<void> {
  const detail = { model: job.model_id, version: job.model_version, revision: job.revision, reason };
  await recordAudit(tx, { at, actor, action, outcome: 0, objectType: 'job', objectId: job.job_key, studyInstanceUid, detail });
}

function refused(code: string, message: string): GatewayError {
  return new GatewayError(code, message, { failure: 'permanent' });
}
