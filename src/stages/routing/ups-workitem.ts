import type { CodedConcept } from '../../domain/coded-concept.ts';
import type { Job } from '../../store/inference-job.ts';
import { DataSet, type Element } from '../../standards/dicom/data-set.ts';
import { element } from '../../standards/dicom/element.ts';
import { tags } from '../../standards/dicom/tags.ts';

/** What a workitem says besides its job. */
export interface WorkitemFacts {
  readonly modelName: string;
  /** A header of the study: patient and order attributes are copied from it. */
  readonly header: DataSet;
  readonly sopClassOf: (sopInstanceUid: string) => string;
  /** AE title under which the images can be retrieved. */
  readonly retrieveAe: string;
  readonly at: Date;
}

const DETECTION: CodedConcept = { scheme: 'DCM', value: '110004', meaning: 'Computer Aided Detection' };

/** The Unified Procedure Step of a job as it is created: PS3.4 §CC.2.5, type 1 and 2 attributes all present (Table CC.2.5-3). */
export function workitemOf(job: Job, facts: WorkitemFacts): DataSet {
  const { header } = facts;
  const copied = [tags.PatientName, tags.PatientID, tags.PatientBirthDate, tags.PatientSex].map((tag) => header.get(tag) ?? empty(tag));
  return DataSet.of([
    ...copied,
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 192'),
    element(tags.ScheduledProcedureStepPriority, 'CS', job.priority > 0 ? 'HIGH' : 'MEDIUM'),
    element(tags.ScheduledProcedureStepModificationDateTime, 'DT', dateTime(facts.at)),
    element(tags.ProcedureStepLabel, 'LO', `AI ${facts.modelName}`.slice(0, 64)),
    element(tags.WorklistLabel, 'LO', 'isocenter AI'),
    element(tags.ScheduledProcedureStepStartDateTime, 'DT', dateTime(facts.at)),
    element(tags.ScheduledWorkitemCodeSequence, 'SQ', [codeItem(DETECTION), codeItem({ scheme: '99ISOCENTER', value: job.model_id.slice(0, 16).toUpperCase(), meaning: facts.modelName.slice(0, 64) })]),
    element(tags.InputReadinessState, 'CS', 'READY'),
    element(tags.InputInformationSequence, 'SQ', [inputItem(job, facts)]),
    element(tags.StudyInstanceUID, 'UI', job.study_instance_uid),
    element(tags.AdmissionID, 'LO'),
    element(tags.ReferencedRequestSequence, 'SQ', requestItems(job, header)),
    element(tags.ScheduledStationNameCodeSequence, 'SQ', []),
    element(tags.ScheduledProcessingParametersSequence, 'SQ', []),
    element(tags.ProcedureStepProgressInformationSequence, 'SQ', []),
    element(tags.UnifiedProcedureStepPerformedProcedureSequence, 'SQ', []),
  ]);
}

function inputItem(job: Job, facts: WorkitemFacts): DataSet {
  const references = job.input.instances.map((uid) =>
    DataSet.of([element(tags.ReferencedSOPClassUID, 'UI', facts.sopClassOf(uid)), element(tags.ReferencedSOPInstanceUID, 'UI', uid)]),
  );
  return DataSet.of([
    element(tags.TypeOfInstances, 'CS', 'DICOM'),
    element(tags.StudyInstanceUID, 'UI', job.study_instance_uid),
    element(tags.SeriesInstanceUID, 'UI', job.series_instance_uid),
    element(tags.ReferencedSOPSequence, 'SQ', references),
    element(tags.DICOMRetrievalSequence, 'SQ', [DataSet.of([element(tags.RetrieveAETitle, 'AE', facts.retrieveAe)])]),
  ]);
}

function requestItems(job: Job, header: DataSet): DataSet[] {
  const accession = header.string(tags.AccessionNumber);
  if (accession === undefined) return [];
  return [DataSet.of([element(tags.StudyInstanceUID, 'UI', job.study_instance_uid), element(tags.AccessionNumber, 'SH', accession)])];
}

function codeItem(code: CodedConcept): DataSet {
  return DataSet.of([element(tags.CodeValue, 'SH', code.value), element(tags.CodingSchemeDesignator, 'SH', code.scheme), element(tags.CodeMeaning, 'LO', code.meaning)]);
}

function empty(tag: number): Element {
  const vr = ({ [tags.PatientName]: 'PN', [tags.PatientID]: 'LO', [tags.PatientBirthDate]: 'DA', [tags.PatientSex]: 'CS' } as const)[tag] ?? 'LO';
  return { tag, vr, value: [] };
}

/** DT in UTC with its offset, PS3.5 §6.2. */
function dateTime(at: Date): string {
  return `${at.toISOString().replace(/[-:TZ]/g, '').slice(0, 18)}+0000`;
}
