import type { Tx } from './database.ts';

export interface SegmentWatermark {
  readonly segment: number;
  /** Every record before this offset has its row. */
  readonly indexedTo: number;
}

const advance = {
  name: 'segment_index_advance',
  text: `insert into segment_index as s (writer, segment, indexed_to) select $1, * from unnest($2::bigint[], $3::bigint[])
         on conflict (writer, segment) do update set indexed_to = greatest(s.indexed_to, excluded.indexed_to)`,
};

export async function advanceWatermarks(tx: Tx, writer: string, marks: readonly SegmentWatermark[]): Promise<void> {
  if (marks.length > 0) await tx.execute(advance, [writer, marks.map((mark) => mark.segment), marks.map((mark) => mark.indexedTo)]);
}

const all = { name: 'segment_index_all', text: 'select segment, indexed_to from segment_index where writer = $1' };

/** How far each segment of a writer is indexed. */
export async function watermarksOf(tx: Tx, writer: string): Promise<Map<number, number>> {
  const rows = await tx.query<{ segment: number; indexed_to: number }>(all, [writer]);
  return new Map(rows.map((row) => [row.segment, row.indexed_to]));
}
