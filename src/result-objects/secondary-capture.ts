import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { concept } from '../domain/codes/concepts.ts';
import type { Analysis } from '../domain/findings.ts';
import { clipped } from './clipped.ts';
import { codeSequence } from './code-sequence.ts';
import { analysisHeader, commonModules } from './common-modules.ts';
import { disclosure } from './disclosure.ts';
import { Canvas } from './drawing/canvas.ts';
import type { Rgb, TextStyle } from './drawing/canvas.ts';
import { drawKeyImage, maxKeyImages } from './drawing/key-image.ts';
import type { KeyImage } from './drawing/key-image.ts';
import type { Typeface } from './drawing/typeface.ts';
import type { RenditionRequest } from './key-object-selection.ts';
import { reportDocument } from './report-document.ts';
import { sourceReference } from './report-request.ts';
import { lossyHistory } from './source-geometry.ts';

export const secondaryCaptureStorage = '1.2.840.10008.5.1.4.1.1.7';

export interface PicturedRequest extends RenditionRequest {
  readonly typeface: Typeface;
  /** The key images whose pixels could be decoded; may be empty. */
  readonly images: readonly KeyImage[];
}

const width = 1024;
const height = 768;
const banner = 44;
const panel = 400;
const margin = 14;
const lineHeight = 1.35;

const paper: Rgb = [12, 14, 18];
const warning: Rgb = [180, 83, 9];
const white: Rgb = [255, 255, 255];
const grey: Rgb = [170, 178, 190];

/**
 * The run as one picture, for a PACS that shows nothing else (PS3.3 §A.8.1): what made it and that nobody has reviewed it in a banner, key images
 * with their findings drawn in, and the report's lines beside them. Identity is burned in, and said to be (Burned In Annotation YES).
 */
export function buildSecondaryCapture(request: PicturedRequest): DataSet {
  const { analysis, context, identity } = request;
  const header = analysisHeader(analysis, context);
  const history = lossyHistory(context.headers.values());
  const picture = drawSummary(request);
  return DataSet.of([
    ...commonModules({ analysis, context, identity, sopClassUid: secondaryCaptureStorage, modality: 'OT', title: 'AI summary' }),
    element(tags.ImageType, 'CS', 'DERIVED', 'SECONDARY'),
    element(tags.ConversionType, 'CS', 'WSD'),
    element(tags.BurnedInAnnotation, 'CS', 'YES'),
    element(tags.PatientOrientation, 'CS'),
    // Type 2C for a paired part; empty where the source says neither part nor side.
    ...(header.has(tags.BodyPartExamined) ? [header.get(tags.BodyPartExamined)!] : []),
    element(tags.Laterality, 'CS', ...header.strings(tags.Laterality)),
    element(tags.DerivationDescription, 'ST', clipped(`Summary picture. ${disclosure(analysis.model)}`, 1024)),
    ...sourceImages(analysis, request.images),
    element(tags.SamplesPerPixel, 'US', 3),
    element(tags.PhotometricInterpretation, 'CS', 'RGB'),
    element(tags.PlanarConfiguration, 'US', 0),
    element(tags.Rows, 'US', picture.height),
    element(tags.Columns, 'US', picture.width),
    element(tags.BitsAllocated, 'US', 8),
    element(tags.BitsStored, 'US', 8),
    element(tags.HighBit, 'US', 7),
    element(tags.PixelRepresentation, 'US', 0),
    element(tags.LossyImageCompression, 'CS', history.lossy ? '01' : '00'),
    ...(history.ratios.length > 0 ? [element(tags.LossyImageCompressionRatio, 'DS', ...history.ratios)] : []),
    ...(history.methods.length > 0 ? [element(tags.LossyImageCompressionMethod, 'CS', ...history.methods)] : []),
    element(tags.PixelData, 'OB', picture.rgb),
  ]);
}

