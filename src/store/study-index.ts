import type { Tx } from './database.ts';
import type { StudyHeader } from './instance-header.ts';

/** A study row held for the rest of the transaction. */
export interface LockedStudy {
  readonly id: number;
  readonly study_instance_uid: string;
  readonly patient_id: string | null;
  readonly issuer_of_patient_id: string | null;
  readonly state: 'receiving' | 'complete' | 'held';
}

export interface NewStudy extends StudyHeader {
  readonly receivedAt: Date;
}

// Sorted, so that two writers never wait for each other crosswise. What an earlier image lacked is filled in, what it had stays.
const lock = {
  name: 'study_index_lock',
  text: `insert into study as s (study_instance_uid, patient_id, issuer_of_patient_id, patient_name, patient_name_key, patient_birth_date, patient_sex, study_date, study_time,
           timezone_offset, accession_number, study_id, study_description, referring_physician, first_received_at, last_received_at, changed_at)
         select n."studyInstanceUid", n."patientId", n."issuerOfPatientId", n."patientName", n."patientNameKey", n."patientBirthDate", n."patientSex", n."studyDate", n."studyTime",
           n."timezoneOffset", n."accessionNumber", n."studyId", n."studyDescription", n."referringPhysician", n."receivedAt", n."receivedAt", n."receivedAt"
         from json_to_recordset($1::json) n("studyInstanceUid" text, "patientId" text, "issuerOfPatientId" text, "patientName" text, "patientNameKey" text, "patientBirthDate" text,
           "patientSex" text, "studyDate" text, "studyTime" text, "timezoneOffset" text, "accessionNumber" text, "studyId" text, "studyDescription" text, "referringPhysician" text, "receivedAt" timestamptz)
         order by n."studyInstanceUid"
         on conflict (study_instance_uid) do update set
           patient_id = coalesce(s.patient_id, excluded.patient_id), issuer_of_patient_id = coalesce(s.issuer_of_patient_id, excluded.issuer_of_patient_id),
           patient_name = coalesce(s.patient_name, excluded.patient_name), patient_name_key = coalesce(s.patient_name_key, excluded.patient_name_key),
           patient_birth_date = coalesce(s.patient_birth_date, excluded.patient_birth_date), patient_sex = coalesce(s.patient_sex, excluded.patient_sex),
           study_date = coalesce(s.study_date, excluded.study_date), study_time = coalesce(s.study_time, excluded.study_time),
           timezone_offset = coalesce(s.timezone_offset, excluded.timezone_offset), accession_number = coalesce(s.accession_number, excluded.accession_number),
           study_id = coalesce(s.study_id, excluded.study_id), study_description = coalesce(s.study_description, excluded.study_description),
           referring_physician = coalesce(s.referring_physician, excluded.referring_physician)
         returning s.id, s.study_instance_uid, s.patient_id, s.issuer_of_patient_id, s.state`,
};

/** Makes the rows that are missing and locks all of them; one entry per Study Instance UID. */
export async function lockStudies(tx: Tx, studies: readonly NewStudy[]): Promise<LockedStudy[]> {
  return studies.length === 0 ? [] : tx.query<LockedStudy>(lock, [JSON.stringify(studies)]);
}

export interface StudyArrival {
  readonly id: number;
  readonly instances: number;
  readonly lastReceivedAt: Date;
}

// A held study stays held; a complete one has late images and is looked at again.
const count = {
  name: 'study_index_count',
  text: `update study s set instance_count = s.instance_count + n.instances, last_received_at = greatest(s.last_received_at, n."lastReceivedAt"),
           first_received_at = least(s.first_received_at, n."lastReceivedAt"), changed_at = $2, state = case when s.state = 'complete' then 'receiving' else s.state end
         from json_to_recordset($1::json) n(id bigint, instances integer, "lastReceivedAt" timestamptz) where s.id = n.id`,
};

/** New received images came to these studies. */
export async function countArrivals(tx: Tx, arrivals: readonly StudyArrival[], at: Date): Promise<void> {
  if (arrivals.length > 0) await tx.execute(count, [JSON.stringify(arrivals), at]);
}

const hold = { name: 'study_index_hold', text: `update study set state = 'held', hold_reason = $2, changed_at = $3 where study_instance_uid = any($1) and state <> 'held'` };

/** No rule runs on a held study until a person decides. */
export async function holdStudies(tx: Tx, studyInstanceUids: readonly string[], reason: string, at: Date): Promise<void> {
  if (studyInstanceUids.length > 0) await tx.execute(hold, [[...studyInstanceUids], reason, at]);
}

const touch = { name: 'study_index_touch', text: 'update study set changed_at = $2 where study_instance_uid = $1 returning id' };

/** Something in the study changed that is no received image (a result). Its row id; undefined when the study is unknown. */
export async function touchStudy(tx: Tx, studyInstanceUid: string, at: Date): Promise<number | undefined> {
  return (await tx.query<{ id: number }>(touch, [studyInstanceUid, at]))[0]?.id;
}

const announce = { name: 'study_index_announce', text: `select pg_notify('isocenter_study', uid) from unnest($1::text[]) uid` };

/** Wakes whoever watches studies, when the transaction commits. */
export async function announceStudies(tx: Tx, studyInstanceUids: readonly string[]): Promise<void> {
  if (studyInstanceUids.length > 0) await tx.query(announce, [[...studyInstanceUids]]);
}

const unhold = { name: 'study_index_unhold', text: `update study set state = 'receiving', hold_reason = null, changed_at = $3 where study_instance_uid = $1 and state = 'held' and hold_reason = $2` };

/** The person has decided: the study is looked at again. */
export async function unholdStudy(tx: Tx, studyInstanceUid: string, reason: string, at: Date): Promise<void> {
  await tx.execute(unhold, [studyInstanceUid, reason, at]);
}

export interface StudyHold {
  readonly state: 'receiving' | 'complete' | 'held';
  readonly hold_reason: string | null;
}

const holdOf = { name: 'study_index_hold_of', text: 'select state, hold_reason from study where study_instance_uid = $1 for update' };

/** State of a study, locked for the rest of the transaction; undefined when it is unknown. */
export async function lockHold(tx: Tx, studyInstanceUid: string): Promise<StudyHold | undefined> {
  return (await tx.query<StudyHold>(holdOf, [studyInstanceUid]))[0];
}

/** A study that waits for a person. */
export interface HeldStudy {
  readonly study_instance_uid: string;
  readonly hold_reason: string | null;
  readonly changed_at: Date;
  readonly instance_count: number;
  /** Objects in quarantine under its UID that nobody has decided about. */
  readonly undecided: number;
}

const held = {
  name: 'study_index_held',
  text: `select s.study_instance_uid, s.hold_reason, s.changed_at, s.instance_count,
           (select count(*)::int from quarantine q where q.study_instance_uid = s.study_instance_uid and q.decided_at is null) as undecided
         from study s where s.state = 'held' order by s.changed_at, s.id limit $1`,
};

/** What is held, longest first. */
export async function heldStudies(tx: Tx, limit: number): Promise<HeldStudy[]> {
  return tx.query<HeldStudy>(held, [limit]);
}
