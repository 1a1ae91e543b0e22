import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { readContentTree } from '../content-item-reader.ts';
import type { Report } from './fault.ts';
import { textOf } from './group-rules.ts';
import { conceptKey } from './item-rules.ts';
import { measurementGroups } from './report-rules.ts';

/** Each segment that the report refers to exists and carries the tracking pair of its group (IHE AIR, tracking identifier primitive). */
export function checkReportAgainstSegmentations(result: DataSet, segmentations: ReadonlyMap<string, DataSet>, report: Report): void {
  measurementGroups(readContentTree(result)).forEach((group, index) => {
    const where = `/126010/125007[${index + 1}]`;
    for (const child of group.children) {
      if (child.valueType !== 'IMAGE' || child.reference === null || !['DCM 121191', 'DCM 121214'].includes(conceptKey(child.concept))) continue;
      const segmentation = segmentations.get(child.reference.sopInstanceUid);
      if (segmentation === undefined) continue;
      if (segmentation.string(tags.StudyInstanceUID) !== result.string(tags.StudyInstanceUID)) report('segmentation-study', where, 'segmentation is of another study');
      const number = child.reference.segments[0];
      const segment = segmentation.items(tags.SegmentSequence).find((item) => item.number(tags.SegmentNumber) === number);
      if (segment === undefined) report('segment-unknown', where, `segmentation has no segment ${number ?? '(none named)'}`);
      else if (segment.string(tags.TrackingUID) !== textOf(group, 'DCM 112040') || segment.string(tags.TrackingID) !== textOf(group, 'DCM 112039')) report('segment-tracking', where, 'tracking of segment and group differ');
    }
  });
}
