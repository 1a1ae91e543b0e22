import { DataSet, type Element } from '../../standards/dicom/data-set.ts';
import { element, sequence } from '../../standards/dicom/element.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { Match } from '../../standards/dicom/query-key.ts';
import type { Tx } from '../../store/database.ts';
import type { Comparison, IndexedAttribute } from './attribute-table.ts';
import { conditionOf, type Stretch, stretchCondition } from './build-query.ts';

/** An attribute of the Modality Worklist that is matched or returned, PS3.4 Table K.6-1. */
export interface WorklistAttribute extends IndexedAttribute {
  /** Of the item of Scheduled Procedure Step Sequence (0040,0100). */
  readonly inStep: boolean;
}

const attribute = (inStep: boolean, tag: number, vr: IndexedAttribute['vr'], column: string, comparison: Comparison = 'text'): WorklistAttribute => ({ tag, vr, level: 'study', column: `o.${column}`, comparison, always: true, inStep });
const step = (tag: number, vr: IndexedAttribute['vr'], column: string, comparison?: Comparison): WorklistAttribute => attribute(true, tag, vr, column, comparison);
const order = (tag: number, vr: IndexedAttribute['vr'], column: string, comparison?: Comparison): WorklistAttribute => attribute(false, tag, vr, column, comparison);

export const worklistAttributes: readonly WorklistAttribute[] = [
  step(tags.ScheduledStationAETitle, 'AE', 'station_ae'),
  step(tags.ScheduledProcedureStepStartDate, 'DA', 'start_date'),
  step(tags.ScheduledProcedureStepStartTime, 'TM', 'start_time'),
  step(tags.Modality, 'CS', 'modality'),
  step(tags.ScheduledPerformingPhysicianName, 'PN', 'performing_physician', 'name'),
  step(tags.ScheduledProcedureStepDescription, 'LO', 'step_description'),
  step(tags.ScheduledStationName, 'SH', 'station_name'),
  step(tags.ScheduledProcedureStepLocation, 'SH', 'step_location'),
  step(tags.ScheduledProcedureStepID, 'SH', 'step_id'),
  order(tags.AccessionNumber, 'SH', 'accession_number'),
  order(tags.ReferringPhysicianName, 'PN', 'referring_physician', 'name'),
  { ...order(tags.PatientName, 'PN', 'patient_name', 'name'), folded: 'o.patient_name_key' },
  order(tags.PatientID, 'LO', 'patient_id'),
  order(tags.IssuerOfPatientID, 'LO', 'issuer_of_patient_id'),
  order(tags.PatientBirthDate, 'DA', 'patient_birth_date'),
  order(tags.PatientSex, 'CS', 'patient_sex'),
  order(tags.StudyInstanceUID, 'UI', 'study_instance_uid', 'uid'),
  order(tags.RequestingPhysician, 'PN', 'requesting_physician', 'name'),
  order(tags.RequestedProcedureDescription, 'LO', 'requested_procedure_description'),
  order(tags.AdmissionID, 'LO', 'admission_id'),
  order(tags.RequestedProcedureID, 'SH', 'requested_procedure_id'),
  order(tags.RequestedProcedurePriority, 'SH', 'priority'),
  order(tags.PlacerOrderNumberImagingServiceRequest, 'LO', 'placer_order_number'),
  order(tags.FillerOrderNumberImagingServiceRequest, 'LO', 'filler_order_number'),
];

export interface WorklistKey {
  readonly tag: number;
  readonly inStep: boolean;
  readonly match: Match;
}

export interface WorklistQuery {
  readonly keys: readonly WorklistKey[];
  readonly limit: number;
  readonly offset: number;
}

export function worklistAttribute(tag: number, inStep: boolean): WorklistAttribute | undefined {
  return worklistAttributes.find((candidate) => candidate.tag === tag && candidate.inStep === inStep);
}

/** Scheduled steps that match, by start; each with all attributes of the table, those of the step in their sequence. */
export async function searchWorklist(tx: Tx, query: WorklistQuery): Promise<readonly DataSet[]> {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ["o.state in ('scheduled', 'in-progress')"];
  // PS3.4 §K.6.1.2.2: ranges of start date and start time are one period.
  const stretch = startStretch(query.keys);
  if (stretch !== undefined) conditions.push(stretchCondition('o.start_date', 'o.start_time', stretch, bind));
  for (const { tag, inStep, match } of query.keys) {
    if (stretch !== undefined && inStep && tag === tags.ScheduledProcedureStepStartTime) continue;
    const known = worklistAttribute(tag, inStep);
    if (known !== undefined && match.kind !== 'universal') conditions.push(conditionOf(known, match, bind, false));
  }
  const columns = worklistAttributes.map(({ column }, n) => `${column} as c${n}`).join(', ');
  const text = `select ${columns} from imaging_order o where ${conditions.join(' and ')} order by o.start_date, o.start_time, o.id limit ${bind(query.limit)} offset ${bind(query.offset)}`;
  // Unnamed on purpose: a generic plan would scan for LIKE what a custom plan finds by index.
  return (await tx.query<Record<string, string | null>>({ name: '', text }, values)).map(dataSetOf);
}

function startStretch(keys: readonly WorklistKey[]): Stretch | undefined {
  const date = keys.find((key) => key.inStep && key.tag === tags.ScheduledProcedureStepStartDate)?.match;
  const time = keys.find((key) => key.inStep && key.tag === tags.ScheduledProcedureStepStartTime)?.match;
  return date?.kind === 'range' && time?.kind === 'range' ? { date, time } : undefined;
}

function dataSetOf(row: Readonly<Record<string, string | null>>): DataSet {
  const elements = worklistAttributes.map(({ tag, vr, inStep }, n): { readonly inStep: boolean; readonly element: Element } => {
    const value = row[`c${n}`] ?? '';
    return { inStep, element: { tag, vr, value: value === '' ? [] : [value] } };
  });
  const stepItem = DataSet.of(elements.filter((entry) => entry.inStep).map((entry) => entry.element));
  return DataSet.of([...elements.filter((entry) => !entry.inStep).map((entry) => entry.element), element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 192'), sequence(tags.ScheduledProcedureStepSequence, stepItem)]);
}
