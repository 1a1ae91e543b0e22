import type { Finding, Shape } from '../domain/findings.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { clipped } from './clipped.ts';
import { analysisHeader, commonModules } from './common-modules.ts';
import { dicomMoment, offsetMinutes } from './dicom-time.ts';
import { disclosure } from './disclosure.ts';
import { imagePoints } from './image-region.ts';
import type { RenditionRequest } from './key-object-selection.ts';
import { measurementText } from './report-document.ts';

export const grayscaleSoftcopyPresentationState = '1.2.840.10008.5.1.4.1.1.11.1';

/**
 * The drawable shapes of all findings as one Grayscale Softcopy Presentation State on the source series (PS3.3 §A.33.1), for a PACS that
 * shows neither SR nor SEG. Each image gets the shapes that name it, a label and the disclosure.
 *
 * Undefined when nothing can be drawn, and for colour sources, which need another object (…11.2).
 */
export function buildPresentationState(request: RenditionRequest): DataSet | undefined {
  const { analysis, context, identity } = request;
  const header = analysisHeader(analysis, context);
  const drawings = drawingsByImage(request);
  if (drawings.size === 0 || !(header.string(tags.PhotometricInterpretation) ?? '').startsWith('MONOCHROME')) return undefined;
  const created = dicomMoment(context.times.finishedAt, offsetMinutes(header, context.times));
  const images = [...drawings.keys()].map((index) => imageItem(request, index));
  const modules = commonModules({ analysis, context, identity, sopClassUid: grayscaleSoftcopyPresentationState, modality: 'PR', title: 'AI overlay' });
  return DataSet.of([
    ...modules.filter(({ tag }) => tag !== tags.ContentDate && tag !== tags.ContentTime),
    // Laterality is type 2C for a paired part; empty where the source says neither part nor side.
    ...(header.has(tags.BodyPartExamined) ? [header.get(tags.BodyPartExamined)!] : []),
    element(tags.Laterality, 'CS', ...header.strings(tags.Laterality)),
    element(tags.ContentLabel, 'CS', 'AI_FINDINGS'),
    element(tags.ContentDescription, 'LO', clipped(disclosure(analysis.model), 64)),
    element(tags.ContentCreatorName, 'PN'),
    element(tags.PresentationCreationDate, 'DA', created.date),
    element(tags.PresentationCreationTime, 'TM', created.time),
    sequence(
      tags.ReferencedSeriesSequence,
      DataSet.of([element(tags.SeriesInstanceUID, 'UI', analysis.source.seriesInstanceUid), sequence(tags.ReferencedImageSequence, ...images)]),
    ),
    sequence(tags.DisplayedAreaSelectionSequence, displayedArea(header, images)),
    sequence(tags.GraphicLayerSequence, DataSet.of([
      element(tags.GraphicLayer, 'CS', layer),
      element(tags.GraphicLayerOrder, 'IS', '1'),
      element(tags.GraphicLayerDescription, 'LO', 'AI, not reviewed'),
    ])),
    sequence(tags.GraphicAnnotationSequence, ...[...drawings].map(([index, drawn]) => annotation(request, index, drawn))),
    ...grayscale(header),
  ]);
}

const layer = 'AI_FINDINGS';

interface Drawing {
  readonly finding: Finding;
  readonly points: readonly (readonly [number, number])[];
}

/** One shape a finding and image, outlines before axes. */
function drawingsByImage(request: RenditionRequest): ReadonlyMap<number, readonly Drawing[]> {
  const order: readonly Shape['kind'][] = ['polygon', 'box', 'long-axis', 'short-axis', 'centre'];
  const byImage = new Map<number, Drawing[]>();
  for (const finding of request.analysis.findings) {
    const drawn = new Set<number>();
    for (const shape of [...finding.shapes].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))) {
      const points = drawn.has(shape.imageIndex) ? undefined : imagePoints(shape, request);
      if (points === undefined || points.length === 0) continue;
      drawn.add(shape.imageIndex);
      byImage.set(shape.imageIndex, [...(byImage.get(shape.imageIndex) ?? []), { finding, points }]);
    }
  }
  return new Map([...byImage].sort((a, b) => a[0] - b[0]));
}

function imageItem({ analysis }: RenditionRequest, index: number): DataSet {
  const image = analysis.source.images[index]!;
  return DataSet.of([
    element(tags.ReferencedSOPClassUID, 'UI', image.sopClassUid),
    element(tags.ReferencedSOPInstanceUID, 'UI', image.sopInstanceUid),
    ...(image.frame === null ? [] : [element(tags.ReferencedFrameNumber, 'IS', String(image.frame))]),
  ]);
}

