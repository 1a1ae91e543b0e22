import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { severityOf } from './fault.ts';
import type { Fault, Report } from './fault.ts';
import { checkReport } from './report-rules.ts';
import { checkReportAgainstSegmentations } from './report-segmentation-rules.ts';
import { checkRendition, keyObjectSelection, renditionClasses } from './rendition-rules.ts';
import { checkSegmentation } from './segmentation-rules.ts';
import { checkCoordinates, checkDrift, checkGeometry } from './source-rules.ts';

export interface ObjectToCheck {
  /** For the faults: a file name or a SOP Instance UID. */
  readonly name: string;
  readonly dataSet: DataSet;
}

const segmentationClasses = new Set(['1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7']);

/**
 * Every fault of a set of result objects: reports, segmentations and renditions by themselves, against each other, and against those source images
 * that are among the objects (anything else). What PS3.16 TID 1500 and IHE AIR ask and no available validator looks at.
 * A set without errors may leave. Without sources, patient, study and geometry are not compared.
 */
export function checkResultObjects(objects: readonly ObjectToCheck[]): readonly Fault[] {
  const faults: Fault[] = [];
  const kinds = objects.map((object) => ({ ...object, kind: kindOf(object.dataSet) }));
  const byUid = (kind: string): ReadonlyMap<string, DataSet> =>
    new Map(kinds.filter((object) => object.kind === kind).map(({ dataSet }) => [dataSet.string(tags.SOPInstanceUID) ?? '', dataSet]));
  const sources = byUid('source');
  const segmentations = byUid('segmentation');
  for (const { name, dataSet, kind } of kinds) {
    if (kind === 'source') continue;
    const report: Report = (rule, where, message) => faults.push({ rule, severity: severityOf(rule), object: name, where, message });
    if (kind === 'report') {
      checkReport(dataSet, report);
      checkReportAgainstSegmentations(dataSet, segmentations, report);
      checkCoordinates(dataSet, sources, report);
    } else if (kind === 'segmentation') {
      checkSegmentation(dataSet, report);
      checkGeometry(dataSet, sources, report);
    } else checkRendition(dataSet, sources, report);
    checkDrift(dataSet, [...sources.values()], report);
  }
  return faults;
}

function kindOf(dataSet: DataSet): 'report' | 'segmentation' | 'rendition' | 'source' {
  const sopClass = dataSet.string(tags.SOPClassUID) ?? '';
  if (segmentationClasses.has(sopClass)) return 'segmentation';
  // A screenshot of somebody else may be a source: ours names an algorithm.
  if (renditionClasses.has(sopClass)) return sopClass === keyObjectSelection || dataSet.has(tags.ContributingEquipmentSequence) ? 'rendition' : 'source';
  return sopClass.startsWith('1.2.840.10008.5.1.4.1.1.88.') ? 'report' : 'source';
}
