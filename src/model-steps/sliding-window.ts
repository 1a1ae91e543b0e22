import { copyWindow } from './windows.ts';
import type { Triple, Volume } from './volume.ts';

export interface SlidingSettings {
  /** Window edges, z y x. */
  readonly size: Triple;
  /** Share of an edge that neighbours have in common, 0 to below 1; nnU-Net and MONAI use 0.5 and 0.25. */
  readonly overlap: number;
  readonly blend: 'gaussian' | 'constant';
  /** Deviation of the Gaussian as a share of the edge; nnU-Net 1/8. */
  readonly sigmaScale: number;
}

/**
 * Starts of windows along one axis of `length`: the fewest with at least this overlap, spread evenly, the last one ending at the edge.
 * n = ⌈(N − P) / (P · (1 − overlap))⌉ + 1, start_i = round(i · (N − P) / (n − 1)); a shorter axis has one window from 0.
 */
export function windowStarts(length: number, size: number, overlap: number): number[] {
  if (length <= size) return [0];
  const count = Math.ceil((length - size) / (size * (1 - overlap))) + 1;
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - size)) / (count - 1)));
}

/** Weight of each place along one edge: exp(−((i − (P − 1) / 2) / (P · sigmaScale))² / 2), at least a thousandth of the highest. */
export function gaussianEdge(size: number, sigmaScale: number): Float32Array {
  const edge = Float32Array.from({ length: size }, (_, i) => Math.exp(-(((i - (size - 1) / 2) / (size * sigmaScale)) ** 2) / 2));
  const highest = edge.reduce((a, b) => Math.max(a, b), 0);
  return edge.map((w) => Math.max(w, highest / 1000));
}

/**
 * Runs a network over a volume in overlapping windows and blends its answers: Σ w · answer / Σ w, on logits or probabilities, as the network gives them.
 *
 * @param infer  of one window [z, y, x]; gives `labels` × z × y × x values
 * @returns      labels × volume, index = label · voxels + voxel
 */
export async function slideOver(volume: Volume<Float32Array>, labels: number, settings: SlidingSettings, infer: (window: Float32Array, size: Triple) => Promise<Float32Array>, done: (windows: number, of: number) => void): Promise<{ readonly values: Float32Array; readonly windows: number }> {
  const { dims } = volume;
  const { size } = settings;
  const voxels = dims[0] * dims[1] * dims[2];
  const values = new Float32Array(labels * voxels);
  const total = new Float32Array(voxels);
  const [wz, wy, wx] = size.map((edge) => (settings.blend === 'gaussian' ? gaussianEdge(edge, settings.sigmaScale) : new Float32Array(edge).fill(1))) as [Float32Array, Float32Array, Float32Array];
  const [sz, sy, sx] = size.map((edge, axis) => windowStarts(dims[axis]!, edge, settings.overlap)) as [number[], number[], number[]];
  const starts = sz.flatMap((z) => sy.flatMap((y) => sx.map((x): Triple => [z, y, x])));
  const inWindow = size[0] * size[1] * size[2];
  for (const [index, start] of starts.entries()) {
    // A new buffer each time: a network may keep the one it was given.
    const window = new Float32Array(inWindow);
    copyWindow(volume, start, size, window);
    const answer = await infer(window, size);
    if (answer.length !== labels * inWindow) throw new RangeError(`the network answers ${answer.length} values for a window, the manifest promises ${labels} × ${inWindow}`);
    addWindow({ values, total, dims, labels }, answer, start, size, [wz, wy, wx]);
    done(index + 1, starts.length);
  }
  for (let c = 0; c < labels; c++) for (let q = 0; q < voxels; q++) values[c * voxels + q]! /= total[q]!;
  return { values, windows: starts.length };
}

interface Sum {
  readonly values: Float32Array;
  readonly total: Float32Array;
  readonly dims: Triple;
  readonly labels: number;
}

/** Adds one window's answer with its weights; what lies beyond the volume is dropped. */
function addWindow(sum: Sum, answer: Float32Array, start: Triple, size: Triple, [wz, wy, wx]: readonly [Float32Array, Float32Array, Float32Array]): void {
  const [nz, ny, nx] = sum.dims;
  const voxels = nz * ny * nx;
  const inWindow = size[0] * size[1] * size[2];
  const columns = Math.min(size[2], nx - start[2]);
  for (let k = 0; k < size[0] && start[0] + k < nz; k++)
    for (let j = 0; j < size[1] && start[1] + j < ny; j++) {
      const to = ((start[0] + k) * ny + start[1] + j) * nx + start[2];
      const from = (k * size[1] + j) * size[2];
      const rowWeight = wz[k]! * wy[j]!;
      for (let i = 0; i < columns; i++) sum.total[to + i]! += rowWeight * wx[i]!;
      for (let c = 0; c < sum.labels; c++) addRow(sum.values, c * voxels + to, answer, c * inWindow + from, rowWeight, wx, columns);
    }
}

function addRow(out: Float32Array, to: number, answer: Float32Array, from: number, weight: number, wx: Float32Array, columns: number): void {
  for (let i = 0; i < columns; i++) out[to + i]! += weight * wx[i]! * answer[from + i]!;
}
