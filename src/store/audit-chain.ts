import { createHash } from 'node:crypto';
import type { Database, Tx } from './database.ts';

/**
 * The hash chain over the audit log (ADR 0011). Events are written unchained in the transaction of their effect, so that no effect waits
 * for the log; one leader gives them sequence and hash afterwards. Changing, removing or inserting a chained row breaks the chain there.
 *
 * hash(n) = SHA-256 over the JSON array [n, occurred_at, actor, action, outcome, object type, object id, study, detail, hash(n−1)].
 */
const FIRST_PREVIOUS = '0'.repeat(64);

// Ids are given before commit: an event may become visible after later ones were chained. The leader looks back this far.
const LATE_COMMIT_WINDOW = 100_000;
const LEADER_LOCK = 7_301_001;

interface EventRow {
  readonly id: number;
  readonly occurred: string;
  readonly actor: string;
  readonly action: string;
  readonly outcome: number;
  readonly object_type: string | null;
  readonly object_id: string | null;
  readonly study_instance_uid: string | null;
  readonly detail: string;
}

const EVENT_COLUMNS = `e.id, to_char(e.occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as occurred, e.actor, e.action, e.outcome,
  e.object_type, e.object_id, e.study_instance_uid, e.detail::text as detail`;

const lock = { name: 'audit_chain_lock', text: 'select pg_try_advisory_xact_lock($1) as mine' };
const head = { name: 'audit_chain_head', text: 'select sequence, event_id, hash from audit_chain order by sequence desc limit 1' };
const unchained = {
  name: 'audit_chain_unchained',
  text: `select ${EVENT_COLUMNS} from audit_event e
         where e.id > $1 and not exists (select 1 from audit_chain c where c.event_id = e.id) order by e.id limit $2`,
};
const append = {
  name: 'audit_chain_append',
  text: `insert into audit_chain (sequence, event_id, previous_hash, hash)
         select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])`,
};

/** Chains up to `limit` events. Returns how many; 0 also when another process is the leader just now. */
export async function chainAuditEvents(database: Database, limit = 5_000): Promise<number> {
  return database.transaction(async (tx) => {
    const [leader] = await tx.query<{ mine: boolean }>(lock, [LEADER_LOCK]);
    if (leader?.mine !== true) return 0;
    const [last] = await tx.query<{ sequence: number; event_id: number; hash: string }>(head);
    const events = await tx.query<EventRow>(unchained, [(last?.event_id ?? 0) - LATE_COMMIT_WINDOW, limit]);
    let previous = last?.hash ?? FIRST_PREVIOUS;
    const first = (last?.sequence ?? 0) + 1;
    const links = events.map((event, i) => {
      const link = { sequence: first + i, eventId: event.id, previous, hash: hashOf(first + i, event, previous) };
      previous = link.hash;
      return link;
    });
    if (links.length > 0) await tx.execute(append, [links.map((l) => l.sequence), links.map((l) => l.eventId), links.map((l) => l.previous), links.map((l) => l.hash)]);
    return links.length;
  });
}

export interface ChainReport {
  readonly chained: number;
  /** Events that the leader has not reached yet: written, not yet protected. */
  readonly unchained: number;
  readonly headHash: string;
  /** The first faults found, in order; empty = the chain holds. */
  readonly faults: readonly string[];
}

const MOST_FAULTS = 20;
const page = {
  name: 'audit_chain_page',
  text: `select c.sequence, c.event_id, c.previous_hash, c.hash, ${EVENT_COLUMNS} from audit_chain c left join audit_event e on e.id = c.event_id
         where c.sequence > $1 order by c.sequence limit $2`,
};
const countUnchained = {
  name: 'audit_chain_count_unchained',
  text: 'select count(*) as n from audit_event e where not exists (select 1 from audit_chain c where c.event_id = e.id)',
};

interface LinkRow extends Omit<EventRow, 'id'> {
  readonly id: number | null;
  readonly sequence: number;
  readonly event_id: number;
  readonly previous_hash: string;
  readonly hash: string;
}

/** Recomputes the whole chain. Memory is bounded: rows are read in pages. */
export async function verifyAuditChain(tx: Tx): Promise<ChainReport> {
  const faults: string[] = [];
  let sequence = 0;
  let previous = FIRST_PREVIOUS;
  for (;;) {
    const rows = await tx.query<LinkRow>(page, [sequence, 5_000]);
    for (const row of rows) {
      if (faults.length < MOST_FAULTS) faults.push(...faultsOf(row, sequence + 1, previous));
      sequence = row.sequence;
      previous = row.hash;
    }
    if (rows.length < 5_000) break;
  }
  const [tail] = await tx.query<{ n: number }>(countUnchained);
  return { chained: sequence, unchained: tail?.n ?? 0, headHash: previous, faults: faults.slice(0, MOST_FAULTS) };
}

function faultsOf(row: LinkRow, expected: number, previous: string): string[] {
  if (row.sequence !== expected) return [`sequence ${expected} is missing (next is ${row.sequence})`];
  if (row.id === null) return [`sequence ${row.sequence}: audit event ${row.event_id} is gone`];
  if (row.previous_hash !== previous) return [`sequence ${row.sequence}: does not follow its predecessor`];
  return hashOf(row.sequence, { ...row, id: row.id }, previous) === row.hash ? [] : [`sequence ${row.sequence}: audit event ${row.event_id} was changed`];
}

function hashOf(sequence: number, event: EventRow, previous: string): string {
  const fields = [sequence, event.occurred, event.actor, event.action, event.outcome, event.object_type, event.object_id, event.study_instance_uid, event.detail, previous];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
