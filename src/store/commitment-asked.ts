import type { Tx } from './database.ts';

/** A delivery the peer answered for and has not committed yet. */
export interface UnprovenDelivery {
  readonly message_id: number;
  readonly destination: string;
  readonly sop_class_uid: string;
  readonly sop_instance_uid: string;
}

const unproven = {
  name: 'commitment_unproven',
  text: `select m.id as message_id, m.destination, coalesce(o.sop_class_uid, i.sop_class_uid) as sop_class_uid, coalesce(o.sop_instance_uid, i.sop_instance_uid) as sop_instance_uid
         from outbox_message m left join result_object o on o.id = m.result_object_id left join instance i on i.id = coalesce(m.instance_id, o.instance_id)
         where m.destination = $1 and m.state = 'delivered' and m.kind = 'dimse-store' and coalesce(o.sop_instance_uid, i.sop_instance_uid) is not null
           and not exists (select 1 from commitment_asked_object c join commitment_asked a using (transaction_uid) where c.message_id = m.id and a.state = 'asked')
         order by m.delivered_at, m.id limit $2`,
};

/** Deliveries to a destination that nobody is asked to commit at present. */
export async function unprovenDeliveries(tx: Tx, destination: string, limit: number): Promise<UnprovenDelivery[]> {
  return tx.query<UnprovenDelivery>(unproven, [destination, limit]);
}

const insert = { name: 'commitment_asked_insert', text: 'insert into commitment_asked (transaction_uid, destination, peer, asked_at, expires_at) values ($1, $2, $3, $4, $5)' };
const insertObjects = {
  name: 'commitment_asked_objects',
  text: `insert into commitment_asked_object (transaction_uid, message_id, sop_class_uid, sop_instance_uid)
         select $1, o.message_id, o.sop_class_uid, o.sop_instance_uid from json_to_recordset($2::json) o(message_id bigint, sop_class_uid text, sop_instance_uid text)`,
};

export interface NewCommitmentAsked {
  readonly transactionUid: string;
  readonly destination: string;
  readonly peer: string;
  readonly deliveries: readonly UnprovenDelivery[];
  readonly at: Date;
  readonly expiresAt: Date;
}

/** Before the peer is asked: its answer may come faster than anything. */
export async function insertCommitmentAsked(tx: Tx, asked: NewCommitmentAsked): Promise<void> {
  await tx.execute(insert, [asked.transactionUid, asked.destination, asked.peer, asked.at, asked.expiresAt]);
  await tx.execute(insertObjects, [asked.transactionUid, JSON.stringify(asked.deliveries)]);
}

const close = { name: 'commitment_asked_close', text: `update commitment_asked set state = $2, answered_at = $3, detail = $4 where transaction_uid = $1 and state = 'asked' returning destination, peer` };
const lookUp = { name: 'commitment_asked_look_up', text: 'select state, destination, peer from commitment_asked where transaction_uid = $1' };

/** The peer would not take the request. */
export async function refuseCommitmentAsked(tx: Tx, transactionUid: string, code: string, at: Date): Promise<void> {
  await tx.execute(close, [transactionUid, 'refused', at, JSON.stringify({ code })]);
}

const expire = { name: 'commitment_asked_expire', text: `update commitment_asked set state = 'expired' where state = 'asked' and expires_at <= $1 returning transaction_uid, destination, peer` };

/** Transactions whose result never came; what they asked for is unproven again. */
export async function expireCommitmentsAsked(tx: Tx, now: Date): Promise<{ readonly transaction_uid: string; readonly destination: string; readonly peer: string }[]> {
  return tx.query(expire, [now]);
}

const prove = {
  name: 'commitment_asked_prove',
  text: `update outbox_message m set state = 'proven', proven_at = $3 from commitment_asked_object c
         where c.transaction_uid = $1 and c.message_id = m.id and m.state = 'delivered' and c.sop_instance_uid = any($2::text[]) returning m.id, m.study_instance_uid, m.trace_id`,
};
const fail = {
  name: 'commitment_asked_fail',
  text: `with reasons as (select * from json_to_recordset($2::json) r(uid text, reason integer)),
         noted as (update commitment_asked_object c set failure_reason = reasons.reason from reasons where c.transaction_uid = $1 and c.sop_instance_uid = reasons.uid returning c.message_id)
         update outbox_message m set state = case when m.attempts >= $4 then 'dead' else 'pending' end, next_attempt_at = $3,
           waiting_for = 'the peer did not commit it; it is sent again with the same identifiers',
           last_failure = '{"code":"COMMITMENT_FAILED","failure":"transient","message":"the peer did not commit it","status":null}'
         from noted where m.id = noted.message_id and m.state = 'delivered' returning m.id, m.state, m.study_instance_uid, m.trace_id`,
};

export interface ProvenMessage {
  readonly id: number;
  readonly study_instance_uid: string;
  readonly trace_id: string;
}

export interface CommitmentAnswer {
  readonly transactionUid: string;
  readonly committed: readonly string[];
  readonly failed: readonly { readonly uid: string; readonly reason: number }[];
  readonly at: Date;
  /** When what failed is sent again. */
  readonly retryAt: Date;
  readonly maxAttempts: number;
}

export interface CommitmentAnswered {
  readonly kind: 'answered' | 'repeated' | 'unknown';
  readonly destination: string;
  readonly peer: string;
  readonly proven: readonly ProvenMessage[];
  readonly failed: readonly (ProvenMessage & { readonly state: 'pending' | 'dead' })[];
}

/** The result of a transaction came: what is committed is proven, what is not is sent again. A result that expired meanwhile counts too. */
export async function answerCommitmentAsked(tx: Tx, answer: CommitmentAnswer): Promise<CommitmentAnswered> {
  const { transactionUid, committed, failed, at, retryAt, maxAttempts } = answer;
  const [known] = await tx.query<{ state: string; destination: string; peer: string }>(lookUp, [transactionUid]);
  if (known === undefined) return { kind: 'unknown', destination: '', peer: '', proven: [], failed: [] };
  const who = { destination: known.destination, peer: known.peer };
  if (known.state === 'answered') return { kind: 'repeated', ...who, proven: [], failed: [] };
  await tx.execute(close, [transactionUid, 'answered', at, JSON.stringify({ committed: committed.length, failed: failed.length })]);
  const proven = await tx.query<ProvenMessage>(prove, [transactionUid, [...committed], at]);
  const again = failed.length === 0 ? [] : await tx.query<ProvenMessage & { state: 'pending' | 'dead' }>(fail, [transactionUid, JSON.stringify(failed), retryAt, maxAttempts]);
  return { kind: 'answered', ...who, proven, failed: again };
}
