import type { Mask } from './volume.ts';

/**
 * Exact Euclidean distance, mm, from each voxel of a mask to the nearest voxel that is 0, measured between centres; outside the grid counts as 0
 * when `outside` is 'background'. Zero at voxels that are 0.
 *
 * Source: Felzenszwalb & Huttenlocher 2012, lower envelope of parabolas, one axis after the other; linear in the voxels.
 */
export function distanceInside(mask: Mask, outside: 'background' | 'ignored' = 'background'): Float32Array {
  const [nz, ny, nx] = mask.dims;
  const squared = new Float64Array(mask.data.length);
  for (let q = 0; q < squared.length; q++) squared[q] = mask.data[q] === 0 ? 0 : FAR;
  const longest = Math.max(nz, ny, nx) + 2;
  const scratch = { values: new Float64Array(longest), sites: new Int32Array(longest), borders: new Float64Array(longest + 1) };
  const axes = [
    { count: nx, stride: 1, lines: linesOf(nz * ny, (i) => i * nx), spacing: mask.spacing[2] },
    { count: ny, stride: nx, lines: linesOf(nz * nx, (i) => Math.floor(i / nx) * ny * nx + (i % nx)), spacing: mask.spacing[1] },
    { count: nz, stride: ny * nx, lines: linesOf(ny * nx, (i) => i), spacing: mask.spacing[0] },
  ];
  for (const axis of axes) for (const base of axis.lines) envelope(squared, base, axis.stride, axis.count, axis.spacing, outside === 'background', scratch);
  return Float32Array.from(squared, Math.sqrt);
}

const FAR = 1e12;

function linesOf(count: number, baseOf: (i: number) => number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => baseOf(i));
}

interface Scratch {
  readonly values: Float64Array;
  readonly sites: Int32Array;
  readonly borders: Float64Array;
}

/** One line: distance²(i) = min over j of ((i − j)·spacing)² + value(j). A padded line has a zero before and after it. */
function envelope(field: Float64Array, base: number, stride: number, count: number, spacing: number, padded: boolean, scratch: Scratch): void {
  const { values, sites, borders } = scratch;
  const shift = padded ? 1 : 0;
  const total = count + 2 * shift;
  for (let i = 0; i < count; i++) values[i + shift] = field[base + i * stride]!;
  if (padded) {
    values[0] = 0;
    values[total - 1] = 0;
  }
  const step = spacing * spacing;
  let top = 0;
  sites[0] = 0;
  borders[0] = -Infinity;
  borders[1] = Infinity;
  for (let i = 1; i < total; i++) {
    let cut = crossing(values, sites[top]!, i, step);
    while (cut <= borders[top]!) {
      top--;
      cut = crossing(values, sites[top]!, i, step);
    }
    top++;
    sites[top] = i;
    borders[top] = cut;
    borders[top + 1] = Infinity;
  }
  top = 0;
  for (let i = 0; i < total; i++) {
    while (borders[top + 1]! < i) top++;
    if (i < shift || i >= count + shift) continue;
    const d = i - sites[top]!;
    field[base + (i - shift) * stride] = d * d * step + values[sites[top]!]!;
  }
}

function crossing(values: Float64Array, a: number, b: number, step: number): number {
  return (values[b]! - values[a]! + step * (b * b - a * a)) / (2 * step * (b - a));
}
