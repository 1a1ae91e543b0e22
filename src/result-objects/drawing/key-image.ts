import type { Analysis, Finding, Shape } from '../../domain/findings.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { imagePoints } from '../image-region.ts';
import type { ResultContext } from '../result-context.ts';
import { frameGeometry } from '../source-geometry.ts';
import { Canvas } from './canvas.ts';
import type { Picture, Rgb } from './canvas.ts';
import type { Typeface } from './typeface.ts';

/** An analysed image at its own size, windowed as its header says. */
export interface KeyImage {
  /** Index into source.images. */
  readonly imageIndex: number;
  readonly picture: Picture;
}

/** Summaries show this many images at most; the report names them all. */
export const maxKeyImages = 4;

const amber: Rgb = [255, 176, 32];
const black: Rgb = [0, 0, 0];
const preference: readonly Shape['kind'][] = ['polygon', 'box', 'long-axis', 'short-axis', 'centre'];

export interface Drawn {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  readonly typeface: Typeface;
}

/** A key image scaled into a box, its proportions those of the patient, with outline, box or axis of each finding and its name. */
export function drawKeyImage({ imageIndex, picture }: KeyImage, drawn: Drawn, maxWidth: number, maxHeight: number): Canvas {
  const aspect = aspectOf(imageIndex, drawn);
  const scale = Math.min(maxWidth / picture.width, maxHeight / (picture.height * aspect));
  const width = Math.max(1, Math.floor(picture.width * scale));
  const height = Math.max(1, Math.floor(picture.height * aspect * scale));
  const canvas = new Canvas(width, height, black);
  canvas.place(picture, 0, 0, width, height);
  for (const finding of drawn.analysis.findings) drawFinding(canvas, finding, imageIndex, drawn, [width / picture.width, height / picture.height]);
  return canvas;
}

function drawFinding(canvas: Canvas, finding: Finding, imageIndex: number, { analysis, context, typeface }: Drawn, [across, down]: readonly [number, number]): void {
  const shapes = finding.shapes.filter((shape) => shape.imageIndex === imageIndex).sort((a, b) => preference.indexOf(a.kind) - preference.indexOf(b.kind));
  const axes = shapes[0]?.kind === 'long-axis' ? shapes.filter(({ kind }) => kind === 'long-axis' || kind === 'short-axis') : shapes.slice(0, 1);
  for (const shape of axes) {
    const points = (imagePoints(shape, { analysis, context }) ?? []).map(([x, y]): readonly [number, number] => [x * across, y * down]);
    points.forEach((point, index) => canvas.line(points[Math.max(0, index - 1)]!, point, points.length === 1 ? 8 : 2, amber));
    const size = Math.max(13, Math.round(canvas.width / 36));
    const left = Math.min(Math.max(...points.map(([x]) => x)) + 6, canvas.width - typeface.width(finding.trackingId) * size - 4);
    if (shape === axes[0] && points.length > 0) canvas.text(finding.trackingId, Math.max(0, left), Math.max(0, Math.min(...points.map(([, y]) => y)) - size), { typeface, size, colour: amber });
  }
}

/** Height of a pixel by its width. */
function aspectOf(imageIndex: number, { analysis, context }: Drawn): number {
  const image = analysis.source.images[imageIndex];
  const header = image === undefined ? undefined : context.headers.get(image.sopInstanceUid);
  if (header === undefined) return 1;
  const spacing = (frameGeometry(header, image?.frame ?? null).pixelSpacing ?? header.strings(tags.PixelAspectRatio)).map(Number);
  const ratio = (spacing[0] ?? 1) / (spacing[1] ?? 1);
  return ratio > 0.2 && ratio < 5 ? ratio : 1;
}
