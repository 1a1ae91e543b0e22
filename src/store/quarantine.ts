import type { Tx } from './database.ts';

export type QuarantineReason = 'duplicate-other-content' | 'patient-conflict' | 'uid-mismatch' | 'class-mismatch' | 'missing-uid' | 'cannot-understand' | 'truncated' | 'order-conflict';

export interface NewQuarantined {
  readonly reason: QuarantineReason;
  readonly studyInstanceUid: string | null;
  readonly seriesInstanceUid: string | null;
  readonly sopInstanceUid: string | null;
  readonly sopClassUid: string | null;
  readonly transferSyntaxUid: string;
  readonly patientId: string | null;
  readonly issuerOfPatientId: string | null;
  readonly writer: string;
  readonly segment: number;
  readonly recordOffset: number;
  readonly dataOffset: number;
  readonly dataLength: number;
  readonly headerLength: number;
  readonly crc32: number;
  readonly groupId: string | null;
  readonly receivedAt: Date;
}

const insert = {
  name: 'quarantine_insert',
  text: `insert into quarantine (reason, study_instance_uid, series_instance_uid, sop_instance_uid, sop_class_uid, transfer_syntax_uid, patient_id, issuer_of_patient_id,
           writer, segment, record_offset, data_offset, data_length, header_length, crc32, group_id, received_at)
         select n.reason, n."studyInstanceUid", n."seriesInstanceUid", n."sopInstanceUid", n."sopClassUid", n."transferSyntaxUid", n."patientId", n."issuerOfPatientId",
           n.writer, n.segment, n."recordOffset", n."dataOffset", n."dataLength", n."headerLength", n.crc32, n."groupId", n."receivedAt"
         from json_to_recordset($1::json) n(reason text, "studyInstanceUid" text, "seriesInstanceUid" text, "sopInstanceUid" text, "sopClassUid" text, "transferSyntaxUid" text, "patientId" text,
           "issuerOfPatientId" text, writer text, segment bigint, "recordOffset" bigint, "dataOffset" bigint, "dataLength" bigint, "headerLength" bigint, crc32 bigint, "groupId" text, "receivedAt" timestamptz)
         on conflict (writer, segment, record_offset) do nothing`,
};

/** Kept, not served. Rows that are there already stay as they are. */
export async function insertQuarantined(tx: Tx, records: readonly NewQuarantined[]): Promise<void> {
  if (records.length > 0) await tx.execute(insert, [JSON.stringify(records)]);
}

/** One object that is kept and not served. */
export interface QuarantinedRow {
  readonly id: number;
  readonly reason: QuarantineReason;
  readonly study_instance_uid: string | null;
  readonly series_instance_uid: string | null;
  readonly sop_instance_uid: string | null;
  readonly sop_class_uid: string | null;
  readonly transfer_syntax_uid: string;
  readonly writer: string;
  readonly segment: number;
  readonly record_offset: number;
  readonly data_offset: number;
  readonly data_length: number;
  readonly header_length: number;
  readonly crc32: number;
  readonly group_id: string | null;
  readonly received_at: Date;
  readonly decided_at: Date | null;
}

const COLUMNS = `id, reason, study_instance_uid, series_instance_uid, sop_instance_uid, sop_class_uid, transfer_syntax_uid, writer, segment, record_offset, data_offset, data_length,
  header_length, crc32, group_id, received_at, decided_at`;
const open = { name: 'quarantine_open', text: `select ${COLUMNS} from quarantine where decided_at is null and ($1::text is null or study_instance_uid = $1) order by received_at, id limit $2` };
const byId = { name: 'quarantine_by_id', text: `select ${COLUMNS} from quarantine where id = $1 for update` };

/** What waits for a person: of one study, or of all (null). Oldest first. */
export async function openQuarantine(tx: Tx, studyInstanceUid: string | null, limit: number): Promise<QuarantinedRow[]> {
  return tx.query<QuarantinedRow>(open, [studyInstanceUid, limit]);
}

/** One row, locked for the rest of the transaction. */
export async function quarantinedById(tx: Tx, id: number): Promise<QuarantinedRow | undefined> {
  return (await tx.query<QuarantinedRow>(byId, [id]))[0];
}

const decide = { name: 'quarantine_decide', text: 'update quarantine set decided_at = $2, decision = $3, decided_by = $4 where id = $1' };

export async function markDecided(tx: Tx, id: number, decision: 'released' | 'discarded', by: string, at: Date): Promise<void> {
  await tx.execute(decide, [id, at, decision, by]);
}

const undecided = { name: 'quarantine_undecided', text: 'select count(*)::int as n from quarantine where study_instance_uid = $1 and reason = $2 and decided_at is null' };

export async function undecidedOf(tx: Tx, studyInstanceUid: string, reason: QuarantineReason): Promise<number> {
  return (await tx.query<{ n: number }>(undecided, [studyInstanceUid, reason]))[0]!.n;
}

/** A waiting object as a person needs to see it: which patient it claims, and which one the study has. Personal data: for people, not for logs. */
export interface QuarantineLine extends QuarantinedRow {
  readonly patient_id: string | null;
  readonly issuer_of_patient_id: string | null;
  readonly study_patient_id: string | null;
  readonly study_issuer_of_patient_id: string | null;
  /** Who sent it; null when its group is unknown. */
  readonly calling_ae: string | null;
}

const lines = {
  name: 'quarantine_lines',
  text: `select ${COLUMNS.split(',').map((column) => `q.${column.trim()}`).join(', ')}, q.patient_id, q.issuer_of_patient_id, s.patient_id as study_patient_id,
           s.issuer_of_patient_id as study_issuer_of_patient_id, g.calling_ae
         from quarantine q left join study s using (study_instance_uid) left join arrival_group g using (group_id)
         where q.decided_at is null and ($1::text is null or q.study_instance_uid = $1) order by q.received_at, q.id limit $2`,
};

/** `openQuarantine`, with what a person needs to decide. */
export async function quarantineLines(tx: Tx, studyInstanceUid: string | null, limit: number): Promise<QuarantineLine[]> {
  return tx.query<QuarantineLine>(lines, [studyInstanceUid, limit]);
}
