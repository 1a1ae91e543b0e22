import type { Tx } from './database.ts';

/** What the index says of one record of a segment. */
export interface RecordRow {
  readonly kind: 'instance' | 'quarantine';
  readonly id: number;
  readonly record_offset: number;
  readonly data_offset: number;
  readonly data_length: number;
  readonly crc32: number;
  readonly sop_instance_uid: string | null;
}

const ofSegment = {
  name: 'record_rows_of_segment',
  text: `select 'instance' as kind, id, record_offset, data_offset, data_length, crc32, sop_instance_uid from instance where writer = $1 and segment = $2
         union all select 'quarantine', id, record_offset, data_offset, data_length, crc32, sop_instance_uid from quarantine where writer = $1 and segment = $2`,
};

export async function recordRowsOf(tx: Tx, writer: string, segment: number): Promise<RecordRow[]> {
  return tx.query<RecordRow>(ofSegment, [writer, segment]);
}

const segments = {
  name: 'record_rows_segments',
  text: 'select distinct writer, segment from instance union select distinct writer, segment from quarantine order by 1, 2',
};

/** Every segment that some row points into. */
export async function segmentsWithRows(tx: Tx): Promise<{ writer: string; segment: number }[]> {
  return tx.query(segments);
}

const miscountedStudies = {
  name: 'record_rows_miscounted_studies',
  text: `select s.id, s.study_instance_uid as uid, count(i.id)::int as counted from study s left join series r on r.study_id = s.id and r.origin = 'received'
         left join instance i on i.series_id = r.id and i.state = 'active' and i.origin = 'received' group by s.id having s.instance_count <> count(i.id)`,
};
const miscountedSeries = {
  name: 'record_rows_miscounted_series',
  text: `select r.id, r.series_instance_uid as uid, count(i.id)::int as counted from series r left join instance i on i.series_id = r.id and i.state = 'active'
         group by r.id having r.instance_count <> count(i.id)`,
};

export interface Miscount {
  readonly id: number;
  readonly uid: string;
  readonly counted: number;
}

/** Studies and series whose instance_count is not the number of their served instances. */
export async function miscounts(tx: Tx): Promise<{ readonly studies: Miscount[]; readonly series: Miscount[] }> {
  return { studies: await tx.query<Miscount>(miscountedStudies), series: await tx.query<Miscount>(miscountedSeries) };
}

const recountStudy = { name: 'record_rows_recount_study', text: 'update study set instance_count = $2 where id = $1' };
const recountSeries = { name: 'record_rows_recount_series', text: 'update series set instance_count = $2 where id = $1' };

export async function recount(tx: Tx, table: 'study' | 'series', miscount: Miscount): Promise<void> {
  await tx.execute(table === 'study' ? recountStudy : recountSeries, [miscount.id, miscount.counted]);
}

const correctInstance = { name: 'record_rows_correct_instance', text: 'update instance set data_offset = $2, data_length = $3, crc32 = $4, sha256 = null where id = $1' };
const correctQuarantine = { name: 'record_rows_correct_quarantine', text: 'update quarantine set data_offset = $2, data_length = $3, crc32 = $4 where id = $1' };

/** Makes a row say what its record says. */
export async function correctRow(tx: Tx, row: RecordRow, record: { readonly dataOffset: number; readonly dataLength: number; readonly crc32: number }): Promise<void> {
  await tx.execute(row.kind === 'instance' ? correctInstance : correctQuarantine, [row.id, record.dataOffset, record.dataLength, record.crc32]);
}
