import type { Triple, Volume, Voxels } from './volume.ts';

/** For each output index of one axis: the two input samples (as offsets into the flat array) and the weight of the upper one. */
export interface AxisTable {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly weight: Float32Array;
}

/** One axis of the source as the target sees it. */
export interface SourceAxis {
  readonly count: number;
  /** Distance of neighbours in the flat array. */
  readonly stride: number;
  readonly spacing: number;
  /** The target's index grows against the source's. */
  readonly flipped: boolean;
  /** Distances of the samples from the first, mm, when they are not even. */
  readonly offsets?: Float64Array;
}

/** Samples after resampling: extent is kept, so the requested spacing is true and the last sample may stand up to half a spacing off the edge. */
export function resampledCount(axis: SourceAxis, spacing: number): number {
  return Math.max(1, Math.round(extentOf(axis) / spacing));
}

/** Extent of an axis from outer edge to outer edge, mm. */
export function extentOf(axis: SourceAxis): number {
  return axis.offsets === undefined ? axis.count * axis.spacing : axis.offsets.at(-1)! - axis.offsets[0]! + axis.spacing;
}

/**
 * Linear resampling onto voxel centres, each axis on its own: source = (target + 0.5) · outSpacing / spacing − 0.5, clamped at the edges
 * (ONNX Resize "half_pixel"). The corners of both grids coincide; using target · outSpacing / spacing would shift everything by half the difference.
 * No low-pass filter: for a strong reduction average first (`halve`).
 *
 * @param source   flat voxels
 * @param axes     the source's axes in the order z, y, x of the *target*; strides may permute them, `flipped` turns them round
 * @param spacing  of the target, mm, z y x
 * @returns        float32 volume; time and memory of one pass over the output
 */
export function resample(source: Voxels, axes: readonly [SourceAxis, SourceAxis, SourceAxis], spacing: Triple): Volume<Float32Array> {
  const dims: Triple = [resampledCount(axes[0], spacing[0]), resampledCount(axes[1], spacing[1]), resampledCount(axes[2], spacing[2])];
  const [zTable, yTable, xTable] = [axisTable(axes[0], dims[0], spacing[0]), axisTable(axes[1], dims[1], spacing[1]), axisTable(axes[2], dims[2], spacing[2])];
  const out = new Float32Array(dims[0] * dims[1] * dims[2]);
  const planeSize = dims[1] * dims[2];
  for (let k = 0; k < dims[0]; k++) {
    const plane = out.subarray(k * planeSize, (k + 1) * planeSize);
    const [low, high, weight] = [zTable.lower[k]!, zTable.upper[k]!, zTable.weight[k]!];
    if (weight === 0 || low === high) resamplePlane(source, low, yTable, xTable, plane);
    else resampleBetween(source, low, high, weight, yTable, xTable, plane);
  }
  return { data: out, dims, spacing };
}

/** The axes of a volume as they are, for `resample` without permutation. */
export function plainAxes(volume: Volume): [SourceAxis, SourceAxis, SourceAxis] {
  const [nz, ny, nx] = volume.dims;
  const [dz, dy, dx] = volume.spacing;
  return [
    { count: nz, stride: ny * nx, spacing: dz, flipped: false },
    { count: ny, stride: nx, spacing: dy, flipped: false },
    { count: nx, stride: 1, spacing: dx, flipped: false },
  ];
}

/** Position in the source (index with fraction, not clamped) of a target index; inverse of `targetIndex`. */
export function sourceIndex(axis: SourceAxis, target: number, spacing: number): number {
  const mm = (target + 0.5) * spacing - axis.spacing / 2;
  const forward = axis.offsets === undefined ? mm / axis.spacing : indexAt(axis.flipped ? mirrored(axis.offsets) : axis.offsets, mm);
  return axis.flipped ? axis.count - 1 - forward : forward;
}

