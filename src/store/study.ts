import type { Tx } from './database.ts';

/** A study whose images still arrive, with what completeness asks. */
export interface ArrivingStudy {
  readonly id: number;
  readonly study_instance_uid: string;
  readonly instance_count: number;
  readonly revision: number;
  readonly first_received_at: Date;
  readonly last_received_at: Date;
  readonly open_groups: number;
  readonly last_group_closed_at: Date | null;
}

const arriving = {
  name: 'study_arriving',
  text: `select s.id, s.study_instance_uid, s.instance_count, s.revision, s.last_received_at,
           (select min(a.first_at) from arrival_study a where a.study_instance_uid = s.study_instance_uid and a.last_at > coalesce(s.completed_at, '-infinity')) as first_received_at,
           (select count(*) from arrival_study a join arrival_group g using (group_id) where a.study_instance_uid = s.study_instance_uid and g.closed_at is null) as open_groups,
           (select max(g.closed_at) from arrival_study a join arrival_group g using (group_id) where a.study_instance_uid = s.study_instance_uid) as last_group_closed_at
         from study s where s.state = 'receiving' order by s.last_received_at limit $1`,
};

/** Studies that wait for their completeness to be decided, the longest quiet first. `first_received_at` counts from the last completion. */
export async function arrivingStudies(tx: Tx, limit: number): Promise<ArrivingStudy[]> {
  const rows = await tx.query<ArrivingStudy & { first_received_at: Date | null }>(arriving, [limit]);
  return rows.map((row) => ({ ...row, first_received_at: row.first_received_at ?? row.last_received_at }));
}

const complete = {
  name: 'study_complete',
  text: `update study set state = 'complete', revision = revision + 1, completed_at = $3, completeness = $4
         where id = $1 and state = 'receiving' and date_trunc('milliseconds', last_received_at) = $2 returning revision`,
};

/** Declares a study complete; undefined when an image arrived (or a person held it) since it was looked at. Returns the revision. */
export async function completeStudy(tx: Tx, studyId: number, seenLastReceivedAt: Date, at: Date, evidence: object): Promise<number | undefined> {
  const [row] = await tx.query<{ revision: number }>(complete, [studyId, seenLastReceivedAt, at, JSON.stringify(evidence)]);
  return row?.revision;
}

/** One received series of a study with what rules and eligibility ask of it. */
export interface ReceivedSeries {
  readonly id: number;
  readonly series_instance_uid: string;
  readonly modality: string | null;
  readonly body_part: string | null;
  readonly series_description: string | null;
  readonly protocol_name: string | null;
  readonly study_description: string | null;
}

const receivedSeries = {
  name: 'study_received_series',
  text: `select r.id, r.series_instance_uid, r.modality, r.body_part, r.series_description, r.protocol_name, s.study_description
         from series r join study s on s.id = r.study_id where r.study_id = $1 and r.origin = 'received' order by r.series_number nulls last, r.id`,
};

export async function receivedSeriesOfStudy(tx: Tx, studyId: number): Promise<ReceivedSeries[]> {
  return tx.query<ReceivedSeries>(receivedSeries, [studyId]);
}

/** Where one image lies and what it is; enough to read its header or its pixels. */
export interface StoredImage {
  readonly id: number;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly transfer_syntax_uid: string;
  readonly writer: string;
  readonly segment: number;
  readonly data_offset: number;
  readonly data_length: number;
  readonly header_length: number;
  readonly crc32: number;
}

const images = {
  name: 'study_received_images',
  text: `select i.id, r.series_instance_uid, i.sop_instance_uid, i.sop_class_uid, i.transfer_syntax_uid, i.writer, i.segment, i.data_offset, i.data_length, i.header_length, i.crc32
         from instance i join series r on r.id = i.series_id
         where r.study_id = $1 and r.origin = 'received' and i.state = 'active' order by r.id, i.instance_number nulls last, i.id`,
};

/** The served images of all received series, by series and instance number. */
export async function receivedImagesOfStudy(tx: Tx, studyId: number): Promise<StoredImage[]> {
  return tx.query<StoredImage>(images, [studyId]);
}

const senders = {
  name: 'study_senders',
  text: `select distinct g.calling_ae from arrival_study a join arrival_group g using (group_id) where a.study_instance_uid = $1`,
};
const lastGroup = { name: 'study_last_group', text: 'select group_id from arrival_study where study_instance_uid = $1 order by last_at desc limit 1' };

/** AE titles that sent images of the study. */
export async function sendersOfStudy(tx: Tx, studyInstanceUid: string): Promise<string[]> {
  return (await tx.query<{ calling_ae: string }>(senders, [studyInstanceUid])).map((row) => row.calling_ae);
}

/** Trace id for what follows from the study's images: the group that brought the last of them. */
export async function traceOfStudy(tx: Tx, studyInstanceUid: string): Promise<string | undefined> {
  return (await tx.query<{ group_id: string }>(lastGroup, [studyInstanceUid]))[0]?.group_id;
}

const byUid = {
  name: 'study_images_by_uid',
  text: `select i.id, r.series_instance_uid, i.sop_instance_uid, i.sop_class_uid, i.transfer_syntax_uid, i.writer, i.segment, i.data_offset, i.data_length, i.header_length, i.crc32
         from unnest($1::text[]) with ordinality wanted(uid, place)
         join instance i on i.sop_instance_uid = wanted.uid and i.state = 'active' join series r on r.id = i.series_id order by wanted.place`,
};

/** Served images in the order asked for; those that are gone are left out. */
export async function imagesByUid(tx: Tx, sopInstanceUids: readonly string[]): Promise<StoredImage[]> {
  return tx.query<StoredImage>(byUid, [[...sopInstanceUids]]);
}

const ofInstance = {
  name: 'study_of_instance',
  text: `select st.study_instance_uid from instance i join series s on s.id = i.series_id join study st on st.id = s.study_id
         where i.sop_instance_uid = $1 and i.state = 'active'`,
};

/** The Study Instance UID an instance lies in; undefined when it is not in the index. */
export async function studyOfInstance(tx: Tx, sopInstanceUid: string): Promise<string | undefined> {
  const [row] = await tx.query<{ study_instance_uid: string }>(ofInstance, [sopInstanceUid]);
  return row?.study_instance_uid;
}

const completeness = { name: 'study_completeness', text: 'select completeness from study where study_instance_uid = $1' };

/** The evidence of the last completeness decision; null before the first. */
export async function completenessOfStudy(tx: Tx, studyInstanceUid: string): Promise<{ readonly evidence?: readonly string[]; readonly partial?: boolean } | null> {
  return (await tx.query<{ completeness: { evidence?: string[]; partial?: boolean } | null }>(completeness, [studyInstanceUid]))[0]?.completeness ?? null;
}
