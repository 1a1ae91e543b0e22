import { argmax } from './activations.ts';
import type { Orientation } from './orient.ts';
import type { SourceAxis } from './resample.ts';
import type { Triple } from './volume.ts';

/** Values of `labels` maps on the network's grid: index = label · voxels + voxel. */
export interface LabelValues {
  readonly values: Float32Array;
  readonly labels: number;
  readonly dims: Triple;
  readonly spacing: Triple;
}

/**
 * The label of each voxel of the source: values are interpolated linearly on voxel centres, then the highest wins. Never the other way round:
 * interpolating labels invents ones that nobody said, nearest neighbours make steps.
 *
 * Where all eight neighbours say the same label it is taken without interpolation: a mean of values whose highest is k has its highest at k.
 */
export function labelsOnSource(map: LabelValues, orientation: Orientation, sourceDims: Triple): Uint8Array {
  const coarse = argmax(map.values, map.labels);
  const [tz, ty, tx] = map.dims;
  const strides = [ty * tx, tx, 1] as const;
  const tables = ([0, 1, 2] as const).map((s) => {
    const t = orientation.sourceOf.indexOf(s) as 0 | 1 | 2;
    return axisTable(orientation.axes[t], sourceDims[s], map.dims[t], map.spacing[t], strides[t]);
  }) as [AxisTable, AxisTable, AxisTable];
  const [z, y, x] = tables;
  const voxels = tz * ty * tx;
  const out = new Uint8Array(sourceDims[0] * sourceDims[1] * sourceDims[2]);
  const corners = new Int32Array(8);
  const weights = new Float64Array(8);
  let p = 0;
  for (let k = 0; k < sourceDims[0]; k++)
    for (let j = 0; j < sourceDims[1]; j++)
      for (let i = 0; i < sourceDims[2]; i++) {
        const agreed = around(coarse, corners, [z, y, x], [k, j, i]);
        out[p++] = agreed ? coarse[corners[0]!]! : highest(map, voxels, corners, weightsAt(weights, [z, y, x], [k, j, i]));
      }
  return out;
}

type Tables = readonly [z: AxisTable, y: AxisTable, x: AxisTable];

/** Puts the eight neighbours of a place into `corners`; true when all say the same label. */
function around(coarse: Uint8Array, corners: Int32Array, [z, y, x]: Tables, [k, j, i]: Triple): boolean {
  let agreed = true;
  for (let c = 0; c < 8; c++) {
    const at = ((c & 4) === 0 ? z.low[k]! : z.high[k]!) + ((c & 2) === 0 ? y.low[j]! : y.high[j]!) + ((c & 1) === 0 ? x.low[i]! : x.high[i]!);
    corners[c] = at;
    agreed &&= coarse[at] === coarse[corners[0]!];
  }
  return agreed;
}

function weightsAt(weights: Float64Array, [z, y, x]: Tables, [k, j, i]: Triple): Float64Array {
  for (let c = 0; c < 8; c++) weights[c] = ((c & 4) === 0 ? 1 - z.weight[k]! : z.weight[k]!) * ((c & 2) === 0 ? 1 - y.weight[j]! : y.weight[j]!) * ((c & 1) === 0 ? 1 - x.weight[i]! : x.weight[i]!);
  return weights;
}

function highest(map: LabelValues, voxels: number, corners: Int32Array, weights: Float64Array): number {
  let best = 0;
  let bestValue = -Infinity;
  for (let label = 0; label < map.labels; label++) {
    let value = 0;
    for (let c = 0; c < 8; c++) value += weights[c]! * map.values[label * voxels + corners[c]!]!;
    if (value > bestValue) [best, bestValue] = [label, value];
  }
  return best;
}

interface AxisTable {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

/** For each index of a source axis its two neighbours on the target axis: inverse of resample.ts `sourceIndex`. */
function axisTable(axis: SourceAxis, count: number, targetCount: number, spacing: number, stride: number): AxisTable {
  const table = { low: new Int32Array(count), high: new Int32Array(count), weight: new Float32Array(count) };
  for (let i = 0; i < count; i++) {
    const forward = axis.flipped ? count - 1 - i : i;
    const offset = axis.offsets === undefined ? forward * axis.spacing : axis.flipped ? axis.offsets.at(-1)! - axis.offsets[i]! : axis.offsets[forward]!;
    const at = Math.max(0, Math.min(targetCount - 1, (offset + axis.spacing / 2) / spacing - 0.5));
    const low = Math.floor(at);
    table.low[i] = low * stride;
    table.high[i] = Math.min(targetCount - 1, low + 1) * stride;
    table.weight[i] = at - low;
  }
  return table;
}
