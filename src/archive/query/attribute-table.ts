import type { Vr } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';

/** Levels of the index. `patient` has no table of its own: it is the distinct patients of the studies. */
export type QueryLevel = 'patient' | 'study' | 'series' | 'instance';

/** How an attribute is compared in SQL. */
export type Comparison = 'text' | 'uid' | 'integer' | 'name' | 'modalities';

/** One attribute the index answers for: its column at its level. */
export interface IndexedAttribute {
  readonly tag: number;
  readonly vr: Vr;
  readonly level: QueryLevel;
  /** SQL expression over s (study), r (series), i (instance). */
  readonly column: string;
  /** Names: the column with the folded name; `lower(column)` when there is none. */
  readonly folded?: string;
  readonly comparison: Comparison;
  /** Returned without being asked for (PS3.18 Tables 10.6.3-3 to -5). */
  readonly always: boolean;
}

const patient = (tag: number, vr: Vr, column: string, comparison: Comparison = 'text', always = true): IndexedAttribute => ({ tag, vr, level: 'patient', column, comparison, always });
const study = (tag: number, vr: Vr, column: string, comparison: Comparison = 'text', always = true): IndexedAttribute => ({ tag, vr, level: 'study', column, comparison, always });
const series = (tag: number, vr: Vr, column: string, comparison: Comparison = 'text', always = true): IndexedAttribute => ({ tag, vr, level: 'series', column, comparison, always });
const instance = (tag: number, vr: Vr, column: string, comparison: Comparison = 'text', always = true): IndexedAttribute => ({ tag, vr, level: 'instance', column, comparison, always });

/** What queries match on and return. Counts (Number of … Related …) and Modalities in Study are computed, see build-query. */
export const indexedAttributes: readonly IndexedAttribute[] = [
  study(tags.StudyDate, 'DA', 's.study_date'),
  study(tags.StudyTime, 'TM', 's.study_time'),
  study(tags.AccessionNumber, 'SH', 's.accession_number'),
  study(tags.ModalitiesInStudy, 'CS', '(select coalesce(array_agg(distinct m.modality order by m.modality) filter (where m.modality is not null), \'{}\') from series m where m.study_id = s.id and m.instance_count > 0)', 'modalities'),
  study(tags.ReferringPhysicianName, 'PN', 's.referring_physician', 'name'),
  study(tags.TimezoneOffsetFromUTC, 'SH', 's.timezone_offset'),
  study(tags.StudyDescription, 'LO', 's.study_description', 'text', false),
  { ...patient(tags.PatientName, 'PN', 's.patient_name', 'name'), folded: 's.patient_name_key' },
  patient(tags.PatientID, 'LO', 's.patient_id'),
  patient(tags.IssuerOfPatientID, 'LO', 's.issuer_of_patient_id', 'text', false),
  patient(tags.PatientBirthDate, 'DA', 's.patient_birth_date'),
  patient(tags.PatientSex, 'CS', 's.patient_sex'),
  study(tags.StudyInstanceUID, 'UI', 's.study_instance_uid', 'uid'),
  study(tags.StudyID, 'SH', 's.study_id'),
  study(tags.NumberOfStudyRelatedSeries, 'IS', '(select count(*) from series m where m.study_id = s.id and m.instance_count > 0)', 'integer'),
  study(tags.NumberOfStudyRelatedInstances, 'IS', '(select coalesce(sum(m.instance_count), 0) from series m where m.study_id = s.id)', 'integer'),

  series(tags.Modality, 'CS', 'r.modality'),
  series(tags.SeriesDescription, 'LO', 'r.series_description'),
  series(tags.SeriesInstanceUID, 'UI', 'r.series_instance_uid', 'uid'),
  series(tags.SeriesNumber, 'IS', 'r.series_number', 'integer'),
  series(tags.SeriesDate, 'DA', 'r.series_date', 'text', false),
  series(tags.SeriesTime, 'TM', 'r.series_time', 'text', false),
  series(tags.BodyPartExamined, 'CS', 'r.body_part', 'text', false),
  series(tags.Laterality, 'CS', 'r.laterality', 'text', false),
  series(tags.ProtocolName, 'LO', 'r.protocol_name', 'text', false),
  series(tags.StationName, 'SH', 'r.station_name', 'text', false),
  series(tags.Manufacturer, 'LO', 'r.manufacturer', 'text', false),
  series(tags.PerformedProcedureStepStartDate, 'DA', 'r.performed_start_date'),
  series(tags.PerformedProcedureStepStartTime, 'TM', 'r.performed_start_time'),
  series(tags.NumberOfSeriesRelatedInstances, 'IS', 'r.instance_count', 'integer'),

  instance(tags.SOPClassUID, 'UI', 'i.sop_class_uid', 'uid'),
  instance(tags.SOPInstanceUID, 'UI', 'i.sop_instance_uid', 'uid'),
  instance(tags.InstanceNumber, 'IS', 'i.instance_number', 'integer'),
  instance(tags.Rows, 'US', 'i.rows', 'integer'),
  instance(tags.Columns, 'US', 'i.columns', 'integer'),
  instance(tags.BitsAllocated, 'US', 'i.bits_allocated', 'integer'),
  instance(tags.NumberOfFrames, 'IS', 'i.number_of_frames', 'integer'),
  instance(tags.AvailableTransferSyntaxUID, 'UI', 'i.transfer_syntax_uid', 'uid'),
];

const byTag = new Map(indexedAttributes.map((attribute) => [attribute.tag, attribute]));

export function indexedAttribute(tag: number): IndexedAttribute | undefined {
  return byTag.get(tag);
}
