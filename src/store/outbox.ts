import type { Failure } from '../foundation/errors.ts';
import type { Tx } from './database.ts';

export type OutboxState = 'pending' | 'sending' | 'delivered' | 'proven' | 'dead' | 'held' | 'cancelled';

/** One object to one destination. */
export interface NewOutboxMessage {
  /** The same object to the same destination for the same reason has the same key. */
  readonly idempotencyKey: string;
  readonly destination: string;
  readonly kind: string;
  readonly purpose: 'result' | 'forward';
  readonly studyInstanceUid: string;
  readonly traceId: string;
  readonly jobId: number | null;
  readonly resultObjectId: number | null;
  readonly instanceId: number | null;
  /** Messages with one key leave in order. */
  readonly orderingKey: string | null;
  /** `held`: a person must let it go. */
  readonly state: 'pending' | 'held';
  readonly waitingFor: string;
  /** Results as DICOM: why this form goes to this destination. */
  readonly rung?: RungTaken | undefined;
  readonly at: Date;
}

/** The step of the ladder that a destination got. */
export interface RungTaken {
  readonly rung: string;
  readonly why: string;
  /** The next one follows when the destination refuses this. */
  readonly stepsDown: boolean;
}

const insert = {
  name: 'outbox_insert',
  text: `insert into outbox_message (idempotency_key, destination, kind, purpose, study_instance_uid, trace_id, job_id, result_object_id, instance_id,
           ordering_key, waiting_for, next_attempt_at, created_at, state, rung, rung_reason, steps_down)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $15, $16)
         on conflict (idempotency_key) do nothing returning id`,
};

/** In the transaction that made the object. The id, or undefined when the message is there already. */
export async function insertOutboxMessage(tx: Tx, message: NewOutboxMessage): Promise<number | undefined> {
  const [row] = await tx.query<{ id: number }>(insert, [
    message.idempotencyKey, message.destination, message.kind, message.purpose, message.studyInstanceUid, message.traceId, message.jobId, message.resultObjectId,
    message.instanceId, message.orderingKey, message.waitingFor, message.at, message.state, message.rung?.rung ?? null, message.rung?.why ?? null, message.rung?.stepsDown ?? false,
  ]);
  return row?.id;
}

export interface LeasedMessage {
  readonly id: number;
  readonly destination: string;
  readonly kind: string;
  readonly purpose: 'result' | 'forward';
  readonly study_instance_uid: string;
  readonly trace_id: string;
  readonly job_id: number | null;
  readonly result_object_id: number | null;
  readonly instance_id: number | null;
  /** This attempt; 1 for the first. */
  readonly attempts: number;
  readonly created_at: Date;
}

const claim = {
  name: 'outbox_claim',
  text: `with due as (
           select m.id, m.study_instance_uid from outbox_message m
           where m.destination = $1 and m.state = 'pending' and m.next_attempt_at <= $6
             and (m.ordering_key is null or not exists (
               select 1 from outbox_message e where e.destination = m.destination and e.ordering_key = m.ordering_key and e.id < m.id and e.state in ('pending', 'sending', 'held')))
           order by m.next_attempt_at, m.id limit $3 for update of m skip locked),
         taken as (
           update outbox_message m set state = 'sending', attempts = m.attempts + 1, lease_owner = $4, lease_until = $5, waiting_for = 'being sent'
           from due where m.id = due.id and due.study_instance_uid = (select study_instance_uid from due limit 1)
           returning m.id, m.destination, m.kind, m.purpose, m.study_instance_uid, m.trace_id, m.job_id, m.result_object_id, m.instance_id, m.attempts, m.created_at),
         begun as (insert into delivery_attempt (message_id, attempt, started_at) select id, attempts, $2 from taken)
         select * from taken order by id`,
};

export interface OutboxClaim {
  readonly destination: string;
  readonly owner: string;
  readonly limit: number;
  readonly leaseUntil: Date;
  /** Messages due until then; a probe takes the next one whatever its own back-off says. */
  readonly dueBy: Date;
  readonly at: Date;
}

