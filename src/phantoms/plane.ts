/** Flat pictures of floats and what phantoms draw into them: fractal texture, soft spots, tapering strokes. Pixel units; x to the right, y down. */
import type { Random } from './random.ts';

export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

export type Point = readonly [number, number];

export function makePlane(width: number, height: number, fill = 0): Plane {
  return { width, height, values: new Float32Array(width * height).fill(fill) };
}

/** Normally distributed, by Box and Muller. */
export function normal(random: Random, sigma = 1): number {
  return sigma * Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** Roughly normal with mean 0 and standard deviation 1, one value per pixel: the sum of four uniform ones. */
export function noisePlane(random: Random, width: number, height: number): Plane {
  const plane = makePlane(width, height), scale = Math.sqrt(3);
  for (let q = 0; q < plane.values.length; q++) plane.values[q] = (random.next() + random.next() + random.next() + random.next() - 2) * scale;
  return plane;
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(x < -30 ? 30 : x > 30 ? -30 : -x));
}

export function smoothStep(from: number, to: number, x: number): number {
  const t = Math.max(0, Math.min(1, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/**
 * Fractal value noise with mean near 0 and spread near 1.
 *
 * @param cells    of the coarsest octave, across the shorter side
 * @param gain     amplitude from octave to octave
 */
export function fractal(random: Random, width: number, height: number, cells = 3, octaves = 5, gain = 0.6): Plane {
  const plane = makePlane(width, height), shorter = Math.min(width, height);
  let amplitude = 1, power = 0;
  for (let octave = 0; octave < octaves; octave++, amplitude *= gain) {
    const nx = Math.max(1, Math.round((cells * 2 ** octave * width) / shorter)), ny = Math.max(1, Math.round((cells * 2 ** octave * height) / shorter));
    if (Math.min(nx, ny) > shorter / 2) break;
    addOctave(plane, random, nx, ny, amplitude);
    power += amplitude * amplitude;
  }
  const scale = 1 / (0.22 * Math.sqrt(power));
  for (let q = 0; q < plane.values.length; q++) plane.values[q] = plane.values[q]! * scale;
  return plane;
}

function addOctave({ width, height, values }: Plane, random: Random, nx: number, ny: number, amplitude: number): void {
  const grid = Float32Array.from({ length: (nx + 1) * (ny + 1) }, () => (random.next() - 0.5) * amplitude);
  const columns = Array.from({ length: width }, (_, x) => cellOf(x, width, nx));
  for (let y = 0; y < height; y++) {
    const [j, fy] = cellOf(y, height, ny), upper = j * (nx + 1), lower = upper + nx + 1;
    for (let x = 0; x < width; x++) {
      const [i, fx] = columns[x]!;
      const a = grid[upper + i]! + (grid[upper + i + 1]! - grid[upper + i]!) * fx;
      const b = grid[lower + i]! + (grid[lower + i + 1]! - grid[lower + i]!) * fx;
      const q = y * width + x;
      values[q] = values[q]! + a + (b - a) * fy;
    }
  }
}

function cellOf(at: number, size: number, cells: number): readonly [number, number] {
  const p = ((at + 0.5) * cells) / size, cell = Math.min(cells - 1, Math.floor(p)), f = p - cell;
  return [cell, f * f * (3 - 2 * f)];
}

export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly amount: number;
  /** Width of the border, pixels. */
  readonly soft?: number;
  /** Shorter axis divided by the longer one, and the angle of the longer one. */
  readonly aspect?: number;
  readonly angle?: number;
  /** Waves of the border as a share of the radius, and where they begin. */
  readonly lobes?: number;
  readonly phase?: number;
}

/** Adds a soft ellipse; tells `seen` each touched pixel with its share of 1, for label maps. */
export function addSpot(plane: Plane, spot: Spot, seen?: (index: number, share: number) => void): void {
  const { x, y, radius, amount, soft = 1, aspect = 1, angle = 0, lobes = 0, phase = 0 } = spot;
  const reach = (radius * (1 + 1.8 * lobes)) / Math.min(1, aspect) + 5 * soft;
  const cos = Math.cos(angle), sin = Math.sin(angle);
  eachAround(plane, [x, y], [x, y], reach, (q, px, py) => {
    const dx = (px - x) * cos + (py - y) * sin, dy = ((py - y) * cos - (px - x) * sin) / aspect;
    const turn = lobes === 0 ? 0 : Math.atan2(dy, dx);
    const edge = lobes === 0 ? radius : radius * (1 + lobes * Math.sin(3 * turn + phase) + 0.7 * lobes * Math.sin(5 * turn + 2 * phase));
    const share = sigmoid((edge - Math.sqrt(dx * dx + dy * dy)) / soft);
    plane.values[q] = plane.values[q]! + amount * share;
    seen?.(q, share);
  });
}

export interface Stroke {
  readonly points: readonly Point[];
  /** Full width at the beginning and at the end. */
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  readonly soft?: number;
}

/** Draws a tapering line; where strokes cross the stronger one counts, so that joints leave no beads. */
export function drawStroke(plane: Plane, { points, from, to, amount, soft = 0.6 }: Stroke): void {
  for (let k = 0; k + 1 < points.length; k++) {
    const a = points[k]!, b = points[k + 1]!, half = 0.5 * (from + ((to - from) * k) / (points.length - 1));
    const dx = b[0] - a[0], dy = b[1] - a[1], length2 = dx * dx + dy * dy + 1e-6;
    eachAround(plane, a, b, half + 3 * soft, (q, px, py) => {
      const t = Math.max(0, Math.min(1, ((px - a[0]) * dx + (py - a[1]) * dy) / length2));
      const ex = px - a[0] - t * dx, ey = py - a[1] - t * dy;
      const share = Math.max(0, Math.min(1, (half - Math.sqrt(ex * ex + ey * ey)) / soft + 0.5));
      if (amount * share > plane.values[q]!) plane.values[q] = amount * share;
    });
  }
}

/** A wandering line; `pull` turns it back to the direction it began with. */
export function wander(random: Random, from: Point, angle: number, way: { readonly length: number; readonly step: number; readonly jitter: number; readonly pull?: number }): Point[] {
  const points: Point[] = [from];
  let [x, y] = from, heading = angle;
  for (let n = Math.max(2, Math.floor(way.length / way.step)); n > 0; n--) {
    x += way.step * Math.cos(heading);
    y += way.step * Math.sin(heading);
    heading += normal(random, way.jitter) + (angle - heading) * (way.pull ?? 0);
    points.push([x, y]);
  }
  return points;
}

/** Blur with the kernel [s, 1 − 2s, s] in both directions, edges repeated. */
export function lightBlur(plane: Plane, s: number): Plane {
  const { width, height, values } = plane, out = makePlane(width, height), line = makePlane(width, height);
  for (let y = 0; y < height; y++) {
    const up = Math.max(0, y - 1) * width, at = y * width, down = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x++) line.values[at + x] = (1 - 2 * s) * values[at + x]! + s * (values[up + x]! + values[down + x]!);
  }
  for (let y = 0, q = 0; y < height; y++)
    for (let x = 0; x < width; x++, q++) out.values[q] = (1 - 2 * s) * line.values[q]! + s * (line.values[x > 0 ? q - 1 : q]! + line.values[x < width - 1 ? q + 1 : q]!);
  return out;
}

function eachAround({ width, height }: Plane, a: Point, b: Point, reach: number, visit: (index: number, x: number, y: number) => void): void {
  const x0 = Math.max(0, Math.floor(Math.min(a[0], b[0]) - reach)), x1 = Math.min(width - 1, Math.ceil(Math.max(a[0], b[0]) + reach));
  const y0 = Math.max(0, Math.floor(Math.min(a[1], b[1]) - reach)), y1 = Math.min(height - 1, Math.ceil(Math.max(a[1], b[1]) + reach));
  for (let y = y0; y <= y1; y++) for (let x = x0; x <= x1; x++) visit(y * width + x, x, y);
}
