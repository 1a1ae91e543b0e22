import { fault, ok, type Result } from '../foundation/result.ts';
import type { Point3 } from '../domain/findings.ts';
import { median, type Triple } from './volume.ts';

/** Where one frame lies in the patient, PS3.3 §C.7.6.2. Directions are unit vectors in patient coordinates (x to the left, y to the back, z to the head). */
export interface FramePlane {
  /** Image Position (Patient): centre of the first pixel, mm. */
  readonly position: Point3;
  /** Direction in which the column index grows: the first three values of Image Orientation (Patient). */
  readonly rowDirection: Point3;
  /** Direction in which the row index grows: the last three values. */
  readonly columnDirection: Point3;
  /** Pixel Spacing[0]: distance between rows, mm. */
  readonly rowSpacing: number;
  /** Pixel Spacing[1]: distance between columns, mm. */
  readonly columnSpacing: number;
  readonly rows: number;
  readonly columns: number;
}

/** A stack of parallel frames as one grid. */
export interface VolumeGeometry {
  /** order[k] is the index, in the list given, of the frame that became slice k. Frames at a place already taken are left out. */
  readonly order: readonly number[];
  readonly dims: Triple;
  /** mm; z is the median distance of neighbours along the normal, never Slice Thickness. */
  readonly spacing: Triple;
  /** Centre of voxel (0,0,0), mm in patient coordinates. */
  readonly origin: Point3;
  /** Unit vectors in which z, y and x indices grow. */
  readonly directions: readonly [z: Point3, y: Point3, x: Point3];
  /** Distance of each slice from the first along the normal, mm, ascending; true also where spacing is uneven. */
  readonly sliceOffsets: Float64Array;
  /** Largest |distance − median| of neighbours that are no gap, mm. */
  readonly maxSpacingDeviationMm: number;
  /** Slices that are not there: gaps in whole multiples of the spacing. */
  readonly missingSlices: number;
  /** Frames left out because another has the same position. */
  readonly duplicateSlices: number;
  /** Angle between the normal and the line from the first to the last slice origin (gantry tilt), degrees. */
  readonly tiltDeg: number;
}

export interface GeometryFault {
  readonly code: 'too-few-slices' | 'mixed-orientation' | 'mixed-size' | 'mixed-spacing' | 'bad-orientation';
  readonly reason: string;
}

const SAME_PLACE_MM = 0.01;
const PARALLEL_COSINE = Math.cos((1 * Math.PI) / 180);

/**
 * Makes a grid of the frames of one series: sorts them by position along the slice normal (not by Instance Number) and measures their spacing.
 *
 * Faults: fewer than two places, frames that are not parallel within 1°, of unequal size or pixel spacing, or without a proper orientation.
 * Uneven spacing, gaps, duplicates and tilt are measured, not refused: quality-checks.ts judges them.
 */
export function buildGeometry(planes: readonly FramePlane[]): Result<VolumeGeometry, GeometryFault> {
  const first = planes[0];
  if (first === undefined || planes.length < 2) return fault({ code: 'too-few-slices', reason: `${planes.length} image(s) with a position; a volume needs at least 2` });
  const wrong = unfit(first, planes);
  if (wrong !== undefined) return fault(wrong);

  const normal = cross(first.rowDirection, first.columnDirection);
  const { order, offsets } = sortAlong(normal, planes);
  if (order.length < 2) return fault({ code: 'too-few-slices', reason: 'all images lie in the same place' });
  const origin = planes[order[0]!]!.position;
  const steps = successive(offsets);
  const spacing = median(steps);
  const travelled = subtract(planes[order.at(-1)!]!.position, origin);
  return ok({
    order,
    dims: [order.length, first.rows, first.columns],
    spacing: [spacing, first.rowSpacing, first.columnSpacing],
    origin,
    directions: [normal, first.columnDirection, first.rowDirection],
    sliceOffsets: Float64Array.from(offsets),
    ...regularity(steps, spacing),
    duplicateSlices: planes.length - order.length,
    tiltDeg: angleDeg(travelled, normal),
  });
}

