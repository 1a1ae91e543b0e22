import { connectedComponents } from './components.ts';
import { fillHoles } from './fill-holes.ts';
import { closeBox, dilateBox } from './morphology.ts';
import { halve } from './resample.ts';
import type { Mask, Triple, Volume } from './volume.ts';

/** The lungs of a CT volume at half its resolution. */
export interface LungMask extends Mask {
  /** Air of the lungs (and of airways joined to them), before the mask is closed and widened; ml. */
  readonly volumeMl: number;
  /** The first or last slice cuts the lungs. */
  readonly cutAtFirstSlice: boolean;
  readonly cutAtLastSlice: boolean;
  /** Centres of the parts, largest first, as position (z, y, x) in voxels of the volume given; two parts when the lungs are apart. */
  readonly parts: readonly { readonly ml: number; readonly centre: Triple }[];
}

const AIR_HU = -400;
const SMALLEST_PART_ML = 100;
/** A pleural nodule of up to twice this stays inside. */
const CLOSING_MM = 8;
const WIDENING_MM = 2;
/** In a slice: a nodule of nearly 40 mm. */
const LARGEST_HOLE_MM2 = 1200;

/**
 * Lung mask: below −400 HU, 6-connected parts of at least 100 ml that do not reach the side of the image (room air does, also through
 * the table), closed by 8 mm so that pleural nodules stay in, holes of up to 12 cm² in a slice filled so that large nodules do,
 * then widened by 2 mm.
 *
 * @param volume  HU, isotropic, about 1 mm
 */
export function lungMask(volume: Volume<Float32Array>): LungMask {
  const coarse = halve(volume);
  const air = new Uint8Array(coarse.data.length);
  for (let q = 0; q < air.length; q++) air[q] = coarse.data[q]! < AIR_HU ? 1 : 0;
  const { dims, spacing } = coarse;
  const voxelMl = (spacing[0] * spacing[1] * spacing[2]) / 1000;

  const components = connectedComponents({ data: air, dims, spacing });
  const lungs = components.list
    .map((component, index) => ({ ...component, index, ml: component.voxels * voxelMl }))
    .filter((component) => !component.touchesSide && component.ml >= SMALLEST_PART_ML)
    .sort((a, b) => b.voxels - a.voxels);
  const data = new Uint8Array(air.length);
  for (const lung of lungs) components.paint(lung.index, data, 1);

  const closed = lungs.length === 0 ? { data, dims, spacing } : fillHoles(closeBox({ data, dims, spacing }, Math.round(CLOSING_MM / spacing[0])), LARGEST_HOLE_MM2);
  const widened = lungs.length === 0 ? closed : dilateBox(closed, Math.round(WIDENING_MM / spacing[0]));
  return {
    ...widened,
    volumeMl: lungs.reduce((sum, lung) => sum + lung.ml, 0),
    cutAtFirstSlice: lungs.some((lung) => lung.touchesFirstSlice),
    cutAtLastSlice: lungs.some((lung) => lung.touchesLastSlice),
    parts: lungs.map(({ ml, centre: [z, y, x] }) => ({ ml, centre: [2 * z + 0.5, 2 * y + 0.5, 2 * x + 0.5] })),
  };
}

/** Value of a half-resolution mask at a voxel of the full grid; positions outside take the nearest voxel. */
export function maskAt(mask: Mask, z: number, y: number, x: number): boolean {
  const [nz, ny, nx] = mask.dims;
  const k = Math.max(0, Math.min(nz - 1, z >> 1));
  const j = Math.max(0, Math.min(ny - 1, y >> 1));
  const i = Math.max(0, Math.min(nx - 1, x >> 1));
  return mask.data[(k * ny + j) * nx + i] === 1;
}

/** Bounding box of a half-resolution mask in voxels of the full grid: [low, high) per axis; null when it is empty. */
export function maskBox(mask: Mask): { readonly low: Triple; readonly high: Triple } | null {
  const [nz, ny, nx] = mask.dims;
  const low: [number, number, number] = [nz, ny, nx];
  const high: [number, number, number] = [0, 0, 0];
  for (let row = 0; row < nz * ny; row++) {
    const line = mask.data.subarray(row * nx, (row + 1) * nx);
    const first = line.indexOf(1);
    if (first === -1) continue;
    const position = [Math.floor(row / ny), row % ny] as const;
    for (const axis of [0, 1] as const) {
      low[axis] = Math.min(low[axis], position[axis]);
      high[axis] = Math.max(high[axis], position[axis] + 1);
    }
    low[2] = Math.min(low[2], first);
    high[2] = Math.max(high[2], line.lastIndexOf(1) + 1);
  }
  if (high[0] === 0) return null;
  return { low: [low[0] * 2, low[1] * 2, low[2] * 2], high: [high[0] * 2, high[1] * 2, high[2] * 2] };
}
