import { scalePlane } from './resize-plane.ts';
import { SAME_PLACE } from './plane.ts';

/**
 * Class activation map: the features weighted by what they mean to a label, below 0 cut off, highest = 1.
 *
 * @param features  channels × rows × columns, of the last convolution
 * @param weights   of the label, one a channel
 */
export function activationMap(features: Float32Array, weights: Float32Array): Float32Array {
  const places = features.length / weights.length;
  const map = new Float32Array(places);
  for (let c = 0; c < weights.length; c++) for (let p = 0; p < places; p++) map[p]! += weights[c]! * features[c * places + p]!;
  return toUnit(map);
}

export interface OcclusionPlan {
  readonly rows: number;
  readonly columns: number;
  /** Top left corners of the patches, in order of rows. */
  readonly patches: readonly (readonly [y: number, x: number])[];
  readonly patch: readonly [number, number];
}

/** Patches that cover a picture in steps; those at the edge are moved in. */
export function occlusionPlan(rows: number, columns: number, patch: readonly [number, number], stride: readonly [number, number]): OcclusionPlan {
  const along = (length: number, size: number, step: number) => [...new Set(Array.from({ length: Math.max(1, Math.ceil((length - size) / step) + 1) }, (_, i) => Math.max(0, Math.min(i * step, length - size))))];
  return { rows, columns, patch, patches: along(rows, patch[0], stride[0]).flatMap((y) => along(columns, patch[1], stride[1]).map((x) => [y, x] as const)) };
}

/** The picture with one patch of every channel replaced by the channel's mean. */
export function occlude(channels: readonly Float32Array[], plan: OcclusionPlan, index: number): Float32Array[] {
  const [top, left] = plan.patches[index]!;
  return channels.map((channel) => {
    const mean = channel.reduce((sum, v) => sum + v, 0) / channel.length;
    const out = channel.slice();
    for (let j = top; j < Math.min(plan.rows, top + plan.patch[0]); j++) out.fill(mean, j * plan.columns + left, j * plan.columns + Math.min(plan.columns, left + plan.patch[1]));
    return out;
  });
}

/** What each pixel costs the score when it is hidden: mean loss of the patches over it, below 0 cut off, highest = 1. */
export function occlusionMap(plan: OcclusionPlan, score: number, scores: readonly number[]): Float32Array {
  const sum = new Float32Array(plan.rows * plan.columns);
  const count = new Float32Array(sum.length);
  plan.patches.forEach(([top, left], index) => {
    const loss = score - scores[index]!;
    for (let j = top; j < Math.min(plan.rows, top + plan.patch[0]); j++)
      for (let i = left; i < Math.min(plan.columns, left + plan.patch[1]); i++) {
        sum[j * plan.columns + i]! += loss;
        count[j * plan.columns + i]!++;
      }
  });
  return toUnit(sum.map((v, q) => (count[q] === 0 ? 0 : v / count[q]!)));
}

/** A small map on a larger grid, linear on pixel centres. */
export function enlarge(map: Float32Array, rows: number, columns: number, toRows: number, toColumns: number): Float32Array {
  return scalePlane({ channels: [map], rows, columns, map: SAME_PLACE }, toRows, toColumns).channels[0]!;
}

function toUnit(map: Float32Array): Float32Array {
  let highest = 0;
  for (const v of map) if (v > highest) highest = v;
  return map.map((v) => (v <= 0 || highest === 0 ? 0 : v / highest));
}
