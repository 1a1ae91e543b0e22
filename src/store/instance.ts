import type { Tx } from './database.ts';

/** The served copy of a SOP Instance: what a newcomer with its UID is compared with. */
export interface ActiveInstance {
  readonly series_id: number;
  readonly sop_instance_uid: string;
  readonly data_length: number;
  readonly crc32: number;
}

const active = { name: 'instance_active', text: `select series_id, sop_instance_uid, data_length, crc32 from instance where sop_instance_uid = any($1) and state = 'active'` };

export async function activeInstances(tx: Tx, sopInstanceUids: readonly string[]): Promise<ActiveInstance[]> {
  return sopInstanceUids.length === 0 ? [] : tx.query<ActiveInstance>(active, [[...sopInstanceUids]]);
}

const ofSeries = {
  name: 'instance_contents_of_series',
  text: `select i.sop_instance_uid, i.data_length, i.crc32 from instance i join series r on r.id = i.series_id where r.series_instance_uid = $1 and i.state = 'active' limit $2`,
};

/** Length and checksum of what a series holds, so that another content under a known UID is seen before the answer. */
export async function contentsOfSeries(tx: Tx, seriesInstanceUid: string, limit: number): Promise<Pick<ActiveInstance, 'sop_instance_uid' | 'data_length' | 'crc32'>[]> {
  return tx.query(ofSeries, [seriesInstanceUid, limit]);
}

export interface NewInstance {
  readonly seriesRowId: number;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly instanceNumber: number | null;
  readonly rows: number | null;
  readonly columns: number | null;
  readonly bitsAllocated: number | null;
  readonly numberOfFrames: number | null;
  readonly writer: string;
  readonly segment: number;
  readonly recordOffset: number;
  readonly dataOffset: number;
  readonly dataLength: number;
  readonly headerLength: number;
  readonly crc32: number;
  readonly state: 'active' | 'duplicate';
  readonly origin: 'received' | 'result';
  readonly groupId: string | null;
  readonly receivedAt: Date;
}

const insert = {
  name: 'instance_insert',
  text: `insert into instance (series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, rows, columns, bits_allocated, number_of_frames,
           writer, segment, record_offset, data_offset, data_length, header_length, crc32, state, origin, group_id, received_at)
         select n."seriesRowId", n."sopInstanceUid", n."sopClassUid", n."transferSyntaxUid", n."instanceNumber", n.rows, n.columns, n."bitsAllocated", n."numberOfFrames",
           n.writer, n.segment, n."recordOffset", n."dataOffset", n."dataLength", n."headerLength", n.crc32, n.state, n.origin, n."groupId", n."receivedAt"
         from json_to_recordset($1::json) n("seriesRowId" bigint, "sopInstanceUid" text, "sopClassUid" text, "transferSyntaxUid" text, "instanceNumber" integer, rows integer, columns integer,
           "bitsAllocated" integer, "numberOfFrames" integer, writer text, segment bigint, "recordOffset" bigint, "dataOffset" bigint, "dataLength" bigint, "headerLength" bigint, crc32 bigint,
           state text, origin text, "groupId" text, "receivedAt" timestamptz)
         on conflict (writer, segment, record_offset) do nothing
         returning id`,
};

/** Row ids in the order given. A UniqueViolation (another writer stored the same UID meanwhile) fails the transaction: repeat it. */
export async function insertInstances(tx: Tx, instances: readonly NewInstance[]): Promise<number[]> {
  if (instances.length === 0) return [];
  return (await tx.query<{ id: number }>(insert, [JSON.stringify(instances)])).map((row) => row.id);
}

const known = {
  name: 'instance_known_records',
  text: `select segment, record_offset from instance where writer = $1 and (segment, record_offset) in (select * from unnest($2::bigint[], $3::bigint[]))
         union all select segment, record_offset from quarantine where writer = $1 and (segment, record_offset) in (select * from unnest($2::bigint[], $3::bigint[]))`,
};

/** Which of these records have a row already (as instance or in quarantine), as `segment/offset`. */
export async function recordsWithRow(tx: Tx, writer: string, records: readonly { readonly segment: number; readonly offset: number }[]): Promise<Set<string>> {
  if (records.length === 0) return new Set();
  const rows = await tx.query<{ segment: number; record_offset: number }>(known, [writer, records.map((record) => record.segment), records.map((record) => record.offset)]);
  return new Set(rows.map((row) => `${row.segment}/${row.record_offset}`));
}

const supersede = { name: 'instance_supersede', text: `update instance set state = 'superseded' where sop_instance_uid = $1 and state = 'active' returning series_id` };

/** The served copy of a UID steps back for another content that a person released. Its series; undefined when none was served. */
export async function supersedeActive(tx: Tx, sopInstanceUid: string): Promise<number | undefined> {
  return (await tx.query<{ series_id: number }>(supersede, [sopInstanceUid]))[0]?.series_id;
}
