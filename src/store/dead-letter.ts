import type { Tx } from './database.ts';

/** Which dead letters to act on; parts that are absent do not restrict. */
export interface DeadLetterFilter {
  readonly ids?: readonly number[];
  readonly destination?: string;
  readonly studyInstanceUid?: string;
  /** Code of the last failure. */
  readonly code?: string;
}

export interface DeadLetter {
  readonly id: number;
  readonly destination: string;
  readonly study_instance_uid: string;
  readonly attempts: number;
  readonly last_failure: { readonly code: string; readonly failure: string; readonly message: string; readonly status: string | null } | null;
  readonly waiting_for: string | null;
  readonly created_at: Date;
}

const MATCHES = `m.state = 'dead' and ($1::bigint[] is null or m.id = any($1)) and ($2::text is null or m.destination = $2)
  and ($3::text is null or m.study_instance_uid = $3) and ($4::text is null or m.last_failure->>'code' = $4)`;

function valuesOf(filter: DeadLetterFilter): unknown[] {
  return [filter.ids === undefined ? null : [...filter.ids], filter.destination ?? null, filter.studyInstanceUid ?? null, filter.code ?? null];
}

const list = {
  name: 'dead_list',
  text: `select m.id, m.destination, m.study_instance_uid, m.attempts, m.last_failure, m.waiting_for, m.created_at from outbox_message m where ${MATCHES} order by m.id limit $5`,
};

export async function deadLetters(tx: Tx, filter: DeadLetterFilter, limit: number): Promise<DeadLetter[]> {
  return tx.query<DeadLetter>(list, [...valuesOf(filter), limit]);
}

// created_at moves, so that a replayed letter has its full time again; the attempts go on counting.
const replay = {
  name: 'dead_replay',
  text: `update outbox_message m set state = 'pending', next_attempt_at = $5, created_at = $5, waiting_for = 'replayed by hand; it is its turn soon'
         where ${MATCHES} and not exists (
           select 1 from outbox_message later where later.destination = m.destination and later.ordering_key = m.ordering_key and later.id > m.id and later.state in ('delivered', 'proven'))
         returning m.id, m.destination, m.study_instance_uid`,
};

/**
 * Puts dead letters back in the queue. One that a later message of the same ordering key has overtaken stays dead: sending it now
 * would put an old revision over a newer one.
 */
export async function replayDead(tx: Tx, filter: DeadLetterFilter, at: Date): Promise<{ id: number; destination: string; study_instance_uid: string }[]> {
  return tx.query(replay, [...valuesOf(filter), at]);
}

const anyDead = { name: 'dead_any', text: `select exists(select 1 from outbox_message where destination = $1 and state = 'dead') as dead` };

export async function hasDeadLetters(tx: Tx, destination: string): Promise<boolean> {
  return (await tx.query<{ dead: boolean }>(anyDead, [destination]))[0]?.dead ?? false;
}
