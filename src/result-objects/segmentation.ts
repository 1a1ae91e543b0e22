import type { Analysis, SegmentMask } from '../domain/findings.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { clipped } from './clipped.ts';
import { isEmptyMask, packFrames } from './bit-packing.ts';
import { toCieLab16 } from './cielab.ts';
import { codeSequence } from './code-sequence.ts';
import { analysisHeader, commonModules } from './common-modules.ts';
import { disclosure } from './disclosure.ts';
import { sourceEvidence, evidenceItems } from './evidence.ts';
import type { ResultContext } from './result-context.ts';
import { lossyHistory } from './source-geometry.ts';
import { isSpatial, segmentationFrames } from './segmentation-frames.ts';
import type { PlacedMask, SegmentationRequest } from './segmentation-frames.ts';

export const segmentationStorage = '1.2.840.10008.5.1.4.1.1.66.4';

/**
 * The masks of an analysis as one BINARY Segmentation (PS3.3 §A.51) on the grid of the source images; frames sorted by segment, then by
 * image; empty frames left out. The same request gives the same data set.
 *
 * Returns undefined when no segment has a pixel: there is nothing to write then, and the SR says so.
 * Limits: all segments share rows and columns (the grid of one series).
 */
export function buildSegmentation(request: SegmentationRequest): DataSet | undefined {
  const { analysis, context, identity } = request;
  const first = analysis.segments[0];
  const masks = placedMasks(analysis.segments);
  if (first === undefined || masks.length === 0) return undefined;

  const pixels = packFrames(
    masks.map((mask) => mask.frame.mask),
    first.rows * first.columns,
  );
  return DataSet.of([
    ...commonModules({ analysis, context, identity, sopClassUid: segmentationStorage, modality: 'SEG', title: 'AI segmentation' }),
    ...frameOfReference(analysis, context),
    ...imageModules(first, masks.length, analysis, context),
    sequence(tags.SegmentSequence, ...analysis.segments.map((segment) => segmentItem(segment, analysis))),
    sequence(tags.ReferencedSeriesSequence, ...referencedSeries(analysis)),
    ...segmentationFrames(masks, request),
    element(tags.PixelData, 'OB', pixels),
  ]);
}

/** PS3.3 §C.8.20.2: numbers run 1..n without a gap; a segment without pixels is described and has no frames. */
function placedMasks(segments: readonly SegmentMask[]): readonly PlacedMask[] {
  return segments.flatMap((segment, index) => {
    if (segment.number !== index + 1) throw new Error('segments must be numbered 1..n in order');
    return [...segment.frames]
      .filter((frame) => !isEmptyMask(frame.mask))
      .sort((a, b) => a.imageIndex - b.imageIndex)
      .map((frame): PlacedMask => ({ segment: segment.number, frame }));
  });
}

/** Frame of Reference of the source; without positions there is none, and the patient's orientation is asked for instead (type 2C). */
function frameOfReference(analysis: Analysis, context: ResultContext): readonly Element[] {
  const header = analysisHeader(analysis, context);
  if (!isSpatial(analysis, context.headers)) return [element(tags.PatientOrientation, 'CS', ...header.strings(tags.PatientOrientation))];
  return [
    element(tags.FrameOfReferenceUID, 'UI', analysis.source.frameOfReferenceUid ?? ''),
    element(tags.PositionReferenceIndicator, 'LO', ...header.strings(tags.PositionReferenceIndicator)),
  ];
}

