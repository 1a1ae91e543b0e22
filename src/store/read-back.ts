import type { Tx } from './database.ts';

/** A delivery whose destination is to be asked whether it has the object. */
export interface ReadBackCandidate {
  readonly message_id: number;
  readonly study_instance_uid: string;
  readonly trace_id: string;
  readonly sop_instance_uid: string;
  readonly attempts: number;
  readonly delivered_at: Date;
}

const candidates = {
  name: 'read_back_candidates',
  text: `with oldest as (select m.study_instance_uid from outbox_message m where m.destination = $1 and m.state = 'delivered' and m.delivered_at <= $2
           and (m.proof_not_before is null or m.proof_not_before <= $3) order by m.delivered_at limit 1)
         select m.id as message_id, m.study_instance_uid, m.trace_id, coalesce(o.sop_instance_uid, i.sop_instance_uid) as sop_instance_uid, m.attempts, m.delivered_at
         from outbox_message m left join result_object o on o.id = m.result_object_id left join instance i on i.id = coalesce(m.instance_id, o.instance_id)
         where m.destination = $1 and m.state = 'delivered' and m.delivered_at <= $2 and (m.proof_not_before is null or m.proof_not_before <= $3)
           and m.study_instance_uid = (select study_instance_uid from oldest) and coalesce(o.sop_instance_uid, i.sop_instance_uid) is not null
         order by m.id limit $4`,
};

/** Deliveries of one study that were answered for before `settledBefore` and are due to be read back. */
export async function readBackCandidates(tx: Tx, destination: string, settledBefore: Date, now: Date, limit: number): Promise<ReadBackCandidate[]> {
  return tx.query<ReadBackCandidate>(candidates, [destination, settledBefore, now, limit]);
}

const prove = { name: 'read_back_prove', text: `update outbox_message set state = 'proven', proven_at = $2 where id = any($1) and state = 'delivered' returning id` };

export async function markProven(tx: Tx, ids: readonly number[], at: Date): Promise<number> {
  return (await tx.query(prove, [[...ids], at])).length;
}

const later = { name: 'read_back_later', text: `update outbox_message set proof_not_before = $2 where id = any($1) and state = 'delivered'` };

/** Not there yet, or nobody could be asked: asked again then. */
export async function askLater(tx: Tx, ids: readonly number[], notBefore: Date): Promise<void> {
  await tx.execute(later, [[...ids], notBefore]);
}

const again = {
  name: 'read_back_again',
  text: `update outbox_message set state = case when attempts >= $3 then 'dead' else 'pending' end, next_attempt_at = $2, delivered_at = null, proof_not_before = null,
           waiting_for = case when attempts >= $3 then 'the destination answered for it and does not have it, however often it was sent; a person must replay or cancel it'
                              else 'the destination answered for it and does not have it; it is sent again with the same identifiers' end,
           last_failure = '{"code":"READ_BACK_MISSING","failure":"transient","message":"the destination answered for it and does not have it","status":null}'
         where id = any($1) and state = 'delivered' returning id, state`,
};

/** The destination does not have what it answered for: sent again, or dead after `maxAttempts`. */
export async function sendAgain(tx: Tx, ids: readonly number[], at: Date, maxAttempts: number): Promise<{ readonly id: number; readonly state: string }[]> {
  return tx.query(again, [[...ids], at, maxAttempts]);
}
