import type { Tx } from './database.ts';

/** A step of the path of one image (ARCHITECTURE §4). Hops 1–5 belong to a group (association, STOW request), later ones to a study too. */
export interface Hop {
  readonly traceId: string;
  readonly studyInstanceUid: string | null;
  readonly hop: number;
  /** `file.verb`, for example `association-server.accepted`. */
  readonly event: string;
  readonly at: Date;
  /** What it happened to: a SOP Instance UID, a job key, a destination's name. */
  readonly subject?: string | undefined;
  readonly detail?: Readonly<Record<string, unknown>>;
}

const insert = {
  name: 'hop_insert',
  text: 'insert into hop (trace_id, study_instance_uid, hop, event, at, subject, detail) values ($1, $2, $3, $4, $5, $6, $7)',
};

/** Leaves the row in the transaction of its effect. */
export async function recordHop(tx: Tx, hop: Hop): Promise<void> {
  await tx.execute(insert, [hop.traceId, hop.studyInstanceUid, hop.hop, hop.event, hop.at, hop.subject ?? null, JSON.stringify(hop.detail ?? {})]);
}

const ofStudy = {
  name: 'hop_of_study',
  text: `select trace_id, study_instance_uid, hop, event, at, subject, detail from hop
         where study_instance_uid = $1 or trace_id in (select group_id from arrival_study where study_instance_uid = $1)
         order by at, hop, id`,
};

interface HopRow {
  readonly trace_id: string;
  readonly study_instance_uid: string | null;
  readonly hop: number;
  readonly event: string;
  readonly at: Date;
  readonly subject: string | null;
  readonly detail: Record<string, unknown>;
}

/**
 * Every hop of a study in order of time, those of the associations that brought it included. Intake leaves one row a batch: they come
 * as one hop a group, at the time of the first, with counts added up and the last time in its detail.
 */
export async function hopsOfStudy(tx: Tx, studyInstanceUid: string): Promise<Hop[]> {
  const rows = await tx.query<HopRow>(ofStudy, [studyInstanceUid]);
  const merged = new Map<string, Hop>();
  for (const row of rows) {
    if (row.study_instance_uid !== null && row.study_instance_uid !== studyInstanceUid) continue;
    const key = BATCHED.has(row.hop) ? `${row.hop} ${row.trace_id}` : `row ${merged.size}`;
    const first = merged.get(key);
    merged.set(key, first === undefined ? hopOf(row) : { ...first, detail: added(first.detail ?? {}, row) });
  }
  return [...merged.values()];
}

const BATCHED: ReadonlySet<number> = new Set([6, 7]);

function hopOf(row: HopRow): Hop {
  return { traceId: row.trace_id, studyInstanceUid: row.study_instance_uid, hop: row.hop, event: row.event, at: row.at, subject: row.subject ?? undefined, detail: row.detail };
}

function added(sum: Readonly<Record<string, unknown>>, row: HopRow): Record<string, unknown> {
  const total: Record<string, unknown> = { ...sum };
  for (const [name, value] of Object.entries(row.detail)) {
    total[name] = typeof value === 'number' && typeof total[name] === 'number' ? total[name] + value : value;
  }
  return { ...total, until: row.at };
}
