import { maskAt, maskBox } from './lung-mask.ts';
import { clampIndex, type Mask, type Triple, type Volume } from './volume.ts';

/** How a volume is cut into windows for a fully convolutional network. All in voxels. */
export interface TilingOptions {
  /** Largest window edge. */
  readonly maxSize: number;
  /** Rim of a window whose output is not used, as its surroundings were not seen. */
  readonly margin: number;
  /** Window edges are multiples of this. */
  readonly multipleOf: number;
}

export interface Tiling {
  readonly size: Triple;
  /** Corners; a window may reach beyond the volume. */
  readonly starts: readonly Triple[];
}

/**
 * Windows of equal size whose inner parts cover the bounding box of a mask without overlap; those without a mask voxel inside are left out.
 *
 * Per axis of the box [low, high): n = ⌈length / (maxSize − 2 margin)⌉, inner = ⌈length / n⌉ up to the next multiple, window = inner + 2 margin.
 */
export function tilesOver(mask: Mask, options: TilingOptions): Tiling {
  const box = maskBox(mask);
  if (box === null) return { size: [0, 0, 0], starts: [] };
  const [z, y, x] = [0, 1, 2].map((axis) => tileAxis(box.low[axis]!, box.high[axis]!, options)) as [AxisTiles, AxisTiles, AxisTiles];
  const size: Triple = [z.size, y.size, x.size];
  const starts = z.starts.flatMap((a) => y.starts.flatMap((b) => x.starts.map((c): Triple => [a, b, c])));
  return { size, starts: starts.filter((start) => holdsMask(mask, start, size, options.margin)) };
}

interface AxisTiles {
  readonly size: number;
  readonly starts: readonly number[];
}

/** Exported for the test of the formula. */
export function tileAxis(low: number, high: number, { maxSize, margin, multipleOf }: TilingOptions): AxisTiles {
  const length = high - low;
  const largestInner = Math.floor((maxSize - 2 * margin) / multipleOf) * multipleOf;
  const count = Math.max(1, Math.ceil(length / largestInner));
  const inner = Math.ceil(length / count / multipleOf) * multipleOf;
  return { size: inner + 2 * margin, starts: Array.from({ length: count }, (_, i) => low - margin + i * inner) };
}

/** Copies a window out of a volume; beyond its edge the nearest voxel is repeated. `out` has size z·y·x. */
export function copyWindow(volume: Volume<Float32Array>, start: Triple, size: Triple, out: Float32Array): void {
  const [nz, ny, nx] = volume.dims;
  const { data } = volume;
  const before = Math.min(size[2], Math.max(0, -start[2]));
  const inside = Math.max(0, Math.min(nx, start[2] + size[2]) - Math.max(0, start[2]));
  let p = 0;
  for (let k = 0; k < size[0]; k++) {
    const z = clampIndex(start[0] + k, nz);
    for (let j = 0; j < size[1]; j++) {
      const row = (z * ny + clampIndex(start[1] + j, ny)) * nx;
      out.fill(data[row]!, p, p + before);
      if (inside > 0) out.set(data.subarray(row + Math.max(0, start[2]), row + Math.max(0, start[2]) + inside), p + before);
      out.fill(data[row + nx - 1]!, p + before + inside, p + size[2]);
      p += size[2];
    }
  }
}

function holdsMask(mask: Mask, start: Triple, size: Triple, margin: number): boolean {
  // Every fourth voxel is looked at: the mask is at least 5 mm thick everywhere, as it was closed and widened.
  for (let z = start[0] + margin; z < start[0] + size[0] - margin; z += 4)
    for (let y = start[1] + margin; y < start[1] + size[1] - margin; y += 4)
      for (let x = start[2] + margin; x < start[2] + size[2] - margin; x += 4) if (z >= 0 && y >= 0 && x >= 0 && maskAt(mask, z, y, x)) return true;
  return false;
}
