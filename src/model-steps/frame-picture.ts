import { cropPlane, greyOf, mirrorPlane, type Plane } from './plane.ts';
import { percentilesOf } from './intensity.ts';

/** Cuts to what is above `threshold` of the range between the darkest and the brightest percent: a breast, a film without its collimator. */
export function cropForeground(plane: Plane, threshold = 0.1): Plane {
  const box = foregroundBox(plane, threshold);
  return box === null ? plane : cropPlane(plane, box.left, box.top, box.width, box.height);
}

/**
 * Cuts to the square around the lit circle of a fundus photograph: the box of what is brighter than a tenth of the range, made square
 * around its centre with the longer edge, within the picture.
 */
export function cropCircle(plane: Plane): Plane {
  const box = foregroundBox(plane, 0.1);
  if (box === null) return plane;
  const edge = Math.min(Math.max(box.width, box.height), plane.rows, plane.columns);
  const left = Math.max(0, Math.min(plane.columns - edge, Math.round(box.left + box.width / 2 - edge / 2)));
  const top = Math.max(0, Math.min(plane.rows - edge, Math.round(box.top + box.height / 2 - edge / 2)));
  return cropPlane(plane, left, top, edge, edge);
}

/** Turns a picture round whose bright half is the right one, so that the breast always comes from the left. */
export function flipToLeft(plane: Plane): Plane {
  const grey = greyOf(plane);
  const { rows, columns } = plane;
  let [left, right] = [0, 0];
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      if (i < columns >> 1) left += grey[j * columns + i]!;
      else if (i >= (columns + 1) >> 1) right += grey[j * columns + i]!;
    }
  return right > left ? mirrorPlane(plane) : plane;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Box of rows and columns of which more than 2 % of the pixels are bright; null when the picture is even. */
function foregroundBox(plane: Plane, threshold: number): Box | null {
  const grey = greyOf(plane);
  const { rows, columns } = plane;
  const [low, high] = percentilesOf(grey, [1, 99]) as [number, number];
  if (!(high > low)) return null;
  const limit = low + threshold * (high - low);
  const inRow = new Int32Array(rows);
  const inColumn = new Int32Array(columns);
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      if (grey[j * columns + i]! <= limit) continue;
      inRow[j]!++;
      inColumn[i]!++;
    }
  const top = inRow.findIndex((n) => n > 0.02 * columns);
  const left = inColumn.findIndex((n) => n > 0.02 * rows);
  if (top < 0 || left < 0) return null;
  return { left, top, width: inColumn.findLastIndex((n) => n > 0.02 * rows) - left + 1, height: inRow.findLastIndex((n) => n > 0.02 * columns) - top + 1 };
}