/** Patient coordinates (mm) of a voxel position (z, y, x; fractions allowed; z between slices follows their true distances). */
export function toPatient(geometry: VolumeGeometry, [z, y, x]: Triple): Point3 {
  const along = [offsetAt(geometry.sliceOffsets, z), y * geometry.spacing[1], x * geometry.spacing[2]] as const;
  const at = (axis: 0 | 1 | 2) =>
    geometry.origin[axis] + along[0] * geometry.directions[0][axis] + along[1] * geometry.directions[1][axis] + along[2] * geometry.directions[2][axis];
  return [at(0), at(1), at(2)];
}

/** Voxel position (z, y, x) of patient coordinates (mm); may lie outside the grid. Inverse of `toPatient`. */
export function toVoxel(geometry: VolumeGeometry, point: Point3): Triple {
  const d = subtract(point, geometry.origin);
  return [sliceAt(geometry.sliceOffsets, dot(d, geometry.directions[0])), dot(d, geometry.directions[1]) / geometry.spacing[1], dot(d, geometry.directions[2]) / geometry.spacing[2]];
}

/** Slice index (with fraction) at a distance from the first slice, mm; beyond the ends it goes on with the last step. */
export function sliceAt(offsets: Float64Array, distance: number): number {
  let low = 0;
  let high = offsets.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offsets[middle]! <= distance) low = middle;
    else high = middle - 1;
  }
  return low + (distance - offsets[low]!) / (offsets[low + 1]! - offsets[low]!);
}

function offsetAt(offsets: Float64Array, slice: number): number {
  const low = Math.max(0, Math.min(offsets.length - 2, Math.floor(slice)));
  return offsets[low]! + (slice - low) * (offsets[low + 1]! - offsets[low]!);
}

function unfit(first: FramePlane, planes: readonly FramePlane[]): GeometryFault | undefined {
  const normal = cross(first.rowDirection, first.columnDirection);
  if (Math.abs(length(normal) - 1) > 1e-3 || Math.abs(dot(first.rowDirection, first.columnDirection)) > 1e-3)
    return { code: 'bad-orientation', reason: 'Image Orientation (Patient) is not two perpendicular unit vectors' };
  for (const plane of planes) {
    if (plane.rows !== first.rows || plane.columns !== first.columns)
      return { code: 'mixed-size', reason: `images of ${first.rows} × ${first.columns} and ${plane.rows} × ${plane.columns} pixels in one series` };
    if (Math.abs(plane.rowSpacing - first.rowSpacing) > 1e-3 || Math.abs(plane.columnSpacing - first.columnSpacing) > 1e-3)
      return { code: 'mixed-spacing', reason: 'images of unequal pixel spacing in one series' };
    if (dot(plane.rowDirection, first.rowDirection) < PARALLEL_COSINE || dot(plane.columnDirection, first.columnDirection) < PARALLEL_COSINE)
      return { code: 'mixed-orientation', reason: 'images of unequal orientation in one series' };
  }
  return undefined;
}

function sortAlong(normal: Point3, planes: readonly FramePlane[]): { order: number[]; offsets: number[] } {
  const places = planes.map((plane, index) => ({ index, at: dot(plane.position, normal) })).sort((a, b) => a.at - b.at || a.index - b.index);
  const kept = places.filter((place, i) => i === 0 || place.at - places[i - 1]!.at > SAME_PLACE_MM);
  return { order: kept.map((place) => place.index), offsets: kept.map((place) => place.at - kept[0]!.at) };
}

function regularity(steps: readonly number[], spacing: number): { maxSpacingDeviationMm: number; missingSlices: number } {
  let missingSlices = 0;
  let maxSpacingDeviationMm = 0;
  for (const step of steps) {
    const whole = Math.round(step / spacing);
    // A gap of n slices is n whole steps; anything else is uneven spacing.
    const isGap = whole >= 2 && Math.abs(step / spacing - whole) < 0.25;
    if (isGap) missingSlices += whole - 1;
    else maxSpacingDeviationMm = Math.max(maxSpacingDeviationMm, Math.abs(step - spacing));
  }
  return { maxSpacingDeviationMm, missingSlices };
}

function successive(offsets: readonly number[]): number[] {
  return offsets.slice(1).map((offset, i) => offset - offsets[i]!);
}

function angleDeg(a: Point3, b: Point3): number {
  const cosine = dot(a, b) / (length(a) * length(b) || 1);
  return (Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI;
}

export function dot(a: Point3, b: Point3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Point3, b: Point3): Point3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function subtract(a: Point3, b: Point3): Point3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function length(a: Point3): number {
  return Math.sqrt(dot(a, a));
}
