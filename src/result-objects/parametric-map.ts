import { concept } from '../domain/codes/concepts.ts';
import type { ConceptKey } from '../domain/codes/concepts.ts';
import { derivedUid } from '../foundation/uid.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { clipped } from './clipped.ts';
import { codeSequence } from './code-sequence.ts';
import { analysisHeader, commonModules } from './common-modules.ts';
import { disclosure } from './disclosure.ts';
import type { RenditionRequest } from './key-object-selection.ts';
import { isSpatial, segmentationFrames } from './segmentation-frames.ts';
import { referencedSeries } from './segmentation.ts';
import { lossyHistory } from './source-geometry.ts';

export const parametricMapStorage = '1.2.840.10008.5.1.4.1.1.30';

/** What a network looked at, on the grid of the source. */
export interface SaliencyMap {
  /** (130402, DCM, "Class activation") or (130403, DCM, "Gradient-weighted class activation"), CID 217. */
  readonly quantity: Extract<ConceptKey, 'xai-cam' | 'xai-gradcam'>;
  readonly rows: number;
  readonly columns: number;
  /** One value a pixel, row-major, 0 = no influence; only images that have a map. */
  readonly frames: readonly { readonly imageIndex: number; readonly values: Float32Array }[];
}

/**
 * A saliency map as Parametric Map (PS3.3 §A.75) of 32-bit floats on the source grid, each frame with the image it derives from.
 *
 * Undefined for sources without a frame of reference, which the object must have, and for an empty map: photographs and projections get a
 * Secondary Capture instead.
 */
export function buildParametricMap(request: RenditionRequest, map: SaliencyMap): DataSet | undefined {
  const { analysis, context, identity } = request;
  if (map.frames.length === 0 || !isSpatial(analysis, context.headers)) return undefined;
  const frames = [...map.frames].sort((a, b) => a.imageIndex - b.imageIndex);
  const header = analysisHeader(analysis, context);
  const modality = analysis.source.modality;
  return DataSet.of([
    ...commonModules({ analysis, context, identity, sopClassUid: parametricMapStorage, modality, title: 'AI saliency map' }),
    element(tags.FrameOfReferenceUID, 'UI', analysis.source.frameOfReferenceUid ?? ''),
    element(tags.PositionReferenceIndicator, 'LO', ...header.strings(tags.PositionReferenceIndicator)),
    // Type 2C for a paired part; empty where the source says neither part nor side.
    ...(header.has(tags.BodyPartExamined) ? [header.get(tags.BodyPartExamined)!] : []),
    element(tags.Laterality, 'CS', ...header.strings(tags.Laterality)),
    sequence(tags.AcquisitionContextSequence),
    ...imageModules(request, map),
    sequence(tags.ReferencedSeriesSequence, ...referencedSeries(analysis)),
    ...groups(request, map, frames.map(({ imageIndex }) => imageIndex)),
    element(tags.FloatPixelData, 'OF', floats(frames.map(({ values }) => values), map.rows * map.columns)),
  ]);
}

function imageModules({ analysis, context }: RenditionRequest, { rows, columns, frames }: SaliencyMap): readonly Element[] {
  const history = lossyHistory(context.headers.values());
  return [
    element(tags.ImageType, 'CS', 'DERIVED', 'PRIMARY', 'VOLUME', 'QUANTITY'),
    element(tags.SamplesPerPixel, 'US', 1),
    element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.NumberOfFrames, 'IS', String(frames.length)),
    element(tags.Rows, 'US', rows),
    element(tags.Columns, 'US', columns),
    element(tags.BitsAllocated, 'US', 32),
    element(tags.PresentationLUTShape, 'CS', 'IDENTITY'),
    element(tags.BurnedInAnnotation, 'CS', 'NO'),
    element(tags.RecognizableVisualFeatures, 'CS', 'NO'),
    element(tags.LossyImageCompression, 'CS', history.lossy ? '01' : '00'),
    ...(history.ratios.length > 0 ? [element(tags.LossyImageCompressionRatio, 'DS', ...history.ratios)] : []),
    ...(history.methods.length > 0 ? [element(tags.LossyImageCompressionMethod, 'CS', ...history.methods)] : []),
    element(tags.ContentQualification, 'CS', 'RESEARCH'),
    element(tags.ContentLabel, 'CS', 'AI_SALIENCY'),
    element(tags.ContentDescription, 'LO', clipped(disclosure(analysis.model), 64)),
    element(tags.ContentCreatorName, 'PN', ''),
  ];
}

