import type { Point3 } from '../domain/findings.ts';
import type { DataSet, Tag } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';

/** Geometry of one source frame. Texts are DS as the source wrote them, so that copies are equal to the last character. */
export interface FrameGeometry {
  /** x, y, z of the centre of the first pixel, mm; null without a frame of reference. */
  readonly position: readonly string[] | null;
  /** Direction cosines of the row, then of the column. */
  readonly orientation: readonly string[] | null;
  /** mm between rows, mm between columns. */
  readonly pixelSpacing: readonly string[] | null;
  readonly sliceThickness: string | null;
  readonly spacingBetweenSlices: string | null;
}

/**
 * Geometry of a classic image, or of one frame of an enhanced one, where it comes from the per-frame or else the shared functional groups
 * (PS3.3 §C.7.6.16).
 *
 * @param frame 1-based; null for a single-frame image
 */
export function frameGeometry(header: DataSet, frame: number | null): FrameGeometry {
  const find = functionalGroups(header, frame);
  const measures = find(tags.PixelMeasuresSequence) ?? header;
  return {
    position: triple((find(tags.PlanePositionSequence) ?? header).strings(tags.ImagePositionPatient), 3),
    orientation: triple((find(tags.PlaneOrientationSequence) ?? header).strings(tags.ImageOrientationPatient), 6),
    pixelSpacing: triple(measures.strings(tags.PixelSpacing), 2),
    sliceThickness: measures.string(tags.SliceThickness) ?? null,
    spacingBetweenSlices: measures.string(tags.SpacingBetweenSlices) ?? null,
  };
}

/** Looks a functional group macro up: the frame's own first, else the shared one. */
export function functionalGroups(header: DataSet, frame: number | null): (macro: Tag) => DataSet | undefined {
  const shared = header.items(tags.SharedFunctionalGroupsSequence)[0];
  const own = frame === null ? undefined : header.items(tags.PerFrameFunctionalGroupsSequence)[frame - 1];
  return (macro) => own?.items(macro)[0] ?? shared?.items(macro)[0];
}

function triple(values: readonly string[], count: number): readonly string[] | null {
  return values.length === count && values.every((value) => Number.isFinite(Number(value))) ? values : null;
}

/** Lossy Image Compression module attributes of the sources: `01` as soon as one of them was lossy (PS3.3 §C.7.6.1.1.5). */
export interface LossyHistory {
  readonly lossy: boolean;
  readonly ratios: readonly string[];
  readonly methods: readonly string[];
}

export function lossyHistory(headers: Iterable<DataSet>): LossyHistory {
  for (const header of headers) {
    if (header.string(tags.LossyImageCompression)?.trim() !== '01') continue;
    return {
      lossy: true,
      ratios: header.strings(tags.LossyImageCompressionRatio),
      methods: header.strings(tags.LossyImageCompressionMethod),
    };
  }
  return { lossy: false, ratios: [], methods: [] };
}

/**
 * A point in mm of the frame of reference, seen in an image plane: column and row with (0,0) at the top left corner of the top left
 * pixel, its centre at (0.5, 0.5) (PS3.3 §C.10.5.1.1). Undefined when the image has no geometry. A point off the plane is dropped on it
 * along the normal.
 */
export function toImagePoint(point: Point3, geometry: FrameGeometry): readonly [number, number] | undefined {
  const plane = numericPlane(geometry);
  if (plane === undefined) return undefined;
  const { origin, row, column, rowSpacing, columnSpacing } = plane;
  const offset: Point3 = [point[0] - origin[0], point[1] - origin[1], point[2] - origin[2]];
  return [dot(offset, row) / columnSpacing + 0.5, dot(offset, column) / rowSpacing + 0.5];
}

/** The inverse of `toImagePoint`. */
export function toPatientPoint(columnRow: readonly [number, number], geometry: FrameGeometry): Point3 | undefined {
  const plane = numericPlane(geometry);
  if (plane === undefined) return undefined;
  const { origin, row, column, rowSpacing, columnSpacing } = plane;
  const along = (columnRow[0] - 0.5) * columnSpacing;
  const down = (columnRow[1] - 0.5) * rowSpacing;
  const at = (axis: 0 | 1 | 2): number => origin[axis] + along * row[axis] + down * column[axis];
  return [at(0), at(1), at(2)];
}

interface NumericPlane {
  readonly origin: Point3;
  /** Direction in which the column index grows. */
  readonly row: Point3;
  /** Direction in which the row index grows. */
  readonly column: Point3;
  readonly rowSpacing: number;
  readonly columnSpacing: number;
}

function numericPlane({ position, orientation, pixelSpacing }: FrameGeometry): NumericPlane | undefined {
  if (position === null || orientation === null || pixelSpacing === null) return undefined;
  const [x, y, z] = position.map(Number);
  const [rx, ry, rz, cx, cy, cz] = orientation.map(Number);
  // PS3.3 §10.7.1.3: the first value is the distance between rows, the second between columns.
  const [rowSpacing, columnSpacing] = pixelSpacing.map(Number);
  return { origin: [x!, y!, z!], row: [rx!, ry!, rz!], column: [cx!, cy!, cz!], rowSpacing: rowSpacing!, columnSpacing: columnSpacing! };
}

function dot(a: Point3, b: Point3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