/** Leases up to `limit` due messages of one destination, all of one study, and notes the attempt before anything is sent. */
export async function claimOutbox(tx: Tx, wanted: OutboxClaim): Promise<LeasedMessage[]> {
  return tx.query<LeasedMessage>(claim, [wanted.destination, wanted.at, wanted.limit, wanted.owner, wanted.leaseUntil, wanted.dueBy]);
}

const renew = {
  name: 'outbox_renew',
  text: `update outbox_message set lease_until = $3 where id = any($1) and lease_owner = $2 and state = 'sending' returning id`,
};

/** Heartbeat. Returns the messages that are still ours. */
export async function renewOutboxLeases(tx: Tx, ids: readonly number[], owner: string, leaseUntil: Date): Promise<number[]> {
  return (await tx.query<{ id: number }>(renew, [[...ids], owner, leaseUntil])).map((row) => row.id);
}

export interface AttemptEnd {
  readonly outcome: 'delivered' | Failure;
  readonly status: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface DeliveredMessage {
  readonly message: LeasedMessage;
  readonly proven: boolean;
  readonly end: AttemptEnd;
}

const deliver = {
  name: 'outbox_delivered',
  text: `with ends as (
           select e.id, e.attempt, e.proven, e.status, e.detail from json_to_recordset($2::json) e(id bigint, attempt integer, proven boolean, status text, detail jsonb)),
         attempts as (
           update delivery_attempt a set ended_at = $3, outcome = 'delivered', status = ends.status, detail = ends.detail
           from ends where a.message_id = ends.id and a.attempt = ends.attempt and a.ended_at is null)
         update outbox_message m set state = case when ends.proven then 'proven' else 'delivered' end, delivered_at = $3, proven_at = case when ends.proven then $3::timestamptz end,
           waiting_for = null, last_failure = null, lease_owner = null, lease_until = null
         from ends where m.id = ends.id and m.lease_owner = $1 and m.attempts = ends.attempt and m.state = 'sending' returning m.id`,
};

/**
 * The peer answered for them. Returns those that were still ours: of a message whose lease was lost the attempt keeps its outcome, and
 * a repeat with the same identifiers follows.
 */
export async function markDelivered(tx: Tx, owner: string, delivered: readonly DeliveredMessage[], at: Date): Promise<Set<number>> {
  if (delivered.length === 0) return new Set();
  const ends = delivered.map(({ message, proven, end }) => ({ id: message.id, attempt: message.attempts, proven, status: end.status, detail: end.detail }));
  return new Set((await tx.query<{ id: number }>(deliver, [owner, JSON.stringify(ends), at])).map((row) => row.id));
}

export interface OutboxFailure {
  readonly code: string;
  readonly failure: Failure;
  readonly message: string;
  readonly status: string | null;
}

const endAttempt = {
  name: 'outbox_attempt_end',
  text: 'update delivery_attempt set ended_at = $3, outcome = $4, status = $5, detail = $6 where message_id = $1 and attempt = $2 and ended_at is null',
};
const fail = {
  name: 'outbox_failed',
  text: `update outbox_message set state = $4, next_attempt_at = coalesce($5, next_attempt_at), waiting_for = $6, last_failure = $7, lease_owner = null, lease_until = null
         where id = $1 and lease_owner = $2 and attempts = $3 and state = 'sending'`,
};

/** Back to waiting until `retryAt`, or dead when that is null. False: the lease was lost. */
export async function markFailed(
  tx: Tx, message: LeasedMessage, owner: string, failure: OutboxFailure, next: { readonly retryAt: Date | null; readonly waitingFor: string }, end: AttemptEnd, at: Date,
): Promise<boolean> {
  await tx.execute(endAttempt, [message.id, message.attempts, at, end.outcome, end.status, JSON.stringify(end.detail)]);
  const state = next.retryAt === null ? 'dead' : 'pending';
  return (await tx.execute(fail, [message.id, owner, message.attempts, state, next.retryAt, next.waitingFor, JSON.stringify(failure)])) === 1;
}

const replace = {
  name: 'outbox_replaced',
  text: `update outbox_message set state = 'cancelled', waiting_for = $4, last_failure = $5, lease_owner = null, lease_until = null
         where id = $1 and lease_owner = $2 and attempts = $3 and state = 'sending'`,
};

/** The destination does not take this form and has got another. False: the lease was lost. */
export async function markReplaced(tx: Tx, message: LeasedMessage, owner: string, failure: OutboxFailure, by: string, end: AttemptEnd, at: Date): Promise<boolean> {
  await tx.execute(endAttempt, [message.id, message.attempts, at, end.outcome, end.status, JSON.stringify(end.detail)]);
  return (await tx.execute(replace, [message.id, owner, message.attempts, by, JSON.stringify(failure)])) === 1;
}

const giveBack = {
  name: 'outbox_take_back',
  text: `with lost as (
           update outbox_message set state = 'pending', next_attempt_at = $2, lease_owner = null, lease_until = null, waiting_for = 'the process that was sending it is gone; it is sent again with the same identifiers'
           where state = 'sending' and (lease_until < $2 or lease_owner = $1) returning id, attempts, destination),
         ended as (update delivery_attempt a set ended_at = $2, outcome = 'ambiguous', detail = '{"code":"SENDER_LOST"}' from lost where a.message_id = lost.id and a.attempt = lost.attempts and a.ended_at is null)
         select id, destination from lost`,
};

/** Puts back messages whose lease has ended; with `owner`, also those it held before it was restarted. */
export async function takeBackOutbox(tx: Tx, owner: string | null, at: Date): Promise<{ id: number; destination: string }[]> {
  return tx.query(giveBack, [owner, at]);
}

const explainAll = { name: 'outbox_explain_all', text: `update outbox_message set waiting_for = $2 where destination = $1 and state = 'pending'` };

/** Says on every waiting message of a destination why nothing is sent to it. */
export async function explainWaiting(tx: Tx, destination: string, waitingFor: string): Promise<void> {
  await tx.execute(explainAll, [destination, waitingFor]);
}

const explainNext = {
  name: 'outbox_explain_next',
  text: `update outbox_message set waiting_for = $2
         where id in (select id from outbox_message where destination = $1 and state = 'pending' order by next_attempt_at, id limit 500)`,
};

/** The same for those that are next: what changes with each probe is not worth rewriting a queue of thousands. */
export async function explainNextWaiting(tx: Tx, destination: string, waitingFor: string): Promise<void> {
  await tx.execute(explainNext, [destination, waitingFor]);
}

const hurry = {
  name: 'outbox_hurry',
  text: `update outbox_message set next_attempt_at = $2, waiting_for = 'the destination answers again; it is its turn soon' where destination = $1 and state = 'pending' and next_attempt_at > $2`,
};

/** The destination answers again: what waited out a back-off is due now. */
export async function hurryOutbox(tx: Tx, destination: string, at: Date): Promise<void> {
  await tx.execute(hurry, [destination, at]);
}

const nextDue = {
  name: 'outbox_next_due',
  text: `select min(next_attempt_at) as at from outbox_message where destination = $1 and state = 'pending'`,
};

/** When the next message of a destination is due; undefined when none waits. */
export async function nextDueAt(tx: Tx, destination: string): Promise<Date | undefined> {
  const [row] = await tx.query<{ at: Date | null }>(nextDue, [destination]);
  return row?.at ?? undefined;
}

export interface WaitingCount {
  readonly destination: string;
  readonly state: OutboxState;
  readonly count: number;
  readonly oldest_at: Date;
}

const unfinished = {
  name: 'outbox_unfinished',
  text: `select destination, state, count(*) as count, min(created_at) as oldest_at from outbox_message
         where state in ('pending', 'sending', 'held', 'dead') group by destination, state order by destination, state`,
};

/** What is not delivered, per destination and state. */
export async function unfinishedDeliveries(tx: Tx): Promise<WaitingCount[]> {
  return tx.query<WaitingCount>(unfinished);
}
