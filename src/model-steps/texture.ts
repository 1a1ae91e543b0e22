import type { NoduleRegion } from './segment-nodule.ts';
import { distanceInside } from './distance-transform.ts';
import type { Volume } from './volume.ts';

export type NoduleTexture = 'solid' | 'part-solid' | 'ground-glass';

export interface NoduleDensity {
  readonly texture: NoduleTexture;
  /** At least a tenth of the inner part is above 200 HU. */
  readonly calcified: boolean;
  /** Share of the inner part above −300 HU. */
  readonly solidShare: number;
}

const SOLID_HU = -300;
const CALCIFIED_HU = 200;

/**
 * Names the density of a nodule by its inner part, where partial volume does not reach: voxels deeper than a third of the thickest place
 * (in a nodule of few voxels: all of them that are no worse than the median depth).
 *
 * Solid: at least two thirds above −300 HU; ground glass: less than a tenth; part-solid between.
 */
export function noduleDensity(source: Volume, region: NoduleRegion): NoduleDensity {
  const depth = distanceInside(region.mask);
  const limit = deepest(depth) * 0.45;
  const [nz, ny, nx] = region.mask.dims;
  let [inner, solid, calcified] = [0, 0, 0];
  for (let k = 0; k < nz; k++)
    for (let j = 0; j < ny; j++)
      for (let i = 0; i < nx; i++) {
        if (!(depth[(k * ny + j) * nx + i]! > limit)) continue;
        const hu = source.data[((region.corner[0] + k) * source.dims[1] + region.corner[1] + j) * source.dims[2] + region.corner[2] + i]!;
        inner++;
        if (hu > SOLID_HU) solid++;
        if (hu > CALCIFIED_HU) calcified++;
      }
  const solidShare = inner === 0 ? 0 : solid / inner;
  return { texture: solidShare >= 2 / 3 ? 'solid' : solidShare < 0.1 ? 'ground-glass' : 'part-solid', calcified: calcified >= 0.1 * inner && inner > 0, solidShare };
}

function deepest(depth: Float32Array): number {
  let largest = 0;
  for (const d of depth) if (d > largest) largest = d;
  return largest;
}