/** PS3.3 §C.10.4: the whole image; its corners are pixel numbers from 1, unlike graphics, which are distances from 0. */
function displayedArea(header: DataSet, images: readonly DataSet[]): DataSet {
  const spacing = header.strings(tags.PixelSpacing);
  return DataSet.of([
    sequence(tags.ReferencedImageSequence, ...images),
    element(tags.DisplayedAreaTopLeftHandCorner, 'SL', 1, 1),
    element(tags.DisplayedAreaBottomRightHandCorner, 'SL', header.number(tags.Columns) ?? 1, header.number(tags.Rows) ?? 1),
    element(tags.PresentationSizeMode, 'CS', 'SCALE TO FIT'),
    ...(spacing.length === 2 ? [element(tags.PresentationPixelSpacing, 'DS', ...spacing)] : [element(tags.PresentationPixelAspectRatio, 'IS', '1', '1')]),
  ]);
}

function annotation(request: RenditionRequest, index: number, drawings: readonly Drawing[]): DataSet {
  return DataSet.of([
    sequence(tags.ReferencedImageSequence, imageItem(request, index)),
    element(tags.GraphicLayer, 'CS', layer),
    sequence(tags.TextObjectSequence, ...drawings.map(label), corner(disclosure(request.analysis.model))),
    sequence(tags.GraphicObjectSequence, ...drawings.map(({ points }) =>
      DataSet.of([
        element(tags.GraphicAnnotationUnits, 'CS', 'PIXEL'),
        element(tags.GraphicDimensions, 'US', 2),
        element(tags.NumberOfGraphicPoints, 'US', points.length),
        element(tags.GraphicData, 'FL', ...points.flat()),
        element(tags.GraphicType, 'CS', points.length === 1 ? 'POINT' : 'POLYLINE'),
        element(tags.GraphicFilled, 'CS', 'N'),
      ]),
    )),
  ]);
}

function label({ finding, points }: Drawing): DataSet {
  const right = Math.max(...points.map(([x]) => x));
  const top = Math.min(...points.map(([, y]) => y));
  const sizes = finding.measurements.filter((measurement) => measurement.value !== null).slice(0, 2).map(measurementText);
  return DataSet.of([
    element(tags.UnformattedTextValue, 'ST', [finding.trackingId, ...sizes].join(', ')),
    element(tags.AnchorPointAnnotationUnits, 'CS', 'PIXEL'),
    element(tags.AnchorPoint, 'FL', right, top),
    element(tags.AnchorPointVisibility, 'CS', 'N'),
  ]);
}

/** A text in the top left corner of the displayed area. */
function corner(text: string): DataSet {
  return DataSet.of([
    element(tags.BoundingBoxAnnotationUnits, 'CS', 'DISPLAY'),
    element(tags.UnformattedTextValue, 'ST', clipped(text, 1024)),
    element(tags.BoundingBoxTopLeftHandCorner, 'FL', 0, 0),
    element(tags.BoundingBoxBottomRightHandCorner, 'FL', 1, 0.05),
    element(tags.BoundingBoxTextHorizontalJustification, 'CS', 'LEFT'),
  ]);
}

/** Modality and VOI transformations of the source, so that the overlay does not change how the image looks (PS3.3 §C.11.1, §C.11.8, §C.11.6). */
function grayscale(header: DataSet): readonly Element[] {
  const rescale = [tags.RescaleIntercept, tags.RescaleSlope].flatMap((tag) => header.get(tag) ?? []);
  const center = header.string(tags.WindowCenter);
  const width = header.string(tags.WindowWidth);
  const inverse = header.string(tags.PhotometricInterpretation)?.trim() === 'MONOCHROME1';
  return [
    ...(rescale.length === 2 ? [...rescale, element(tags.RescaleType, 'LO', header.string(tags.RescaleType) ?? (header.string(tags.Modality) === 'CT' ? 'HU' : 'US'))] : []),
    ...(center === undefined || width === undefined
      ? []
      : [sequence(tags.SoftcopyVOILUTSequence, DataSet.of([element(tags.WindowCenter, 'DS', center), element(tags.WindowWidth, 'DS', width)]))]),
    element(tags.PresentationLUTShape, 'CS', inverse ? 'INVERSE' : 'IDENTITY'),
  ];
}
