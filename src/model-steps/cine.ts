import { fault, ok, type Result } from '../foundation/result.ts';
import { median } from './volume.ts';
import type { Point3 } from '../domain/findings.ts';
import { cross, dot, type FramePlane } from './geometry.ts';

export interface CineFrame {
  readonly plane: FramePlane;
  /** Trigger Time, ms after the R wave, or any number that grows with the phase; null when it is not stated. */
  readonly time: number | null;
  /** Instance Number, for phases without a time. */
  readonly number: number;
}

/** Frames of a cine stack as slices × phases. */
export interface CineGrid {
  readonly slices: number;
  readonly phases: number;
  /** order[slice · phases + phase] = index in the list given. Slices ascend along the normal, phases in time. */
  readonly order: readonly number[];
  /** Distance of slice centres, mm: the median of positions, gap included, never Slice Thickness. */
  readonly sliceSpacing: number;
  readonly maxSpacingDeviationMm: number;
}

const SAME_PLACE_MM = 0.1;

/** Sorts frames by place, then by time. Faults: one slice only, unequal numbers of phases, unequal size, spacing or orientation. */
export function buildCine(frames: readonly CineFrame[]): Result<CineGrid, string> {
  const first = frames[0]?.plane;
  if (first === undefined) return fault('there are no images');
  if (frames.some(({ plane }) => plane.rows !== first.rows || plane.columns !== first.columns || Math.abs(plane.rowSpacing - first.rowSpacing) > 1e-3 || Math.abs(plane.columnSpacing - first.columnSpacing) > 1e-3))
    return fault('images of unequal size or pixel spacing in one cine');
  if (frames.some(({ plane }) => dot(plane.rowDirection, first.rowDirection) < 0.999 || dot(plane.columnDirection, first.columnDirection) < 0.999)) return fault('images of unequal orientation in one cine');
  const normal: Point3 = cross(first.rowDirection, first.columnDirection);
  const placed = frames.map((frame, index) => ({ ...frame, index, at: dot(frame.plane.position, normal) })).sort((a, b) => a.at - b.at);
  const slices: (typeof placed)[] = [];
  for (const frame of placed) {
    const last = slices.at(-1);
    if (last !== undefined && frame.at - last[0]!.at < SAME_PLACE_MM) last.push(frame);
    else slices.push([frame]);
  }
  const phases = slices[0]!.length;
  if (slices.length < 2) return fault('a short-axis stack has at least two slices');
  if (slices.some((slice) => slice.length !== phases)) return fault(`slices have unequal numbers of phases: ${[...new Set(slices.map((slice) => slice.length))].join(', ')}`);
  const steps = slices.slice(1).map((slice, i) => slice[0]!.at - slices[i]![0]!.at);
  const sliceSpacing = median(steps);
  const order = slices.flatMap((slice) => slice.sort((a, b) => (a.time ?? a.number) - (b.time ?? b.number) || a.number - b.number).map((frame) => frame.index));
  return ok({ slices: slices.length, phases, order, sliceSpacing, maxSpacingDeviationMm: Math.max(...steps.map((step) => Math.abs(step - sliceSpacing))) });
}

export interface VentricleMeasures {
  /** Phase of the largest and of the smallest volume. */
  readonly ed: number;
  readonly es: number;
  readonly edvMl: number;
  readonly esvMl: number;
  readonly strokeVolumeMl: number;
  /** Per cent; null without a cavity. */
  readonly ejectionFraction: number | null;
}

/**
 * Volumes of a cavity over the heart cycle by summation of discs.
 *
 * @param pixels       of each slice and phase, index = slice · phases + phase
 * @param pixelMm2     area of one pixel of the source
 * @param sliceSpacing distance of slices, mm (thickness and gap)
 */
export function ventricleMeasures(pixels: ArrayLike<number>, slices: number, phases: number, pixelMm2: number, sliceSpacing: number): VentricleMeasures {
  const volumes = volumesMl(pixels, slices, phases, pixelMm2, sliceSpacing);
  const ed = volumes.indexOf(Math.max(...volumes));
  const es = volumes.indexOf(Math.min(...volumes));
  const [edvMl, esvMl] = [volumes[ed]!, volumes[es]!];
  return { ed, es, edvMl, esvMl, strokeVolumeMl: edvMl - esvMl, ejectionFraction: edvMl > 0 ? (100 * (edvMl - esvMl)) / edvMl : null };
}

/** Volume at each phase, ml. */
export function volumesMl(pixels: ArrayLike<number>, slices: number, phases: number, pixelMm2: number, sliceSpacing: number): number[] {
  return Array.from({ length: phases }, (_, phase) => {
    let count = 0;
    for (let slice = 0; slice < slices; slice++) count += pixels[slice * phases + phase]!;
    return (count * pixelMm2 * sliceSpacing) / 1000;
  });
}
