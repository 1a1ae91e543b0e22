import type { Tx } from './database.ts';

/** Rows of the index that stand for acknowledged records, by what became of them. */
export interface AccountedRows {
  readonly active: number;
  readonly duplicate: number;
  readonly superseded: number;
  readonly quarantined: number;
}

const accounted = {
  name: 'account_rows',
  text: `select count(*) filter (where state = 'active') as active, count(*) filter (where state = 'duplicate') as duplicate, count(*) filter (where state = 'superseded') as superseded,
           (select count(*) from quarantine) as quarantined from instance where origin = 'received'`,
};

export async function accountedRows(tx: Tx): Promise<AccountedRows> {
  return (await tx.query<AccountedRows>(accounted))[0]!;
}

export interface SegmentAccount {
  readonly writer: string;
  readonly segment: number;
  /** Rows that address received records of this segment before `indexed_to`. */
  readonly rows: number;
  /** Every record before this offset has its row. */
  readonly indexed_to: number;
}

const segments = {
  name: 'account_segments',
  text: `select x.writer, x.segment, x.indexed_to,
           (select count(distinct o) from (select i.record_offset as o from instance i where i.writer = x.writer and i.segment = x.segment and i.origin = 'received' and i.record_offset < x.indexed_to
              union all select q.record_offset from quarantine q where q.writer = x.writer and q.segment = x.segment and q.record_offset < x.indexed_to) r) as rows
         from segment_index x order by 1, 2`,
};

/** Per segment: how far it is indexed, and how many rows that gave. A released record has a row in both tables and counts once. */
export async function segmentAccounts(tx: Tx): Promise<SegmentAccount[]> {
  return tx.query<SegmentAccount>(segments);
}

/** Something that was acknowledged or made and that nothing takes care of. */
export interface UnaccountedRow {
  /** Study Instance UID, job key or destination. */
  readonly subject: string;
  readonly count: number;
}

/** What the configuration says of a destination. */
export interface AccountedDestination {
  readonly name: string;
  readonly mediaTypes: readonly string[];
}

const unrouted = {
  name: 'account_unrouted',
  text: `select s.study_instance_uid as subject, s.instance_count as count from study s where s.state = 'complete' and s.revision > 0
           and not exists (select 1 from hop h where h.study_instance_uid = s.study_instance_uid and h.hop = 8) limit $1`,
};
const overdue = {
  name: 'account_overdue',
  text: `select study_instance_uid as subject, instance_count as count from study where state = 'receiving' and last_received_at < $2 order by last_received_at limit $1`,
};
const withoutResults = {
  name: 'account_without_results',
  text: `select j.job_key as subject, 1 as count from inference_job j where j.state = 'done' and not exists (select 1 from result_object o where o.job_id = j.id) limit $1`,
};
const unsentResults = {
  name: 'account_unsent_results',
  text: `select j.job_key as subject, count(*) as count from inference_job j cross join unnest(j.deliver) wanted(name)
         join json_to_recordset($2::json) d(name text, "mediaTypes" json) on d.name = wanted.name
         where j.state = 'done' and exists (select 1 from result_object o where o.job_id = j.id and o.media_type in (select json_array_elements_text(d."mediaTypes")))
           and not exists (select 1 from outbox_message m where m.job_id = j.id and m.destination = wanted.name)
         group by j.job_key limit $1`,
};
const unsentOriginals = {
  name: 'account_unsent_originals',
  text: `select s.study_instance_uid as subject, count(*) as count from study s
         join lateral (select h.detail->'forward' as forward from hop h where h.study_instance_uid = s.study_instance_uid and h.hop = 8 order by h.id desc limit 1) routed on true
         cross join lateral jsonb_array_elements_text(routed.forward) wanted(name)
         join series r on r.study_id = s.id join instance i on i.series_id = r.id and i.state = 'active' and i.origin = 'received'
         where s.state = 'complete' and not exists (select 1 from outbox_message m where m.instance_id = i.id and m.destination = wanted.name)
         group by s.study_instance_uid limit $1`,
};
const lostLeases = {
  name: 'account_lost_leases',
  text: `select destination as subject, count(*) as count from outbox_message where state = 'sending' and lease_until < $2 group by destination limit $1`,
};
const goneDestinations = {
  name: 'account_gone_destinations',
  text: `select destination as subject, count(*) as count from outbox_message where state = 'pending' and not destination = any($2::text[]) group by destination limit $1`,
};

export type UnaccountedKind = 'study-not-routed' | 'study-overdue' | 'run-without-results' | 'results-not-queued' | 'originals-not-queued' | 'delivery-forgotten' | 'destination-gone';

export interface AccountQuestion {
  readonly destinations: readonly AccountedDestination[];
  /** A study that has been receiving since before then should have been found complete. */
  readonly overdueBefore: Date;
  /** A lease that ended before then should have been taken back. */
  readonly leaseBefore: Date;
  readonly limit: number;
}

/** Every row that should have a follower and has none. Empty = all that was acknowledged and made is taken care of. */
export async function unaccounted(tx: Tx, { destinations, overdueBefore, leaseBefore, limit }: AccountQuestion): Promise<(UnaccountedRow & { readonly kind: UnaccountedKind })[]> {
  const questions = [
    ['study-not-routed', unrouted, []],
    ['study-overdue', overdue, [overdueBefore]],
    ['run-without-results', withoutResults, []],
    ['results-not-queued', unsentResults, [JSON.stringify(destinations)]],
    ['originals-not-queued', unsentOriginals, []],
    ['delivery-forgotten', lostLeases, [leaseBefore]],
    ['destination-gone', goneDestinations, [destinations.map(({ name }) => name)]],
  ] as const;
  const found: (UnaccountedRow & { kind: UnaccountedKind })[] = [];
  for (const [kind, statement, values] of questions) {
    for (const row of await tx.query<UnaccountedRow>(statement, [limit, ...values])) found.push({ kind, ...row });
  }
  return found;
}
