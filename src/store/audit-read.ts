import type { Tx } from './database.ts';

export interface AuditEventRow {
  readonly id: number;
  readonly occurred_at: Date;
  readonly actor: string;
  readonly action: string;
  readonly outcome: 0 | 4 | 8 | 12;
  readonly object_type: string | null;
  readonly object_id: string | null;
  readonly study_instance_uid: string | null;
  /** Place in the hash chain; null = not chained yet. */
  readonly sequence: number | null;
  readonly hash: string | null;
}

/** Parts that are absent do not restrict. */
export interface AuditSearch {
  readonly from?: Date;
  /** Exclusive. */
  readonly to?: Date;
  readonly studyInstanceUid?: string;
  readonly action?: string;
  readonly actor?: string;
  readonly limit: number;
  readonly offset: number;
}

const COLUMNS = 'e.id, e.occurred_at, e.actor, e.action, e.outcome, e.object_type, e.object_id, e.study_instance_uid, c.sequence, c.hash';
const WHERE = `($1::timestamptz is null or e.occurred_at >= $1) and ($2::timestamptz is null or e.occurred_at < $2) and ($3::text is null or e.study_instance_uid = $3)
  and ($4::text is null or e.action = $4) and ($5::text is null or e.actor = $5)`;
const search = {
  name: 'audit_read_search',
  text: `select ${COLUMNS}, count(*) over () as total from audit_event e left join audit_chain c on c.event_id = e.id where ${WHERE} order by e.id desc limit $6 offset $7`,
};
const byId = { name: 'audit_read_by_id', text: `select ${COLUMNS} from audit_event e left join audit_chain c on c.event_id = e.id where e.id = $1` };

/** One page, newest first. `total` is 0 on a page beyond the last. */
export async function searchAuditEvents(tx: Tx, { from, to, studyInstanceUid, action, actor, limit, offset }: AuditSearch): Promise<{ rows: AuditEventRow[]; total: number }> {
  const rows = await tx.query<AuditEventRow & { total: number }>(search, [from ?? null, to ?? null, studyInstanceUid ?? null, action ?? null, actor ?? null, limit, offset]);
  return { rows, total: rows[0]?.total ?? 0 };
}

export async function auditEventById(tx: Tx, id: number): Promise<AuditEventRow | undefined> {
  return (await tx.query<AuditEventRow>(byId, [id]))[0];
}
