import type { Mask, Triple, Volume } from './volume.ts';

/** A line in one slice, ends as (row, column) of the source with fraction, pixel centres at whole numbers. */
export interface Axis {
  readonly lengthMm: number;
  readonly ends: readonly [readonly [y: number, x: number], readonly [y: number, x: number]];
}

export interface RegionMeasures {
  /** Sum of the voxels, mm³ of the source grid. */
  readonly volumeMm3: number;
  /** Longest line in the axial slice where it is longest. */
  readonly longAxis: Axis;
  /** Longest line across it at a right angle in the same slice. */
  readonly shortAxis: Axis;
  /** Source slice of both axes. */
  readonly slice: number;
  readonly meanHu: number;
  /** Of the voxels, population form. */
  readonly sdHu: number;
  /** Mean index, z y x of the source. */
  readonly centroid: Triple;
}

/**
 * Measures a region in physical units of the source grid.
 *
 * Lengths run between the middles of pixel edges, so that a row of n pixels is n pixels long, not n − 1.
 *
 * @param corner  place of the mask's first voxel in the source
 * @returns       null for an empty mask
 */
export function measureRegion(source: Volume, mask: Mask, corner: Triple): RegionMeasures | null {
  const sums = sumUp(source, mask, corner);
  if (sums === null) return null;
  let best: { slice: number; outline: Outline; long: Chord } | null = null;
  for (let k = 0; k < mask.dims[0]; k++) {
    const outline = outlineOf(mask, k);
    const long = longest(outline);
    if (long !== null && (best === null || long.length > best.long.length + 1e-9)) best = { slice: k, outline, long };
  }
  if (best === null) return null;
  const toAxis = (chord: Chord): Axis => ({
    lengthMm: chord.length,
    ends: [
      [corner[1] + chord.from[0] / mask.spacing[1], corner[2] + chord.from[1] / mask.spacing[2]],
      [corner[1] + chord.to[0] / mask.spacing[1], corner[2] + chord.to[1] / mask.spacing[2]],
    ],
  });
  return { ...sums, slice: corner[0] + best.slice, longAxis: toAxis(best.long), shortAxis: toAxis(across(best.outline, best.long, Math.min(mask.spacing[1], mask.spacing[2]))) };
}

/** Middles of the pixel edges of one slice's outer border, mm from the centre of the box's first pixel: (y, x). */
type Outline = readonly (readonly [y: number, x: number])[];

interface Chord {
  readonly length: number;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

function sumUp(source: Volume, mask: Mask, corner: Triple): Pick<RegionMeasures, 'volumeMm3' | 'meanHu' | 'sdHu' | 'centroid'> | null {
  const [nz, ny, nx] = mask.dims;
  let [count, sum, squares, z, y, x] = [0, 0, 0, 0, 0, 0];
  for (let k = 0; k < nz; k++)
    for (let j = 0; j < ny; j++)
      for (let i = 0; i < nx; i++) {
        if (mask.data[(k * ny + j) * nx + i] === 0) continue;
        const hu = source.data[((corner[0] + k) * source.dims[1] + corner[1] + j) * source.dims[2] + corner[2] + i]!;
        count++;
        sum += hu;
        squares += hu * hu;
        z += k;
        y += j;
        x += i;
      }
  if (count === 0) return null;
  const meanHu = sum / count;
  return {
    volumeMm3: count * mask.spacing[0] * mask.spacing[1] * mask.spacing[2],
    meanHu,
    sdHu: Math.sqrt(Math.max(0, squares / count - meanHu * meanHu)),
    centroid: [corner[0] + z / count, corner[1] + y / count, corner[2] + x / count],
  };
}

function outlineOf(mask: Mask, slice: number): Outline {
  const [, ny, nx] = mask.dims;
  const [dy, dx] = [mask.spacing[1], mask.spacing[2]];
  const set = (j: number, i: number) => j >= 0 && i >= 0 && j < ny && i < nx && mask.data[(slice * ny + j) * nx + i] === 1;
  const points: [number, number][] = [];
  for (let j = 0; j < ny; j++)
    for (let i = 0; i < nx; i++) {
      if (!set(j, i)) continue;
      if (!set(j - 1, i)) points.push([(j - 0.5) * dy, i * dx]);
      if (!set(j + 1, i)) points.push([(j + 0.5) * dy, i * dx]);
      if (!set(j, i - 1)) points.push([j * dy, (i - 0.5) * dx]);
      if (!set(j, i + 1)) points.push([j * dy, (i + 0.5) * dx]);
    }
  return points;
}

function longest(outline: Outline): Chord | null {
  let best: Chord | null = null;
  let bestSquared = 0;
  for (let a = 0; a < outline.length; a++)
    for (let b = a + 1; b < outline.length; b++) {
      const [from, to] = [outline[a]!, outline[b]!];
      const [y, x] = [to[0] - from[0], to[1] - from[1]];
      if (y * y + x * x <= bestSquared + 1e-9) continue;
      bestSquared = y * y + x * x;
      best = { length: Math.sqrt(bestSquared), from, to };
    }
  return best;
}

/** Longest chord at a right angle to the long axis: outline points are sorted into strips across it, one pixel wide, half a pixel apart. */
function across(outline: Outline, long: Chord, pixel: number): Chord {
  const along: readonly [number, number] = [(long.to[0] - long.from[0]) / long.length, (long.to[1] - long.from[1]) / long.length];
  const local = outline.map(([y, x]) => {
    const [dy, dx] = [y - long.from[0], x - long.from[1]];
    return { u: dy * along[0] + dx * along[1], v: dx * along[0] - dy * along[1] };
  });
  let best = { width: 0, u: long.length / 2, low: 0, high: 0 };
  for (let u = 0; u <= long.length; u += pixel / 2) {
    let [low, high] = [Infinity, -Infinity];
    for (const point of local) {
      if (Math.abs(point.u - u) > pixel / 2) continue;
      low = Math.min(low, point.v);
      high = Math.max(high, point.v);
    }
    if (high - low > best.width + 1e-9) best = { width: high - low, u, low, high };
  }
  const at = (v: number): [number, number] => [long.from[0] + best.u * along[0] - v * along[1], long.from[1] + best.u * along[1] + v * along[0]];
  return { length: best.width, from: at(best.low), to: at(best.high) };
}
