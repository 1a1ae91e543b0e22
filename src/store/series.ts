import type { Tx } from './database.ts';
import type { SeriesHeader } from './instance-header.ts';

export interface IndexedSeries {
  readonly id: number;
  readonly study_id: number;
  readonly series_instance_uid: string;
}

export interface NewSeries extends SeriesHeader {
  readonly studyRowId: number;
  readonly origin: 'received' | 'result';
}

// A series keeps the study it came with first: the caller compares study_id.
const upsert = {
  name: 'series_upsert',
  text: `insert into series as s (study_id, series_instance_uid, modality, series_number, series_description, body_part, laterality, protocol_name, station_name, manufacturer,
           performed_start_date, performed_start_time, series_date, series_time, origin, changed_at)
         select n."studyRowId", n."seriesInstanceUid", n.modality, n."seriesNumber", n."seriesDescription", n."bodyPart", n.laterality, n."protocolName", n."stationName", n.manufacturer,
           n."performedStartDate", n."performedStartTime", n."seriesDate", n."seriesTime", n.origin, $2
         from json_to_recordset($1::json) n("studyRowId" bigint, "seriesInstanceUid" text, modality text, "seriesNumber" integer, "seriesDescription" text, "bodyPart" text, laterality text,
           "protocolName" text, "stationName" text, manufacturer text, "performedStartDate" text, "performedStartTime" text, "seriesDate" text, "seriesTime" text, origin text)
         order by n."seriesInstanceUid"
         on conflict (series_instance_uid) do update set
           modality = coalesce(s.modality, excluded.modality), series_number = coalesce(s.series_number, excluded.series_number),
           series_description = coalesce(s.series_description, excluded.series_description), body_part = coalesce(s.body_part, excluded.body_part),
           laterality = coalesce(s.laterality, excluded.laterality), protocol_name = coalesce(s.protocol_name, excluded.protocol_name),
           changed_at = excluded.changed_at
         returning s.id, s.study_id, s.series_instance_uid`,
};

/** Makes the rows that are missing; one entry per Series Instance UID. */
export async function upsertSeries(tx: Tx, series: readonly NewSeries[], at: Date): Promise<IndexedSeries[]> {
  return series.length === 0 ? [] : tx.query<IndexedSeries>(upsert, [JSON.stringify(series), at]);
}

const count = {
  name: 'series_count',
  text: `update series s set instance_count = s.instance_count + n.instances from json_to_recordset($1::json) n(id bigint, instances integer) where s.id = n.id`,
};

/** New served instances came to these series. */
export async function countInstances(tx: Tx, arrivals: readonly { readonly id: number; readonly instances: number }[]): Promise<void> {
  if (arrivals.length > 0) await tx.execute(count, [JSON.stringify(arrivals)]);
}

const lookup = { name: 'series_lookup', text: 'select id, study_id, series_instance_uid from series where series_instance_uid = any($1)' };

export async function seriesByUid(tx: Tx, seriesInstanceUids: readonly string[]): Promise<IndexedSeries[]> {
  return seriesInstanceUids.length === 0 ? [] : tx.query<IndexedSeries>(lookup, [[...seriesInstanceUids]]);
}
