/** Three numbers in the order of the array axes: z (slices), y (rows), x (columns). */
export type Triple = readonly [z: number, y: number, x: number];

/** Voxel values after the modality LUT. Int16 when every slope and intercept is whole, else float32. */
export type Voxels = Int16Array | Float32Array;

/** A regular grid of voxels: flat, index = (z * ny + y) * nx + x; spacing in mm between voxel centres. */
export interface Volume<V extends Voxels = Voxels> {
  readonly data: V;
  readonly dims: Triple;
  readonly spacing: Triple;
}

/** One byte a voxel, 0 or 1; same order as a volume. */
export interface Mask {
  readonly data: Uint8Array;
  readonly dims: Triple;
  readonly spacing: Triple;
}

export function clampIndex(index: number, count: number): number {
  return index < 0 ? 0 : index >= count ? count - 1 : index;
}

/** Median of at least one number; the mean of the middle two when their count is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
