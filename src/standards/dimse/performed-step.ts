import type { DataSet } from '../dicom/data-set.ts';
import { tags } from '../dicom/tags.ts';
import { statuses } from './statuses.ts';

/** Modality Performed Procedure Step SOP Class, PS3.4 §F.7. */
export const modalityPerformedStep = '1.2.840.10008.3.1.2.3.3';
/** Instance Availability Notification SOP Class, PS3.4 §R.3. */
export const instanceAvailabilityNotification = '1.2.840.10008.5.1.4.33';

/** Why a message is refused: the fields of its answer. */
export interface StepRefusal {
  readonly status: number;
  readonly errorComment: string;
  readonly errorId?: number;
  readonly offendingElements?: readonly number[];
}

const TYPE_1_AT_CREATION: readonly number[] = [
  tags.ScheduledStepAttributesSequence, tags.PerformedProcedureStepID, tags.PerformedStationAETitle, tags.PerformedProcedureStepStartDate, tags.PerformedProcedureStepStartTime,
  tags.PerformedProcedureStepStatus, tags.Modality,
];
// PS3.4 Table F.7.2-1: these are fixed when the step is created.
const NOT_TO_BE_SET: readonly number[] = [
  tags.ScheduledStepAttributesSequence, tags.PatientName, tags.PatientID, tags.PatientBirthDate, tags.PatientSex, tags.PerformedProcedureStepID, tags.PerformedStationAETitle,
  tags.PerformedStationName, tags.PerformedLocation, tags.PerformedProcedureStepStartDate, tags.PerformedProcedureStepStartTime, tags.Modality, tags.StudyID,
];

/** What is wrong with the attributes of an N-CREATE (PS3.4 §F.7.2.1); undefined = nothing. */
export function checkStepCreation(attributes: DataSet): StepRefusal | undefined {
  const missing = TYPE_1_AT_CREATION.find((tag) => isEmpty(attributes, tag));
  if (missing !== undefined) return { status: attributes.has(missing) ? statuses.missingAttributeValue : statuses.missingAttribute, errorComment: 'a type 1 attribute is missing or empty', offendingElements: [missing] };
  if (attributes.string(tags.PerformedProcedureStepStatus) !== 'IN PROGRESS') return { status: statuses.invalidAttributeValue, errorComment: 'a step is created IN PROGRESS', offendingElements: [tags.PerformedProcedureStepStatus] };
  const withoutStudy = attributes.items(tags.ScheduledStepAttributesSequence).some((entry) => isEmpty(entry, tags.StudyInstanceUID));
  return withoutStudy ? { status: statuses.missingAttributeValue, errorComment: 'a scheduled step has no Study Instance UID', offendingElements: [tags.StudyInstanceUID] } : undefined;
}

/** What is wrong with the modifications of an N-SET (PS3.4 §F.7.2.2), given the state and attributes so far; undefined = nothing. */
export function checkStepChange(state: string, before: DataSet, changes: DataSet): StepRefusal | undefined {
  // PS3.4 Table F.7.2-3: error id A710 says why.
  if (state !== 'IN PROGRESS') return { status: statuses.processingFailure, errorId: 0xa710, errorComment: 'Performed Procedure Step Object may no longer be updated' };
  const forbidden = NOT_TO_BE_SET.find((tag) => changes.has(tag));
  if (forbidden !== undefined) return { status: statuses.noSuchAttribute, errorComment: 'an attribute that is fixed at creation', offendingElements: [forbidden] };
  const next = changes.string(tags.PerformedProcedureStepStatus) ?? state;
  if (!['IN PROGRESS', 'COMPLETED', 'DISCONTINUED'].includes(next)) return { status: statuses.invalidAttributeValue, errorComment: 'no such status', offendingElements: [tags.PerformedProcedureStepStatus] };
  return next === 'IN PROGRESS' ? undefined : checkFinal(before.with(...changes), next);
}

/** PS3.4 §F.7.2.2.2: what a step must say before it ends. */
function checkFinal(attributes: DataSet, state: string): StepRefusal | undefined {
  const wanted = [tags.PerformedProcedureStepEndDate, tags.PerformedProcedureStepEndTime, ...(state === 'COMPLETED' ? [tags.PerformedSeriesSequence] : [])];
  const missing = wanted.find((tag) => isEmpty(attributes, tag));
  if (missing !== undefined) return { status: attributes.has(missing) ? statuses.missingAttributeValue : statuses.missingAttribute, errorComment: 'a final state needs it', offendingElements: [missing] };
  const series = attributes.items(tags.PerformedSeriesSequence).find((entry) => isEmpty(entry, tags.SeriesInstanceUID));
  return series === undefined ? undefined : { status: statuses.missingAttributeValue, errorComment: 'a performed series has no UID', offendingElements: [tags.SeriesInstanceUID] };
}

export interface StepReferences {
  readonly studyInstanceUids: readonly string[];
  /** Scheduled Procedure Step IDs it fulfils; none for unscheduled steps. */
  readonly stepIds: readonly string[];
  /** Images and other objects of its series. */
  readonly instances: readonly string[];
}

export function stepReferences(attributes: DataSet): StepReferences {
  const scheduled = attributes.items(tags.ScheduledStepAttributesSequence);
  const series = attributes.items(tags.PerformedSeriesSequence);
  const objects = series.flatMap((entry) => [...entry.items(tags.ReferencedImageSequence), ...entry.items(tags.ReferencedNonImageCompositeSOPInstanceSequence)]);
  return {
    studyInstanceUids: unique(scheduled.map((entry) => entry.string(tags.StudyInstanceUID))),
    stepIds: unique(scheduled.map((entry) => entry.string(tags.ScheduledProcedureStepID))),
    instances: unique(objects.map((entry) => entry.string(tags.ReferencedSOPInstanceUID))),
  };
}

/** (110514, DCM, "Incorrect worklist entry selected"), PS3.16 CID 9300: the images belong to somebody else. */
export function isWrongWorklistEntry(attributes: DataSet): boolean {
  return attributes.items(tags.PerformedProcedureStepDiscontinuationReasonCodeSequence).some((code) => code.string(tags.CodeValue) === '110514' && code.string(tags.CodingSchemeDesignator) === 'DCM');
}

export interface AvailabilityNotice {
  readonly studyInstanceUid: string;
  /** Instances said to be available (ONLINE, NEARLINE or OFFLINE; not UNAVAILABLE). */
  readonly instances: readonly string[];
}

/** Reads the attributes of an Instance Availability Notification, PS3.4 Table R.3.1-1; undefined when it names no study or no instance. */
export function availabilityNotice(attributes: DataSet): AvailabilityNotice | undefined {
  const studyInstanceUid = attributes.string(tags.StudyInstanceUID) ?? '';
  const objects = attributes.items(tags.ReferencedSeriesSequence).flatMap((series) => series.items(tags.ReferencedSOPSequence));
  const instances = unique(objects.filter((object) => object.string(tags.InstanceAvailability) !== 'UNAVAILABLE').map((object) => object.string(tags.ReferencedSOPInstanceUID)));
  return studyInstanceUid === '' || instances.length === 0 ? undefined : { studyInstanceUid, instances };
}

function isEmpty(dataSet: DataSet, tag: number): boolean {
  return dataSet.items(tag).length === 0 && dataSet.strings(tag).every((text) => text === '');
}

function unique(texts: readonly (string | undefined)[]): string[] {
  return [...new Set(texts.filter((text): text is string => text !== undefined && text !== ''))];
}
