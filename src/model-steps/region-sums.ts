import type { Mask, Volume } from './volume.ts';

export interface RegionSums {
  readonly voxels: number;
  readonly volumeMm3: number;
  /** NaN for an empty mask, as the deviation. */
  readonly mean: number;
  /** Population form. */
  readonly sd: number;
}

/** Volume and intensity of a mask on the grid of its volume, in one pass: for regions too large to look for their longest line. */
export function regionSums(volume: Volume, mask: Mask): RegionSums {
  let [voxels, sum, squares] = [0, 0, 0];
  for (let q = 0; q < mask.data.length; q++) {
    if (mask.data[q] === 0) continue;
    const v = volume.data[q]!;
    voxels++;
    sum += v;
    squares += v * v;
  }
  const mean = voxels === 0 ? NaN : sum / voxels;
  return { voxels, volumeMm3: voxels * mask.spacing[0] * mask.spacing[1] * mask.spacing[2], mean, sd: Math.sqrt(Math.max(0, squares / voxels - mean * mean)) };
}
