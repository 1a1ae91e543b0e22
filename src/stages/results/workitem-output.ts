import { DataSet } from '../../standards/dicom/data-set.ts';
import { element, sequence } from '../../standards/dicom/element.ts';
import { toDicomJson } from '../../standards/dicom/json-model.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { BuiltDicom } from './build-results.ts';

export interface PerformedStep {
  readonly studyInstanceUid: string;
  readonly stationName: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly outputs: readonly BuiltDicom[];
}

/** What a completed workitem says beyond a scheduled one: progress 100 and the performed procedure with its output, PS3.4 Table CC.2.5-3. */
export function performedAttributes(step: PerformedStep): object {
  const performed = DataSet.of([
    element(tags.PerformedProcedureStepStartDateTime, 'DT', dateTime(step.startedAt)),
    element(tags.PerformedProcedureStepEndDateTime, 'DT', dateTime(step.finishedAt)),
    sequence(tags.PerformedStationNameCodeSequence, code('99ISOCENTER', 'GATEWAY', step.stationName)),
    sequence(tags.PerformedWorkitemCodeSequence, code('DCM', '110004', 'Computer Aided Detection')),
    element(tags.PerformedProcedureStepDescription, 'LO', 'AI analysis'),
    sequence(tags.OutputInformationSequence, step.outputs.map((output) => outputItem(step.studyInstanceUid, output))),
  ]);
  const progress = DataSet.of([element(tags.ProcedureStepProgress, 'DS', '100')]);
  return toDicomJson(
    DataSet.of([sequence(tags.ProcedureStepProgressInformationSequence, progress), sequence(tags.UnifiedProcedureStepPerformedProcedureSequence, performed)]),
  );
}

function outputItem(studyInstanceUid: string, output: BuiltDicom): DataSet {
  const reference = DataSet.of([element(tags.ReferencedSOPClassUID, 'UI', output.sopClassUid), element(tags.ReferencedSOPInstanceUID, 'UI', output.sopInstanceUid)]);
  return DataSet.of([
    element(tags.TypeOfInstances, 'CS', 'DICOM'),
    element(tags.StudyInstanceUID, 'UI', studyInstanceUid),
    element(tags.SeriesInstanceUID, 'UI', output.seriesInstanceUid),
    sequence(tags.ReferencedSOPSequence, reference),
  ]);
}

function code(scheme: string, value: string, meaning: string): DataSet {
  return DataSet.of([element(tags.CodeValue, 'SH', value), element(tags.CodingSchemeDesignator, 'SH', scheme), element(tags.CodeMeaning, 'LO', meaning.slice(0, 64))]);
}

/** DT in UTC with its offset, PS3.5 §6.2. */
function dateTime(at: Date): string {
  return `${at.toISOString().replaceAll(/[-:TZ]/g, '').slice(0, 18)}+0000`;
}
