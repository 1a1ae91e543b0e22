import type { Tx } from './database.ts';

export type QuarantineReason = 'duplicate-other-content' | 'patient-conflict' | 'uid-mismatch' | 'class-mismatch' | 'missing-uid' | 'cannot-understand' | 'order-conflict';

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