function imageModules(first: SegmentMask, frames: number, analysis: Analysis, context: ResultContext): readonly Element[] {
  const history = lossyHistory(context.headers.values());
  return [
    element(tags.ImageType, 'CS', 'DERIVED', 'PRIMARY'),
    element(tags.SamplesPerPixel, 'US', 1),
    element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.NumberOfFrames, 'IS', String(frames)),
    element(tags.Rows, 'US', first.rows),
    element(tags.Columns, 'US', first.columns),
    element(tags.BitsAllocated, 'US', 1),
    element(tags.BitsStored, 'US', 1),
    element(tags.HighBit, 'US', 0),
    element(tags.PixelRepresentation, 'US', 0),
    element(tags.LossyImageCompression, 'CS', history.lossy ? '01' : '00'),
    ...(history.ratios.length > 0 ? [element(tags.LossyImageCompressionRatio, 'DS', ...history.ratios)] : []),
    ...(history.methods.length > 0 ? [element(tags.LossyImageCompressionMethod, 'CS', ...history.methods)] : []),
    element(tags.SegmentationType, 'CS', 'BINARY'),
    element(tags.SegmentsOverlap, 'CS', 'UNDEFINED'),
    element(tags.ContentLabel, 'CS', 'AI_SEGMENTATION'),
    element(tags.ContentDescription, 'LO', clipped(disclosure(analysis.model), 64)),
    element(tags.ContentCreatorName, 'PN', ''),
  ];
}

function segmentItem(segment: SegmentMask, { model }: Analysis): DataSet {
  const anatomy = segment.anatomy;
  return DataSet.of([
    element(tags.SegmentNumber, 'US', segment.number),
    element(tags.SegmentLabel, 'LO', clipped(segment.label, 64)),
    element(tags.SegmentDescription, 'ST', clipped(disclosure(model), 1024)),
    element(tags.SegmentAlgorithmType, 'CS', 'AUTOMATIC'),
    element(tags.SegmentAlgorithmName, 'LO', clipped(`${model.name} ${model.version}`, 64)),
    sequence(tags.SegmentationAlgorithmIdentificationSequence, algorithmItem(model)),
    codeSequence(tags.SegmentedPropertyCategoryCodeSequence, segment.category),
    codeSequence(tags.SegmentedPropertyTypeCodeSequence, segment.property),
    ...(anatomy === null ? [] : [anatomicRegion(anatomy)]),
    element(tags.TrackingID, 'UT', segment.trackingId),
    element(tags.TrackingUID, 'UI', segment.trackingUid),
    element(tags.RecommendedDisplayCIELabValue, 'US', ...toCieLab16(segment.color)),
  ]);
}

function anatomicRegion(anatomy: NonNullable<SegmentMask['anatomy']>): Element {
  const region = codeSequence(tags.AnatomicRegionSequence, anatomy.site);
  if (anatomy.laterality === null) return region;
  const [item] = region.value as readonly DataSet[];
  return sequence(tags.AnatomicRegionSequence, item!.with(codeSequence(tags.AnatomicRegionModifierSequence, anatomy.laterality)));
}

/** Algorithm Identification macro (PS3.3 §10.16), equal to the Contributing Equipment item (IHE AIR table 6.5.3.1-1). */
function algorithmItem(model: Analysis['model']): DataSet {
  return DataSet.of([
    codeSequence(tags.AlgorithmFamilyCodeSequence, model.family),
    element(tags.AlgorithmName, 'LO', clipped(model.name, 64)),
    element(tags.AlgorithmVersion, 'LO', clipped(model.version, 64)),
    element(tags.AlgorithmSource, 'LO', clipped(model.manufacturer, 64)),
    ...(model.parameters.length > 0 ? [element(tags.AlgorithmParameters, 'LT', model.parameters.join('; '))] : []),
  ]);
}

/** Common Instance Reference module: the source series alone, its instance list complete. */
export function referencedSeries(analysis: Analysis): readonly DataSet[] {
  const study = evidenceItems(sourceEvidence(analysis))[0];
  return (study?.items(tags.ReferencedSeriesSequence) ?? []).map((series) =>
    DataSet.of([...series].map((element) => (element.tag === tags.ReferencedSOPSequence ? { ...element, tag: tags.ReferencedInstanceSequence } : element))),
  );
}

