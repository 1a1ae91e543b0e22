import type { DataSet, Tag } from '../standards/dicom/data-set.ts';
import { foldName } from '../standards/dicom/person-name.ts';
import { tags } from '../standards/dicom/tags.ts';

/** What the index keeps of one data set. Texts are UTF-8, trimmed, null when absent or empty. Columns of `study`, `series`, `instance`. */
export interface InstanceHeader {
  readonly study: StudyHeader;
  readonly series: SeriesHeader;
  readonly sopInstanceUid: string | null;
  readonly sopClassUid: string | null;
  readonly instanceNumber: number | null;
  readonly rows: number | null;
  readonly columns: number | null;
  readonly bitsAllocated: number | null;
  readonly numberOfFrames: number | null;
}

export interface StudyHeader {
  readonly studyInstanceUid: string | null;
  readonly patientId: string | null;
  readonly issuerOfPatientId: string | null;
  readonly patientName: string | null;
  readonly patientNameKey: string | null;
  readonly patientBirthDate: string | null;
  readonly patientSex: string | null;
  readonly studyDate: string | null;
  readonly studyTime: string | null;
  readonly timezoneOffset: string | null;
  readonly accessionNumber: string | null;
  readonly studyId: string | null;
  readonly studyDescription: string | null;
  readonly referringPhysician: string | null;
}

export interface SeriesHeader {
  readonly seriesInstanceUid: string | null;
  readonly modality: string | null;
  readonly seriesNumber: number | null;
  readonly seriesDescription: string | null;
  readonly bodyPart: string | null;
  readonly laterality: string | null;
  readonly protocolName: string | null;
  readonly stationName: string | null;
  readonly manufacturer: string | null;
  readonly performedStartDate: string | null;
  readonly performedStartTime: string | null;
  readonly seriesDate: string | null;
  readonly seriesTime: string | null;
}

/** The elements that `instanceHeaderOf` reads; all lie before the pixel data. */
export const indexedTags: ReadonlySet<Tag> = new Set([
  tags.SpecificCharacterSet, tags.TimezoneOffsetFromUTC, tags.SOPClassUID, tags.SOPInstanceUID, tags.StudyInstanceUID, tags.SeriesInstanceUID,
  tags.PatientID, tags.IssuerOfPatientID, tags.PatientName, tags.PatientBirthDate, tags.PatientSex,
  tags.StudyDate, tags.StudyTime, tags.AccessionNumber, tags.StudyID, tags.StudyDescription, tags.ReferringPhysicianName,
  tags.Modality, tags.SeriesNumber, tags.SeriesDescription, tags.BodyPartExamined, tags.Laterality, tags.ProtocolName, tags.StationName, tags.Manufacturer,
  tags.PerformedProcedureStepStartDate, tags.PerformedProcedureStepStartTime, tags.SeriesDate, tags.SeriesTime,
  tags.InstanceNumber, tags.Rows, tags.Columns, tags.BitsAllocated, tags.NumberOfFrames,
]);

/** Reads the index's columns out of a data set (or of the part of it that a header scan kept). Never fails: what is odd becomes null. */
export function instanceHeaderOf(dataSet: DataSet): InstanceHeader {
  const text = (tag: Tag): string | null => cleanText(dataSet.string(tag));
  const number = (tag: Tag): number | null => smallInteger(dataSet.number(tag));
  const patientName = text(tags.PatientName);
  return {
    study: {
      studyInstanceUid: text(tags.StudyInstanceUID),
      patientId: text(tags.PatientID),
      issuerOfPatientId: text(tags.IssuerOfPatientID),
      patientName,
      patientNameKey: patientName === null ? null : nameKey(patientName),
      patientBirthDate: text(tags.PatientBirthDate),
      patientSex: text(tags.PatientSex),
      studyDate: text(tags.StudyDate),
      studyTime: text(tags.StudyTime),
      timezoneOffset: text(tags.TimezoneOffsetFromUTC),
      accessionNumber: text(tags.AccessionNumber),
      studyId: text(tags.StudyID),
      studyDescription: text(tags.StudyDescription),
      referringPhysician: text(tags.ReferringPhysicianName),
    },
    series: {
      seriesInstanceUid: text(tags.SeriesInstanceUID),
      modality: text(tags.Modality),
      seriesNumber: number(tags.SeriesNumber),
      seriesDescription: text(tags.SeriesDescription),
      bodyPart: text(tags.BodyPartExamined),
      laterality: text(tags.Laterality),
      protocolName: text(tags.ProtocolName),
      stationName: text(tags.StationName),
      manufacturer: text(tags.Manufacturer),
      performedStartDate: text(tags.PerformedProcedureStepStartDate),
      performedStartTime: text(tags.PerformedProcedureStepStartTime),
      seriesDate: text(tags.SeriesDate),
      seriesTime: text(tags.SeriesTime),
    },
    sopInstanceUid: text(tags.SOPInstanceUID),
    sopClassUid: text(tags.SOPClassUID),
    instanceNumber: number(tags.InstanceNumber),
    rows: number(tags.Rows),
    columns: number(tags.Columns),
    bitsAllocated: number(tags.BitsAllocated),
    numberOfFrames: number(tags.NumberOfFrames),
  };
}

/** Images of one patient come in a row: their name is folded once. */
let folded = { name: '', key: '' };

function nameKey(name: string): string {
  if (folded.name !== name) folded = { name, key: foldName(name) };
  return folded.key;
}

// Longer than any value of an indexed VR may be; well below what fits in a row of a btree index.
const MAX_TEXT = 320;

/** PostgreSQL has no NUL in text, and half a surrogate pair is no text either. */
function cleanText(value: string | undefined): string | null {
  if (value === undefined) return null;
  const clean = value.slice(0, MAX_TEXT).replaceAll('\0', '').replaceAll(/\p{Surrogate}/gu, '\uFFFD').trim();
  return clean === '' ? null : clean;
}

function smallInteger(value: number | undefined): number | null {
  return value !== undefined && Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? value : null;
}
