import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { unpackFrame } from '../bit-packing.ts';
import { readCode } from '../code-sequence.ts';
import { checkEquipment } from './equipment-rules.ts';
import type { Report } from './fault.ts';
import { checkCode, conceptKey } from './item-rules.ts';

/** All rules of one segmentation by itself: PS3.3 §A.51, §C.8.20, functional groups, pixels; what viewers need (ihe.md §5.2, 27–37). */
export function checkSegmentation(dataSet: DataSet, report: Report): void {
  const algorithms = checkEquipment(dataSet, report);
  if (dataSet.string(tags.Modality) !== 'SEG') report('header', 'Modality', 'must be SEG');
  if (dataSet.strings(tags.ImageType).join('\\') !== 'DERIVED\\PRIMARY') report('image-type', 'ImageType', 'must be DERIVED\\PRIMARY');
  if (!/^[A-Z0-9_ ]{1,16}$/.test(dataSet.string(tags.ContentLabel) ?? '')) report('content-label', 'ContentLabel', 'is no CS');
  if (!['00', '01'].includes(dataSet.string(tags.LossyImageCompression) ?? '')) report('lossy', 'LossyImageCompression', 'is absent');
  checkSegments(dataSet, algorithms, report);
  checkPixels(dataSet, report);
  checkFrames(dataSet, report);
  checkReferencedSeries(dataSet, report);
}

function checkSegments(dataSet: DataSet, algorithms: readonly { readonly model: string; readonly version: string }[], report: Report): void {
  const segments = dataSet.items(tags.SegmentSequence);
  const labels = new Set<string>();
  if (segments.length === 0) report('segment-number', 'SegmentSequence', 'no segment');
  segments.forEach((segment, index) => {
    const where = `SegmentSequence[${index + 1}]`;
    if (segment.number(tags.SegmentNumber) !== index + 1) report('segment-number', where, `number is ${segment.number(tags.SegmentNumber) ?? 'absent'}, must be ${index + 1}`);
    const label = segment.string(tags.SegmentLabel) ?? '';
    if (label === '' || labels.has(label)) report('segment-label', where, 'label is empty or used twice');
    labels.add(label);
    const type = segment.string(tags.SegmentAlgorithmType) ?? '';
    if (!['AUTOMATIC', 'SEMIAUTOMATIC', 'MANUAL'].includes(type)) report('segment-algorithm-type', where, `type is "${type}"`);
    if (type !== 'MANUAL' && (segment.string(tags.SegmentAlgorithmName) ?? '') === '') report('segment-algorithm-name', where, 'names no algorithm');
    for (const [keyword, tag] of [['SegmentedPropertyCategoryCodeSequence', tags.SegmentedPropertyCategoryCodeSequence], ['SegmentedPropertyTypeCodeSequence', tags.SegmentedPropertyTypeCodeSequence]] as const) {
      const code = readCode(segment.items(tag)[0]);
      if (code === undefined) report('segment-property', `${where}.${keyword}`, 'is absent');
      else checkCode(code, `${where}.${keyword}`, report);
    }
    if (segment.has(tags.TrackingID) !== segment.has(tags.TrackingUID)) report('segment-tracking', where, 'Tracking ID and UID stand together or not at all');
    if (segment.numbers(tags.RecommendedDisplayCIELabValue).length !== 3) report('segment-color', where, 'has no recommended colour');
    const identification = segment.items(tags.SegmentationAlgorithmIdentificationSequence)[0];
    const known = algorithms.some(({ model, version }) => model === identification?.string(tags.AlgorithmName) && version === identification.string(tags.AlgorithmVersion));
    if (type !== 'MANUAL' && !known) report('segment-algorithm-equipment', where, 'algorithm is not identified, or not as in Contributing Equipment');
  });
}

/** PS3.5 §8.2: bits and length, and no frame without a pixel. */
function checkPixels(dataSet: DataSet, report: Report): void {
  const type = dataSet.string(tags.SegmentationType);
  const bits = [tags.BitsAllocated, tags.BitsStored, tags.HighBit].map((tag) => dataSet.number(tag));
  if (type !== 'BINARY') return report('segmentation-type', 'SegmentationType', `is ${type ?? 'absent'}; only BINARY is sent`);
  if (bits.join() !== '1,1,0') report('bits', 'BitsAllocated', `bits are ${bits.join('/')}, BINARY has 1/1/0`);
  const frames = dataSet.number(tags.NumberOfFrames) ?? 0;
  const pixels = (dataSet.number(tags.Rows) ?? 0) * (dataSet.number(tags.Columns) ?? 0);
  const data = dataSet.bytes(tags.PixelData);
  if (data === undefined) return;
  const needed = Math.ceil((frames * pixels) / 8);
  if (data.length !== needed + (needed % 2)) return report('pixel-length', 'PixelData', `has ${data.length} bytes, ${needed + (needed % 2)} are needed`);
  for (let frame = 0; frame < frames; frame++) {
    if (!hasPixel(data, frame, pixels)) report('frame-empty', `frame ${frame + 1}`, 'has no pixel of its segment');
  }
}

