import type { Tx } from './database.ts';

/**
 * An object a run produced: DICOM lies in the segments (`instanceId`), everything else in the row (`bytes`); so does a spare rendition, which is no
 * part of the study and only sent when a destination refuses a better one.
 */
export interface NewResultObject {
  readonly jobId: number;
  readonly studyInstanceUid: string;
  /** `structured-report`, `segmentation`, `fhir-bundle` … */
  readonly role: string;
  readonly ordinal: number;
  readonly mediaType: 'application/dicom' | 'application/fhir+json' | 'application/hl7-v2';
  readonly dicom: { readonly sopInstanceUid: string; readonly sopClassUid: string; readonly seriesInstanceUid: string; readonly instanceId: number | null } | null;
  readonly bytes: Uint8Array | null;
  /** Hex, over the bytes that are sent: of a DICOM object its data set. */
  readonly sha256: string;
  readonly length: number;
  readonly at: Date;
}

const insert = {
  name: 'result_insert',
  text: `insert into result_object (job_id, study_instance_uid, role, ordinal, media_type, sop_instance_uid, sop_class_uid, series_instance_uid, instance_id, bytes, sha256, length, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id`,
};

export async function insertResultObject(tx: Tx, object: NewResultObject): Promise<number> {
  const [row] = await tx.query<{ id: number }>(insert, [
    object.jobId, object.studyInstanceUid, object.role, object.ordinal, object.mediaType, object.dicom?.sopInstanceUid ?? null, object.dicom?.sopClassUid ?? null,
    object.dicom?.seriesInstanceUid ?? null, object.dicom?.instanceId ?? null, object.bytes === null ? null : Buffer.from(object.bytes), object.sha256, object.length, object.at,
  ]);
  return row!.id;
}

export interface ResultObjectRow {
  readonly id: number;
  readonly job_id: number;
  readonly study_instance_uid: string;
  readonly role: string;
  readonly ordinal: number;
  readonly media_type: string;
  readonly sop_instance_uid: string | null;
  readonly sop_class_uid: string | null;
  readonly series_instance_uid: string | null;
  readonly sha256: string;
  readonly length: number;
  readonly created_at: Date;
}

const COLUMNS = 'id, job_id, study_instance_uid, role, ordinal, media_type, sop_instance_uid, sop_class_uid, series_instance_uid, sha256, length, created_at';
const byStudy = { name: 'result_by_study', text: `select ${COLUMNS} from result_object where study_instance_uid = $1 order by id` };
const byJob = { name: 'result_by_job', text: `select ${COLUMNS} from result_object where job_id = $1 order by id` };

export async function resultsOfStudy(tx: Tx, studyInstanceUid: string): Promise<ResultObjectRow[]> {
  return tx.query<ResultObjectRow>(byStudy, [studyInstanceUid]);
}

export async function resultsOfJob(tx: Tx, jobId: number): Promise<ResultObjectRow[]> {
  return tx.query<ResultObjectRow>(byJob, [jobId]);
}

/** What is sent for an outbox message: the bytes, or where they lie. */
export interface StoredPayload {
  readonly message_id: number;
  readonly media_type: string;
  readonly role: string | null;
  readonly job_key: string | null;
  readonly bytes: Buffer | null;
  readonly sop_instance_uid: string | null;
  readonly sop_class_uid: string | null;
  readonly transfer_syntax_uid: string | null;
  readonly writer: string | null;
  readonly segment: number | null;
  readonly data_offset: number | null;
  readonly data_length: number | null;
}

const payloads = {
  name: 'result_payloads',
  text: `select m.id as message_id, coalesce(r.media_type, 'application/dicom') as media_type, r.role, j.job_key, r.bytes,
           coalesce(i.sop_instance_uid, r.sop_instance_uid) as sop_instance_uid, coalesce(i.sop_class_uid, r.sop_class_uid) as sop_class_uid, i.transfer_syntax_uid, i.writer, i.segment, i.data_offset, i.data_length
         from outbox_message m
         left join result_object r on r.id = m.result_object_id
         left join inference_job j on j.id = r.job_id
         left join instance i on i.id = coalesce(m.instance_id, r.instance_id)
         where m.id = any($1)`,
};

/** The payloads of outbox messages, results and forwarded originals alike. */
export async function payloadsOfMessages(tx: Tx, messageIds: readonly number[]): Promise<StoredPayload[]> {
  return tx.query<StoredPayload>(payloads, [[...messageIds]]);
}

const predecessor = {
  name: 'result_predecessor',
  text: `select ${COLUMNS} from result_object where job_id = $1 and role = $2 order by ordinal limit 1`,
};

/** The object of an earlier revision that one of this role replaces. */
export async function resultOfRole(tx: Tx, jobId: number, role: string): Promise<ResultObjectRow | undefined> {
  return (await tx.query<ResultObjectRow>(predecessor, [jobId, role]))[0];
}

const bytes = { name: 'result_bytes', text: 'select bytes from result_object where job_id = $1 and role = $2 and bytes is not null order by ordinal limit 1' };

/** The stored bytes of an object that is no DICOM; undefined when the job made none of this role. */
export async function resultBytes(tx: Tx, jobId: number, role: string): Promise<Buffer | undefined> {
  return (await tx.query<{ bytes: Buffer }>(bytes, [jobId, role]))[0]?.bytes;
}