/** The functional groups of a segmentation on the same images, without segments, with what the values mean (PS3.3 §A.75.5). */
function groups(request: RenditionRequest, map: SaliencyMap, imageIndices: readonly number[]): readonly Element[] {
  const used = segmentationFrames(imageIndices.map((imageIndex) => ({ segment: 1, frame: { imageIndex, mask: new Uint8Array() } })), request);
  const find = (tag: number): readonly DataSet[] => (used.find((entry) => entry.tag === tag)?.value ?? []) as readonly DataSet[];
  const organization = derivedUid('dimension-organization', request.identity.sopInstanceUid);
  const shared = DataSet.of([...(find(tags.SharedFunctionalGroupsSequence)[0] ?? DataSet.of([])), ...meaning(map), ...transformations]);
  const perFrame = find(tags.PerFrameFunctionalGroupsSequence).map((frame) => {
    const values = frame.items(tags.FrameContentSequence)[0]!.numbers(tags.DimensionIndexValues).slice(1);
    return frame.without(tags.SegmentIdentificationSequence).with(sequence(tags.FrameContentSequence, frame.items(tags.FrameContentSequence)[0]!.with(element(tags.DimensionIndexValues, 'UL', ...values))));
  });
  return [
    sequence(tags.SharedFunctionalGroupsSequence, shared),
    sequence(tags.PerFrameFunctionalGroupsSequence, ...perFrame),
    sequence(tags.DimensionOrganizationSequence, DataSet.of([element(tags.DimensionOrganizationUID, 'UI', organization)])),
    sequence(tags.DimensionIndexSequence, ...find(tags.DimensionIndexSequence).slice(1)),
  ];
}

function meaning({ quantity, frames }: SaliencyMap): readonly Element[] {
  let [low, high] = [0, 0];
  for (const { values } of frames) for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const item = DataSet.of([
    element(tags.DoubleFloatRealWorldValueFirstValueMapped, 'FD', low),
    element(tags.DoubleFloatRealWorldValueLastValueMapped, 'FD', high),
    element(tags.RealWorldValueIntercept, 'FD', 0),
    element(tags.RealWorldValueSlope, 'FD', 1),
    element(tags.LUTExplanation, 'LO', concept(quantity).meaning),
    element(tags.LUTLabel, 'SH', 'SALIENCY'),
    codeSequence(tags.MeasurementUnitsCodeSequence, concept('unit-none')),
    sequence(tags.QuantityDefinitionSequence, DataSet.of([element(tags.ValueType, 'CS', 'CODE'), codeSequence(tags.ConceptNameCodeSequence, concept('quantity')), codeSequence(tags.ConceptCodeSequence, concept(quantity))])),
  ]);
  const window = DataSet.of([element(tags.WindowCenter, 'DS', (low + high) / 2), element(tags.WindowWidth, 'DS', Math.max(1e-6, high - low)), element(tags.VOILUTFunction, 'CS', 'LINEAR_EXACT')]);
  return [sequence(tags.RealWorldValueMappingSequence, item), sequence(tags.FrameVOILUTSequence, window)];
}

/** Stored values are the values: identity, and the kind of each frame. */
const transformations: readonly Element[] = [
  sequence(tags.PixelValueTransformationSequence, DataSet.of([element(tags.RescaleIntercept, 'DS', '0'), element(tags.RescaleSlope, 'DS', '1'), element(tags.RescaleType, 'LO', 'US')])),
  sequence(tags.ParametricMapFrameTypeSequence, DataSet.of([element(tags.FrameType, 'CS', 'DERIVED', 'PRIMARY', 'VOLUME', 'QUANTITY')])),
];

function floats(frames: readonly Float32Array[], pixels: number): Uint8Array {
  const bytes = new Uint8Array(frames.length * pixels * 4);
  const view = new DataView(bytes.buffer);
  frames.forEach((values, frame) => {
    if (values.length !== pixels) throw new Error(`map ${frame} has ${values.length} values instead of ${pixels}`);
    values.forEach((value, index) => view.setFloat32(4 * (frame * pixels + index), value, true));
  });
  return bytes;
}
