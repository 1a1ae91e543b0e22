import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { requiredFromSource } from '../copied-modules-table.ts';
import { descendants } from '../content-item.ts';
import { readContentTree } from '../content-item-reader.ts';
import { frameGeometry } from '../source-geometry.ts';
import type { Report } from './fault.ts';
import { sourceOfFrame } from './segmentation-rules.ts';

const identityTags: readonly (readonly [string, number])[] = [
  ['StudyInstanceUID', tags.StudyInstanceUID],
  ['IssuerOfPatientID', tags.IssuerOfPatientID],
  ...requiredFromSource.map(([tag]): readonly [string, number] => [`(${tag.toString(16).padStart(8, '0')})`, tag]),
];

/** The result is of the same patient and study as its sources, to the letter (IHE AIR G11). No value is put into the message. */
export function checkDrift(result: DataSet, sources: readonly DataSet[], report: Report): void {
  const source = sources.find((candidate) => candidate.string(tags.StudyInstanceUID) === result.string(tags.StudyInstanceUID));
  if (source === undefined) {
    if (sources.length > 0) report('study-drift', 'StudyInstanceUID', 'is of no source image');
    return;
  }
  for (const [keyword, tag] of identityTags) {
    if (result.strings(tag).join('\\') !== source.strings(tag).join('\\')) report('patient-study-drift', keyword, 'differs from the source image');
  }
}

/** The segmentation lies on the grid of its source images: same frame of reference, size, spacing, orientation, positions to the letter. */
export function checkGeometry(segmentation: DataSet, sources: ReadonlyMap<string, DataSet>, report: Report): void {
  const shared = segmentation.items(tags.SharedFunctionalGroupsSequence)[0];
  segmentation.items(tags.PerFrameFunctionalGroupsSequence).forEach((frame, index) => {
    const reference = sourceOfFrame(frame);
    const source = sources.get(reference?.string(tags.ReferencedSOPInstanceUID) ?? '');
    if (source === undefined) return;
    const where = `frame ${index + 1}`;
    const own = frameGeometry(segmentation, index + 1);
    const expected = frameGeometry(source, reference?.number(tags.ReferencedFrameNumber) ?? null);
    const same = (rule: string, a: unknown, b: unknown, what: string): void => {
      if (JSON.stringify(a) !== JSON.stringify(b)) report(rule, where, `${what} differs from the source image`);
    };
    const placed = expected.position !== null && source.has(tags.FrameOfReferenceUID);
    if (placed) same('frame-of-reference', segmentation.string(tags.FrameOfReferenceUID), source.string(tags.FrameOfReferenceUID), 'frame of reference');
    same('grid-size', [segmentation.number(tags.Rows), segmentation.number(tags.Columns)], [source.number(tags.Rows), source.number(tags.Columns)], 'size');
    if (!placed) return;
    same('position', own.position, expected.position, 'position');
    if (shared !== undefined) same('orientation', own.orientation, expected.orientation, 'orientation');
    same('spacing', own.pixelSpacing, expected.pixelSpacing, 'pixel spacing');
    if (source.string(tags.LossyImageCompression) === '01' && segmentation.string(tags.LossyImageCompression) !== '01') report('lossy', where, 'source was compressed with loss and the segmentation does not say so');
  });
}

/** Coordinates of the report are in the frame of reference of a source, and frames of multi-frame images are named. */
export function checkCoordinates(result: DataSet, sources: ReadonlyMap<string, DataSet>, report: Report): void {
  if (sources.size === 0) return;
  const frames = new Set([...sources.values()].map((source) => source.string(tags.FrameOfReferenceUID)));
  for (const item of descendants(readContentTree(result))) {
    if (item.valueType === 'SCOORD3D' && !frames.has(item.frameOfReferenceUid)) report('scoord3d-frame-of-reference', item.concept?.value ?? 'SCOORD3D', 'is of no source image');
    if (item.valueType !== 'IMAGE' || item.relationship !== 'SELECTED FROM' || item.reference === null) continue;
    const source = sources.get(item.reference.sopInstanceUid);
    const multi = (source?.number(tags.NumberOfFrames) ?? 1) > 1;
    if (source !== undefined && multi !== (item.reference.frames.length > 0)) report('frame-number', 'SELECTED FROM', 'a frame number belongs to multi-frame images, and to them only');
  }
}
