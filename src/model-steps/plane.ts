/**
 * One picture as float32, a list of channels (1 grey, 3 red green blue), each row-major, and how its pixels lie in the source picture:
 * source x = map.x0 + map.sx · x, source y = map.y0 + map.sy · y, in pixel centres; sx is negative in a picture that was turned round.
 */
export interface Plane {
  readonly channels: readonly Float32Array[];
  readonly rows: number;
  readonly columns: number;
  readonly map: PlaneMap;
}

export interface PlaneMap {
  readonly x0: number;
  readonly y0: number;
  readonly sx: number;
  readonly sy: number;
}

export const SAME_PLACE: PlaneMap = { x0: 0, y0: 0, sx: 1, sy: 1 };

/** The map of a part of a plane, or of a plane with other pixels: inner (to the plane) then outer (to the source). */
export function thenMap(outer: PlaneMap, inner: PlaneMap): PlaneMap {
  return { x0: outer.x0 + outer.sx * inner.x0, y0: outer.y0 + outer.sy * inner.y0, sx: outer.sx * inner.sx, sy: outer.sy * inner.sy };
}

/** Mean of the channels with the weights of human sight for three (ITU-R BT.601). */
export function greyOf(plane: Plane): Float32Array {
  const [red, green, blue] = plane.channels;
  if (red === undefined) throw new RangeError('a plane has at least one channel');
  if (green === undefined || blue === undefined) return red;
  return red.map((value, i) => 0.299 * value + 0.587 * green[i]! + 0.114 * blue[i]!);
}

/** A rectangle of a plane, in its pixels; what lies outside is cut off. */
export function cropPlane(plane: Plane, left: number, top: number, width: number, height: number): Plane {
  const [x0, y0] = [Math.max(0, left), Math.max(0, top)];
  const [x1, y1] = [Math.min(plane.columns, left + width), Math.min(plane.rows, top + height)];
  const [columns, rows] = [Math.max(1, x1 - x0), Math.max(1, y1 - y0)];
  const channels = plane.channels.map((channel) => {
    const out = new Float32Array(rows * columns);
    for (let j = 0; j < rows; j++) out.set(channel.subarray((y0 + j) * plane.columns + x0, (y0 + j) * plane.columns + x0 + columns), j * columns);
    return out;
  });
  return { channels, rows, columns, map: thenMap(plane.map, { x0, y0, sx: 1, sy: 1 }) };
}

/** Left and right exchanged. */
export function mirrorPlane(plane: Plane): Plane {
  const { rows, columns } = plane;
  const channels = plane.channels.map((channel) => {
    const out = new Float32Array(channel.length);
    for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++) out[j * columns + i] = channel[j * columns + columns - 1 - i]!;
    return out;
  });
  return { channels, rows, columns, map: thenMap(plane.map, { x0: columns - 1, y0: 0, sx: -1, sy: 1 }) };
}
