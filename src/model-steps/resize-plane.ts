import { thenMap, type Plane, type PlaneMap } from './plane.ts';

export type ResizeMode = 'letterbox' | 'stretch' | 'crop-center';

export interface ResizeOptions {
  readonly mode: ResizeMode;
  /** rows, columns */
  readonly size: readonly [number, number];
  /** Value of what lies outside the picture. */
  readonly pad: number;
}

/**
 * Brings a plane to the network's size. `letterbox` keeps the proportions and centres the picture, `stretch` does not keep them, `crop-center` keeps
 * the pixels and cuts or pads around the centre. Reduction averages over areas, enlargement is linear, both on pixel centres (half-pixel rule):
 * source = (target + 0.5) · ratio − 0.5.
 *
 * @returns the plane with a map that leads back to the source, also for what was padded
 */
export function resizePlane(plane: Plane, { mode, size: [rows, columns], pad }: ResizeOptions): Plane {
  if (mode === 'stretch') return scalePlane(plane, rows, columns);
  const ratio = mode === 'crop-center' ? 1 : Math.max(plane.rows / rows, plane.columns / columns);
  const scaled = ratio === 1 ? plane : scalePlane(plane, Math.max(1, Math.min(rows, Math.round(plane.rows / ratio))), Math.max(1, Math.min(columns, Math.round(plane.columns / ratio))));
  return centrePlane(scaled, rows, columns, pad);
}

/** Resamples a plane to exactly this many rows and columns. */
export function scalePlane(plane: Plane, rows: number, columns: number): Plane {
  const [ry, rx] = [plane.rows / rows, plane.columns / columns];
  const [yTaps, xTaps] = [tapsOf(plane.rows, rows), tapsOf(plane.columns, columns)];
  const channels = plane.channels.map((channel) => resampleRows(resampleColumns(channel, plane.rows, plane.columns, xTaps), columns, yTaps));
  return { channels, rows, columns, map: thenMap(plane.map, { x0: 0.5 * rx - 0.5, y0: 0.5 * ry - 0.5, sx: rx, sy: ry }) };
}

/**
 * Values of a map of the network on the grid of a source picture: linear between the map's pixels, 0 outside it.
 *
 * @param map  from the values' pixels to the source's
 */
export function toSourceGrid(values: Float32Array, rows: number, columns: number, map: PlaneMap, sourceRows: number, sourceColumns: number): Float32Array {
  const out = new Float32Array(sourceRows * sourceColumns);
  const reach = 0.5;
  for (let j = 0; j < sourceRows; j++) {
    const y = (j - map.y0) / map.sy;
    if (y < -reach || y > rows - 1 + reach) continue;
    const [y0, wy] = split(y, rows);
    const y1 = Math.min(rows - 1, y0 + 1);
    for (let i = 0; i < sourceColumns; i++) {
      const x = (i - map.x0) / map.sx;
      if (x < -reach || x > columns - 1 + reach) continue;
      const [x0, wx] = split(x, columns);
      const x1 = Math.min(columns - 1, x0 + 1);
      const top = values[y0 * columns + x0]! * (1 - wx) + values[y0 * columns + x1]! * wx;
      const bottom = values[y1 * columns + x0]! * (1 - wx) + values[y1 * columns + x1]! * wx;
      out[j * sourceColumns + i] = top * (1 - wy) + bottom * wy;
    }
  }
  return out;
}

function split(at: number, count: number): [low: number, weight: number] {
  const clamped = Math.max(0, Math.min(count - 1, at));
  const low = Math.floor(clamped);
  return [low, clamped - low];
}

/** What one target pixel is made of along one axis: source pixels from `start` with these weights, which add up to 1. */
interface Tap {
  readonly start: number;
  readonly weights: readonly number[];
}

/** Area averages when the picture shrinks, linear between pixel centres when it grows. */
function tapsOf(from: number, to: number): Tap[] {
  const ratio = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (ratio <= 1) {
      const [low, weight] = split((i + 0.5) * ratio - 0.5, from);
      return weight === 0 ? { start: low, weights: [1] } : { start: low, weights: [1 - weight, weight] };
    }
    const [begin, end] = [i * ratio, (i + 1) * ratio];
    const start = Math.floor(begin);
    const last = Math.min(from, Math.ceil(end - 1e-9));
    const weights = Array.from({ length: last - start }, (_, k) => (Math.min(end, start + k + 1) - Math.max(begin, start + k)) / ratio);
    return { start, weights };
  });
}

function resampleColumns(channel: Float32Array, rows: number, columns: number, taps: readonly Tap[]): Float32Array {
  const out = new Float32Array(rows * taps.length);
  for (let j = 0; j < rows; j++)
    for (const [i, { start, weights }] of taps.entries()) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * channel[j * columns + start + k]!;
      out[j * taps.length + i] = sum;
    }
  return out;
}

function resampleRows(channel: Float32Array, columns: number, taps: readonly Tap[]): Float32Array {
  const out = new Float32Array(taps.length * columns);
  for (const [j, { start, weights }] of taps.entries())
    for (let k = 0; k < weights.length; k++) {
      const from = (start + k) * columns;
      for (let i = 0; i < columns; i++) out[j * columns + i]! += weights[k]! * channel[from + i]!;
    }
  return out;
}

function centrePlane(plane: Plane, rows: number, columns: number, pad: number): Plane {
  const [top, left] = [Math.floor((rows - plane.rows) / 2), Math.floor((columns - plane.columns) / 2)];
  const channels = plane.channels.map((channel) => {
    const out = new Float32Array(rows * columns).fill(pad);
    for (let j = Math.max(0, top); j < Math.min(rows, top + plane.rows); j++) {
      const from = (j - top) * plane.columns + Math.max(0, -left);
      out.set(channel.subarray(from, from + Math.min(columns, plane.columns)), j * columns + Math.max(0, left));
    }
    return out;
  });
  return { channels, rows, columns, map: thenMap(plane.map, { x0: -left, y0: -top, sx: 1, sy: 1 }) };
}