export function axisTable(axis: SourceAxis, outCount: number, outSpacing: number): AxisTable {
  const lower = new Int32Array(outCount);
  const upper = new Int32Array(outCount);
  const weight = new Float32Array(outCount);
  const last = axis.count - 1;
  for (let i = 0; i < outCount; i++) {
    const at = Math.max(0, Math.min(last, sourceIndex(axis, i, outSpacing)));
    const low = Math.floor(at);
    lower[i] = low * axis.stride;
    upper[i] = Math.min(last, low + 1) * axis.stride;
    weight[i] = at - low;
  }
  return { lower, upper, weight };
}

/** Halves the resolution by averaging 2 × 2 × 2 voxels; an odd last voxel counts twice. Equals `resample` to twice the spacing. */
export function halve(volume: Volume<Float32Array>): Volume<Float32Array> {
  const [nz, ny, nx] = volume.dims;
  const dims: Triple = [Math.max(1, Math.round(nz / 2)), Math.max(1, Math.round(ny / 2)), Math.max(1, Math.round(nx / 2))];
  const source = volume.data;
  const out = new Float32Array(dims[0] * dims[1] * dims[2]);
  let p = 0;
  for (let k = 0; k < dims[0]; k++) {
    const [z0, z1] = [2 * k * ny * nx, Math.min(nz - 1, 2 * k + 1) * ny * nx];
    for (let j = 0; j < dims[1]; j++) {
      const [y0, y1] = [2 * j * nx, Math.min(ny - 1, 2 * j + 1) * nx];
      const [a, b, c, d] = [z0 + y0, z0 + y1, z1 + y0, z1 + y1];
      for (let i = 0; i < dims[2]; i++) {
        const x0 = 2 * i;
        const x1 = x0 + 1 < nx ? x0 + 1 : x0;
        out[p++] =
          (source[a + x0]! + source[a + x1]! + source[b + x0]! + source[b + x1]! + source[c + x0]! + source[c + x1]! + source[d + x0]! + source[d + x1]!) / 8;
      }
    }
  }
  return { data: out, dims, spacing: [volume.spacing[0] * 2, volume.spacing[1] * 2, volume.spacing[2] * 2] };
}

function resamplePlane(source: Voxels, base: number, y: AxisTable, x: AxisTable, out: Float32Array): void {
  const { lower, upper, weight } = x;
  const columns = lower.length;
  let p = 0;
  for (let j = 0; j < y.lower.length; j++) {
    const a = base + y.lower[j]!;
    const b = base + y.upper[j]!;
    const w = y.weight[j]!;
    const v = 1 - w;
    for (let i = 0; i < columns; i++) {
      const left = lower[i]!;
      const right = upper[i]!;
      const q = source[a + left]! * v + source[b + left]! * w;
      out[p++] = q + (source[a + right]! * v + source[b + right]! * w - q) * weight[i]!;
    }
  }
}

function resampleBetween(source: Voxels, low: number, high: number, wz: number, y: AxisTable, x: AxisTable, out: Float32Array): void {
  const { lower, upper, weight } = x;
  const columns = lower.length;
  let p = 0;
  for (let j = 0; j < y.lower.length; j++) {
    const [a, b, c, d] = [low + y.lower[j]!, low + y.upper[j]!, high + y.lower[j]!, high + y.upper[j]!];
    const wy = y.weight[j]!;
    const wa = (1 - wz) * (1 - wy);
    const wb = (1 - wz) * wy;
    const wc = wz * (1 - wy);
    const wd = wz * wy;
    for (let i = 0; i < columns; i++) {
      const left = lower[i]!;
      const right = upper[i]!;
      const q = source[a + left]! * wa + source[b + left]! * wb + source[c + left]! * wc + source[d + left]! * wd;
      out[p++] = q + (source[a + right]! * wa + source[b + right]! * wb + source[c + right]! * wc + source[d + right]! * wd - q) * weight[i]!;
    }
  }
}

function mirrored(offsets: Float64Array): Float64Array {
  const last = offsets.at(-1)!;
  return offsets.map((_, i) => last - offsets[offsets.length - 1 - i]!);
}

function indexAt(offsets: Float64Array, distance: number): number {
  let low = 0;
  while (low < offsets.length - 2 && offsets[low + 1]! <= distance) low++;
  return low + (distance - offsets[low]!) / (offsets[low + 1]! - offsets[low]!);
}
