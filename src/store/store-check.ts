import type { Tx } from './database.ts';

/** What a row of the index says about a record. */
export interface RecordRow {
  readonly writer: string;
  readonly segment: number;
  readonly record_offset: number;
  readonly data_length: number;
  readonly crc32: number;
}

const rows = {
  name: 'store_check_rows',
  text: `select writer, segment, record_offset, data_length, crc32 from instance where writer = $1 and segment = $2
         union all
         select writer, segment, record_offset, data_length, crc32 from quarantine where writer = $1 and segment = $2`,
};

/** Rows that address records of one segment. */
export async function rowsOfSegment(tx: Tx, writer: string, segment: number): Promise<RecordRow[]> {
  return tx.query<RecordRow>(rows, [writer, segment]);
}

const segments = {
  name: 'store_check_segments',
  text: `select writer, segment, sum(n)::bigint as rows from (
           select writer, segment, count(*) as n from instance group by 1, 2 union all select writer, segment, count(*) from quarantine group by 1, 2) s
         group by 1, 2 order by 1, 2`,
};

/** Segments that rows address, with the number of rows. */
export async function addressedSegments(tx: Tx): Promise<{ writer: string; segment: number; rows: number }[]> {
  return tx.query(segments, []);
}