function hasPixel(data: Uint8Array, frame: number, pixels: number): boolean {
  if (pixels % 8 !== 0) return unpackFrame(data, frame, pixels).includes(1);
  const bytes = pixels / 8;
  for (let i = frame * bytes; i < (frame + 1) * bytes; i++) if (data[i] !== 0) return true;
  return false;
}

/** Functional groups, PS3.3 §C.7.6.16 and §A.51.5. */
function checkFrames(dataSet: DataSet, report: Report): void {
  const perFrame = dataSet.items(tags.PerFrameFunctionalGroupsSequence);
  const shared = dataSet.items(tags.SharedFunctionalGroupsSequence)[0];
  const spatial = dataSet.has(tags.FrameOfReferenceUID);
  const dimensions = dataSet.items(tags.DimensionIndexSequence).length;
  const segments = dataSet.items(tags.SegmentSequence).length;
  if (perFrame.length !== dataSet.number(tags.NumberOfFrames)) report('frame-count', 'PerFrameFunctionalGroupsSequence', 'has another number of items than there are frames');
  if (dimensions === 0) report('dimensions', 'DimensionIndexSequence', 'is absent');
  if (!spatial && perFrame.some((frame) => frame.has(tags.PlanePositionSequence))) report('frame-of-reference', 'FrameOfReferenceUID', 'positions without a frame of reference');
  if (spatial && shared?.has(tags.PlaneOrientationSequence) !== true) report('plane-orientation', 'SharedFunctionalGroupsSequence', 'has no orientation');
  if (spatial && shared?.has(tags.PixelMeasuresSequence) !== true) report('pixel-measures', 'SharedFunctionalGroupsSequence', 'has no pixel measures');
  let previous = 0;
  perFrame.forEach((frame, index) => {
    const where = `frame ${index + 1}`;
    const values = frame.items(tags.FrameContentSequence)[0]?.numbers(tags.DimensionIndexValues);
    if (values === undefined) report('frame-content', where, 'has no frame content');
    else if (values.length !== dimensions) report('dimension-values', where, `${values.length} values for ${dimensions} dimensions`);
    const number = frame.items(tags.SegmentIdentificationSequence)[0]?.number(tags.ReferencedSegmentNumber);
    if (number === undefined || number < 1 || number > segments) report('segment-identification', where, 'names no segment of the object');
    else if (number < previous) report('frame-order', where, 'frames are not sorted by segment');
    previous = number ?? previous;
    if (spatial && frame.items(tags.PlanePositionSequence)[0]?.numbers(tags.ImagePositionPatient).length !== 3) report('plane-position', where, 'has no position');
    const source = frame.items(tags.DerivationImageSequence)[0]?.items(tags.SourceImageSequence)[0];
    if (source?.string(tags.ReferencedSOPInstanceUID) === undefined) report('derivation-image', where, 'names no source image');
    else if (conceptKey(readCode(source.items(tags.PurposeOfReferenceCodeSequence)[0]) ?? null) !== 'DCM 121322') report('derivation-purpose', where, 'source image without its purpose (121322, DCM)');
  });
}

/** Common Instance Reference: one series, and in it each image that a frame was made from. */
function checkReferencedSeries(dataSet: DataSet, report: Report): void {
  const series = dataSet.items(tags.ReferencedSeriesSequence);
  if (series.length !== 1) return report('referenced-series', 'ReferencedSeriesSequence', `has ${series.length} items, must have the source series`);
  const listed = new Set(series[0]?.items(tags.ReferencedInstanceSequence).map((item) => item.string(tags.ReferencedSOPInstanceUID)));
  const used = dataSet.items(tags.PerFrameFunctionalGroupsSequence).map((frame) => sourceOfFrame(frame)?.string(tags.ReferencedSOPInstanceUID));
  for (const uid of new Set(used)) if (uid !== undefined && !listed.has(uid)) report('referenced-series', 'ReferencedSeriesSequence', `${uid} is not listed`);
}

export function sourceOfFrame(frame: DataSet): DataSet | undefined {
  return frame.items(tags.DerivationImageSequence)[0]?.items(tags.SourceImageSequence)[0];
}