/** PS3.3 §C.7.6.1.1.4: the images that the picture shows. */
function sourceImages(analysis: Analysis, images: readonly KeyImage[]): readonly Element[] {
  if (images.length === 0) return [];
  const items = images.slice(0, maxKeyImages).map(({ imageIndex }) => {
    const { sopClassUid, sopInstanceUid, frames } = sourceReference(analysis, imageIndex);
    return DataSet.of([
      element(tags.ReferencedSOPClassUID, 'UI', sopClassUid),
      element(tags.ReferencedSOPInstanceUID, 'UI', sopInstanceUid),
      ...(frames.length === 0 ? [] : [element(tags.ReferencedFrameNumber, 'IS', ...frames.map(String))]),
      codeSequence(tags.PurposeOfReferenceCodeSequence, concept('purpose-source-image')),
    ]);
  });
  return [sequence(tags.SourceImageSequence, ...items)];
}

function drawSummary({ analysis, context, typeface, images }: PicturedRequest): Canvas {
  const canvas = new Canvas(width, height, paper);
  canvas.fill(0, 0, width, banner, warning);
  const report = reportDocument(analysis, context);
  const heading = fitting(report.disclosure, 17, width - 2 * margin, typeface);
  canvas.text(heading.text, margin, (banner - heading.size) / 2, { typeface, size: heading.size, colour: white });
  const shown = images.slice(0, maxKeyImages);
  const textLeft = shown.length === 0 ? margin : width - panel + margin;
  drawImages(canvas, shown, { analysis, context, typeface });
  drawReport(canvas, report, textLeft, typeface);
  return canvas;
}

function drawImages(canvas: Canvas, images: readonly KeyImage[], drawn: Parameters<typeof drawKeyImage>[1]): void {
  const columns = images.length > 1 ? 2 : 1;
  const lines = Math.ceil(images.length / columns);
  const [cellWidth, cellHeight] = [(width - panel) / columns, (height - banner) / Math.max(1, lines)];
  images.forEach((image, index) => {
    const picture = drawKeyImage(image, drawn, cellWidth - margin, cellHeight - margin);
    const left = Math.round((index % columns) * cellWidth + (cellWidth - picture.width) / 2);
    const top = Math.round(banner + Math.floor(index / columns) * cellHeight + (cellHeight - picture.height) / 2);
    canvas.place(picture, left, top, picture.width, picture.height);
  });
}

/** Lines of the report from the top; what has no room is said to be in the report. */
function drawReport(canvas: Canvas, report: ReturnType<typeof reportDocument>, left: number, typeface: Typeface): void {
  const body: TextStyle = { typeface, size: 14, colour: white };
  const label: TextStyle = { typeface, size: 12, colour: grey };
  const sections = report.sections.filter(({ heading }) => heading !== 'Recommendation');
  const lines: (readonly [string, TextStyle])[] = [
    [report.title, { ...body, size: 16 }],
    ...report.facts.filter(([name]) => ['Patient', 'Patient ID', 'Study', 'Model'].includes(name)).map(([name, value]) => [`${name}: ${value}`, body] as const),
    ...sections.flatMap(({ heading, lines: text }) => [['', label], [heading.toUpperCase(), label], ...text.map((line) => [line, body] as const)] as const),
  ];
  let top = banner + margin;
  for (const [index, [text, style]] of lines.entries()) {
    for (const line of typeface.wrap(text, (width - margin - left) / style.size)) {
      if (top + 2 * style.size * lineHeight > height - margin) {
        canvas.text(`… ${lines.length - index} more lines in the report`, left, top, label);
        return;
      }
      canvas.text(line, left, top, style);
      top += style.size * (text === '' ? 0.5 : lineHeight);
    }
  }
}

/** Smaller letters rather than a cut warning. */
function fitting(text: string, size: number, room: number, typeface: Typeface): { text: string; size: number } {
  const needed = typeface.width(text) * size;
  return { text, size: needed <= room ? size : Math.max(8, (size * room) / needed) };
}
