import { connectedComponents } from './components.ts';
import type { Mask } from './volume.ts';

/** Voxels of one label of a label map (argmax). */
export function maskOf(labels: Uint8Array, label: number, grid: Pick<Mask, 'dims' | 'spacing'>): Mask {
  return { ...grid, data: labels.map((value) => (value === label ? 1 : 0)) };
}

/** Keeps the largest 6-connected part; of equal ones the first. */
export function largestComponent(mask: Mask): Mask {
  const parts = connectedComponents(mask);
  const data = new Uint8Array(mask.data.length);
  let best = -1;
  parts.list.forEach((part, index) => {
    if (best < 0 || part.voxels > parts.list[best]!.voxels) best = index;
  });
  if (best >= 0) parts.paint(best, data, 1);
  return { ...mask, data };
}

/** Fills what is enclosed within a slice: background that does not reach the slice's edge. */
export function fillHoles(mask: Mask): Mask {
  const [nz, ny, nx] = mask.dims;
  const data = mask.data.slice();
  for (let k = 0; k < nz; k++) {
    const slice = data.subarray(k * ny * nx, (k + 1) * ny * nx);
    const background = connectedComponents({ dims: [1, ny, nx], spacing: mask.spacing, data: slice.map((v) => 1 - v) });
    background.list.forEach((part, index) => {
      if (!part.touchesSide) background.paint(index, slice, 1);
    });
  }
  return { ...mask, data };
}

/** A bright part of a heat map: left, top, right, bottom in pixel edges, and its highest value. */
export interface HeatBox {
  readonly box: readonly [number, number, number, number];
  readonly peak: number;
  readonly pixels: number;
}

/**
 * Boxes around the connected parts of a heat map at or above a value, the strongest first.
 *
 * @param heat  row-major, rows × columns; boxes are on its grid, (0,0) the top left corner of its first pixel (PS3.3 §C.10.5.1.1)
 */
export function heatBoxes(heat: Float32Array, rows: number, columns: number, min: number, minPixels = 1): HeatBox[] {
  const parts = connectedComponents({ dims: [1, rows, columns], spacing: [1, 1, 1], data: Uint8Array.from(heat, (v) => (v >= min ? 1 : 0)) });
  const labels = parts.labels();
  const boxes = parts.list.map((part) => ({ left: columns, top: rows, right: 0, bottom: 0, peak: 0, pixels: part.voxels }));
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      const label = labels[j * columns + i]!;
      if (label === 0) continue;
      const box = boxes[label - 1]!;
      box.left = Math.min(box.left, i);
      box.top = Math.min(box.top, j);
      box.right = Math.max(box.right, i + 1);
      box.bottom = Math.max(box.bottom, j + 1);
      box.peak = Math.max(box.peak, heat[j * columns + i]!);
    }
  return boxes
    .filter((box) => box.pixels >= minPixels)
    .map(({ left, top, right, bottom, peak, pixels }): HeatBox => ({ box: [left, top, right, bottom], peak, pixels }))
    .sort((a, b) => b.peak - a.peak || b.pixels - a.pixels || a.box[1] - b.box[1] || a.box[0] - b.box[0]);
}
