import type { ActiveInstance } from '../../store/instance.ts';
import type { InstanceHeader } from '../../store/instance-header.ts';
import type { QuarantineReason } from '../../store/quarantine.ts';
import type { RecordHeader } from '../../store/segments/record-format.ts';
import type { LockedStudy } from '../../store/study-index.ts';

/** A durable record on its way into the index. */
export interface ArrivedRecord {
  readonly record: RecordHeader;
  /** As read from the data set, as far as it could be. */
  readonly header: InstanceHeader;
  /** Other bytes than what is served under its UID, and the same content: a copy that was encoded anew. */
  readonly isCopy?: boolean;
}

export interface QuarantinedRecord {
  readonly arrived: ArrivedRecord;
  readonly reason: QuarantineReason;
}

export interface SortedRecords {
  readonly fresh: readonly ArrivedRecord[];
  /** Same UID, same bytes as what is served (or as an earlier record of `fresh`). `seriesRowId` is undefined for the latter. */
  readonly duplicates: readonly { readonly arrived: ArrivedRecord; readonly seriesRowId: number | undefined }[];
  readonly quarantined: readonly QuarantinedRecord[];
}

/**
 * What becomes of each record, by what is served already. Records keep their order: the first with a UID is served, a second with the
 * same length and checksum, or the same content written another way, is a duplicate, one with another content goes to quarantine (ADR 0012).
 */
export function sortRecords(records: readonly ArrivedRecord[], active: ReadonlyMap<string, ActiveInstance>): SortedRecords {
  const fresh: ArrivedRecord[] = [];
  const duplicates: { arrived: ArrivedRecord; seriesRowId: number | undefined }[] = [];
  const quarantined: QuarantinedRecord[] = [];
  const here = new Map<string, RecordHeader>();
  for (const arrived of records) {
    const { record, header } = arrived;
    if (record.verdict !== '') {
      quarantined.push({ arrived, reason: record.verdict as QuarantineReason });
      continue;
    }
    const uid = header.sopInstanceUid!;
    const served = active.get(uid);
    const earlier = here.get(uid);
    if (served === undefined && earlier === undefined) {
      here.set(uid, record);
      fresh.push(arrived);
    } else if (arrived.isCopy === true || isSame(record, served, earlier)) duplicates.push({ arrived, seriesRowId: served?.series_id });
    else quarantined.push({ arrived, reason: 'duplicate-other-content' });
  }
  return { fresh, duplicates, quarantined };
}

export interface PatientCheck {
  readonly kept: readonly ArrivedRecord[];
  readonly conflicts: readonly ArrivedRecord[];
}

/**
 * One Study Instance UID, one patient. A record whose PatientID or issuer differs from the study's goes aside; one that says nothing is
 * no contradiction.
 */
export function checkPatients(records: readonly ArrivedRecord[], studies: ReadonlyMap<string, LockedStudy>): PatientCheck {
  const kept: ArrivedRecord[] = [];
  const conflicts: ArrivedRecord[] = [];
  const seen = new Map<string, { patientId: string | null; issuer: string | null }>();
  for (const arrived of records) {
    const { studyInstanceUid, patientId, issuerOfPatientId } = arrived.header.study;
    const study = studies.get(studyInstanceUid!)!;
    let patient = seen.get(studyInstanceUid!);
    if (patient === undefined) seen.set(studyInstanceUid!, (patient = { patientId: study.patient_id, issuer: study.issuer_of_patient_id }));
    if (differs(patient.patientId, patientId) || differs(patient.issuer, issuerOfPatientId)) conflicts.push(arrived);
    else {
      patient.patientId ??= patientId;
      patient.issuer ??= issuerOfPatientId;
      kept.push(arrived);
    }
  }
  return { kept, conflicts };
}

function isSame(record: RecordHeader, served: ActiveInstance | undefined, earlier: RecordHeader | undefined): boolean {
  if (served !== undefined) return served.data_length === record.dataLength && served.crc32 === record.crc32;
  return earlier!.dataLength === record.dataLength && earlier!.crc32 === record.crc32;
}

function differs(known: string | null, arriving: string | null): boolean {
  return known !== null && arriving !== null && known !== arriving;
}
