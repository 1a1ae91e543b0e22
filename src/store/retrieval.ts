import type { Tx } from './database.ts';

/** What a retrieve asks for: a study, one of its series, or one instance. */
export interface RetrieveScope {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid?: string | undefined;
  readonly sopInstanceUid?: string | undefined;
}

/** One served instance, results of ours included. */
export interface ServedInstance {
  readonly id: number;
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly transfer_syntax_uid: string;
  readonly number_of_frames: number | null;
  readonly writer: string;
  readonly segment: number;
  readonly data_offset: number;
  readonly data_length: number;
  readonly header_length: number;
  readonly crc32: number;
  readonly changed_at: Date;
}

const COLUMNS = `i.id, s.study_instance_uid, r.series_instance_uid, i.sop_instance_uid, i.sop_class_uid, i.transfer_syntax_uid, i.number_of_frames,
  i.writer, i.segment, i.data_offset, i.data_length, i.header_length, i.crc32, r.changed_at`;
const JOINED = `from instance i join series r on r.id = i.series_id join study s on s.id = r.study_id where i.state = 'active' and s.study_instance_uid = $1`;
const ORDER = 'order by r.series_number, r.id, i.instance_number, i.id';

const ofStudy = { name: 'retrieval_study', text: `select ${COLUMNS} ${JOINED} ${ORDER}` };
const ofSeries = { name: 'retrieval_series', text: `select ${COLUMNS} ${JOINED} and r.series_instance_uid = $2 ${ORDER}` };
const ofInstance = { name: 'retrieval_instance', text: `select ${COLUMNS} ${JOINED} and r.series_instance_uid = $2 and i.sop_instance_uid = $3` };

/** The served instances of a scope by series and instance number; none when it is unknown. */
export async function servedInstances(tx: Tx, scope: RetrieveScope): Promise<ServedInstance[]> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = scope;
  if (seriesInstanceUid === undefined) return tx.query<ServedInstance>(ofStudy, [studyInstanceUid]);
  if (sopInstanceUid === undefined) return tx.query<ServedInstance>(ofSeries, [studyInstanceUid, seriesInstanceUid]);
  return tx.query<ServedInstance>(ofInstance, [studyInstanceUid, seriesInstanceUid, sopInstanceUid]);
}

const version = {
  name: 'retrieval_version',
  text: `select r.id, r.changed_at, r.instance_count from series r join study s on s.id = r.study_id where s.study_instance_uid = $1 and r.series_instance_uid = $2 and r.instance_count > 0`,
};

/** A text that changes with every change of a series' served instances; undefined when it has none. Series and instances only: a study's is not kept. */
export async function scopeVersion(tx: Tx, { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: RetrieveScope): Promise<string | undefined> {
  if (seriesInstanceUid === undefined || sopInstanceUid !== undefined) return undefined;
  const [row] = await tx.query<{ id: number; changed_at: Date; instance_count: number }>(version, [studyInstanceUid, seriesInstanceUid]);
  return row === undefined ? undefined : `${row.id} ${row.changed_at.getTime()} ${row.instance_count}`;
}

const withdrawn = {
  name: 'retrieval_withdrawn',
  text: `select 1 as found from instance i join series r on r.id = i.series_id join study s on s.id = r.study_id
         where s.study_instance_uid = $1 and ($2::text is null or r.series_instance_uid = $2) and ($3::text is null or i.sop_instance_uid = $3) and i.state = 'rejected' limit 1`,
};

/** True when a scope once had instances that were rejected since: HTTP then says 410, not 404. */
export async function isWithdrawn(tx: Tx, { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: RetrieveScope): Promise<boolean> {
  return (await tx.query(withdrawn, [studyInstanceUid, seriesInstanceUid ?? null, sopInstanceUid ?? null])).length > 0;
}

/** What C-MOVE and C-GET name: objects of one level by their unique keys. */
export interface RetrieveKeys {
  readonly level: 'patient' | 'study' | 'series' | 'instance';
  readonly uids: readonly string[];
  /** Keys of the levels above; what does not lie below them is not meant. */
  readonly patientId?: string | undefined;
  readonly studyInstanceUids?: readonly string[] | undefined;
  readonly seriesInstanceUids?: readonly string[] | undefined;
  /** Only studies that this AE sent images of. */
  readonly sentBy?: string | undefined;
}

const KEY_COLUMN = { patient: 's.patient_id', study: 's.study_instance_uid', series: 'r.series_instance_uid', instance: 'i.sop_instance_uid' } as const;
const byKeys = (level: RetrieveKeys['level']): { name: string; text: string } => ({
  name: `retrieval_by_${level}`,
  text: `select ${COLUMNS} from instance i join series r on r.id = i.series_id join study s on s.id = r.study_id
         where i.state = 'active' and ${KEY_COLUMN[level]} = any($1::text[]) and ($2::text is null or s.patient_id = $2) and ($3::text[] is null or s.study_instance_uid = any($3))
           and ($4::text[] is null or r.series_instance_uid = any($4))
           and ($5::text is null or exists (select 1 from arrival_study a join arrival_group g using (group_id) where a.study_instance_uid = s.study_instance_uid and g.calling_ae = $5)) ${ORDER}`,
});

/** The served instances that a set of keys names, by series and instance number. */
export async function servedInstancesByKeys(tx: Tx, keys: RetrieveKeys): Promise<ServedInstance[]> {
  const { level, uids, patientId, studyInstanceUids, seriesInstanceUids, sentBy } = keys;
  return tx.query<ServedInstance>(byKeys(level), [[...uids], patientId ?? null, studyInstanceUids ?? null, seriesInstanceUids ?? null, sentBy ?? null]);
}
