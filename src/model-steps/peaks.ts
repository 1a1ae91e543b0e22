import { maskAt } from './lung-mask.ts';
import type { Mask, Triple } from './volume.ts';

/** A place where a detector saw something. Lengths in voxels of the network's grid unless they say mm. */
export interface Detection {
  /** 0–1. */
  readonly score: number;
  /** Centre, z y x, index with fraction in the resampled volume. */
  readonly voxel: Triple;
  readonly diameterMm: number;
  /** Further channels of the detector at this place, by name. */
  readonly channels: Readonly<Record<string, number>>;
}

/** Which channel of a detector's map means what; numbers are channel indices. */
export interface DetectionMapLayout {
  readonly channelCount: number;
  readonly probability: number;
  readonly diameterMm: number;
  /** Offset of the true centre from the cell's centre, mm: z, y, x. */
  readonly offsetMm: Triple;
  readonly further: Readonly<Record<string, number>>;
  /** Edge of a cell in voxels of the input. */
  readonly cell: number;
}

export interface WindowMaps {
  /** Shape [channelCount, size / cell …]. */
  readonly maps: Float32Array;
  readonly start: Triple;
  /** Of the window, voxels. */
  readonly size: Triple;
}

/** Peaks found twice at a seam are one after `suppress`. */
const SEAM_CELLS = 2;

/**
 * Local maxima (26 neighbours) of the probability map in the inner part of a window, at least `floor`, whose cell or centre lies in the mask.
 *
 * The centre of cell c is voxel start + cell · c + (cell − 1) / 2: voxel centres again, else every detection is half a voxel off.
 * Of equal neighbours (a plateau) the first in memory order counts.
 */
export function findPeaks(window: WindowMaps, layout: DetectionMapLayout, options: { readonly margin: number; readonly floor: number; readonly voxelMm: number; readonly mask: Mask }): Detection[] {
  const { maps, start, size } = window;
  const { cell } = layout;
  const [gz, gy, gx] = [size[0] / cell, size[1] / cell, size[2] / cell];
  const plane = gz * gy * gx;
  // Two cells more than the inner part: at a seam the windows may disagree by a cell about where the maximum is, and each leave it to the other.
  const rim = Math.max(1, Math.ceil(options.margin / cell) - SEAM_CELLS);
  const scores = maps.subarray(layout.probability * plane, (layout.probability + 1) * plane);
  const found: Detection[] = [];
  for (let k = rim; k < gz - rim; k++)
    for (let j = rim; j < gy - rim; j++)
      for (let i = rim; i < gx - rim; i++) {
        const q = (k * gy + j) * gx + i;
        const score = scores[q]!;
        if (!(score >= options.floor) || !isPeak(scores, q, gy, gx, score)) continue;
        const at: Triple = [k, j, i];
        const detection = describe(maps, plane, q, at, start, layout, options.voxelMm, score);
        const cellCentre = at.map((c, a) => Math.round(start[a]! + cell * c + (cell - 1) / 2)) as [number, number, number];
        const centre = detection.voxel.map(Math.round) as [number, number, number];
        if (maskAt(options.mask, ...cellCentre) || maskAt(options.mask, ...centre)) found.push(detection);
      }
  return found;
}

/**
 * Greedy non-maximum suppression: strongest first; drops what lies nearer to a kept one than max(radiusMm, perDiameter × the larger diameter).
 * Order of equal scores: by position, so that the result does not depend on the order of windows.
 */
export function suppress(found: readonly Detection[], options: { readonly radiusMm: number; readonly perDiameter: number; readonly voxelMm: number }): Detection[] {
  const sorted = [...found].sort((a, b) => b.score - a.score || comparePlaces(a.voxel, b.voxel));
  const kept: Detection[] = [];
  for (const candidate of sorted) {
    const isNear = kept.some((other) => {
      const reach = Math.max(options.radiusMm, options.perDiameter * Math.max(other.diameterMm, candidate.diameterMm));
      return distance(other.voxel, candidate.voxel) * options.voxelMm < reach;
    });
    if (!isNear) kept.push(candidate);
  }
  return kept;
}

export function comparePlaces(a: Triple, b: Triple): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function isPeak(map: Float32Array, q: number, gy: number, gx: number, value: number): boolean {
  for (let a = -1; a <= 1; a++)
    for (let b = -1; b <= 1; b++)
      for (let c = -1; c <= 1; c++) {
        const step = (a * gy + b) * gx + c;
        const other = map[q + step]!;
        if (other > value || (other === value && step < 0)) return false;
      }
  return true;
}

function describe(maps: Float32Array, plane: number, q: number, at: Triple, start: Triple, layout: DetectionMapLayout, voxelMm: number, score: number): Detection {
  const channel = (index: number) => maps[index * plane + q]!;
  const centre = (axis: 0 | 1 | 2) => start[axis] + layout.cell * at[axis] + (layout.cell - 1) / 2 + channel(layout.offsetMm[axis]) / voxelMm;
  return {
    score,
    voxel: [centre(0), centre(1), centre(2)],
    diameterMm: channel(layout.diameterMm),
    channels: Object.fromEntries(Object.entries(layout.further).map(([name, index]) => [name, channel(index)])),
  };
}

function distance(a: Triple, b: Triple): number {
  const [z, y, x] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  return Math.sqrt(z * z + y * y + x * x);
}
