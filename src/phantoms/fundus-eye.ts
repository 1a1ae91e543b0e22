/** One eye of the fundus phantom: where disc and macula are, and its vessels. Pixels of a square picture; x to the right, y down. */
import { drawStroke, normal, wander, type Plane, type Point } from './plane.ts';
import type { Random } from './random.ts';

export interface Eye {
  /** Side of the picture. */
  readonly size: number;
  /** A right eye has its disc to the right of the macula. */
  readonly laterality: 'R' | 'L';
  readonly centre: number;
  /** Of the round field of view. */
  readonly radius: number;
  readonly disc: Point;
  readonly discRadius: number;
  readonly macula: Point;
}

export function drawEye(random: Random, size: number): Eye {
  const right = random.chance(0.5), side = right ? 1 : -1, centre = size / 2 - 0.5;
  const disc: Point = [centre + side * size * random.uniform(0.23, 0.3), centre + size * random.uniform(-0.04, 0.04)];
  const discRadius = size * random.uniform(0.045, 0.062);
  return {
    size, centre, disc, discRadius,
    laterality: right ? 'R' : 'L',
    radius: size * random.uniform(0.47, 0.53),
    macula: [disc[0] - side * discRadius * random.uniform(4.6, 5.4), disc[1] + size * random.uniform(0, 0.04)],
  };
}

/** Two arcades with artery and vein each, their nasal counterparts and small vessels towards the macula. Values are optical density. */
export function drawRetinalVessels(plane: Plane, eye: Eye, random: Random): void {
  const towards = eye.laterality === 'R' ? Math.PI : 0, away = Math.PI - towards, turn = eye.laterality === 'R' ? -1 : 1;
  const unit = eye.size / 768;
  for (const up of [-1, 1])
    for (const vein of [true, false]) {
      const width = unit * (vein ? random.uniform(6.5, 9.5) : random.uniform(4.5, 6.8)), density = vein ? random.uniform(0.45, 0.65) : random.uniform(0.3, 0.45);
      branch(plane, random, { from: eye.disc, angle: towards + turn * up * random.uniform(0.75, 1.15), width, length: eye.size * 0.72, density, pull: 0.004 }, 0);
      branch(plane, random, { from: eye.disc, angle: away - turn * up * random.uniform(0.3, 1.2), width: width * 0.75, length: eye.size * 0.33, density, pull: 0.02 }, 0);
    }
  for (let n = random.int(2, 5); n > 0; n--)
    branch(plane, random, { from: eye.disc, angle: towards + random.uniform(-0.5, 0.5), width: unit * random.uniform(2, 3.4), length: eye.size * 0.25, density: 0.3, pull: 0.02 }, 2);
}

interface Branch {
  readonly from: Point;
  readonly angle: number;
  readonly width: number;
  readonly length: number;
  readonly density: number;
  readonly pull: number;
}

function branch(plane: Plane, random: Random, { from, angle, width, length, density, pull }: Branch, depth: number): void {
  const points = wander(random, from, angle, { length, step: 9 * (plane.width / 768), jitter: 0.085, pull });
  drawStroke(plane, { points, from: width, to: Math.max(1.2, width * 0.45), amount: density, soft: 1 });
  if (depth === 3) return;
  for (let k = 2; k < points.length - 1; k++) {
    if (!random.chance(0.1)) continue;
    const a = points[k - 1]!, b = points[k]!, heading = Math.atan2(b[1] - a[1], b[0] - a[0]);
    const here = width * (1 - (0.55 * k) / points.length), left = length * (1 - k / points.length) * 0.8 + 20;
    const next = { from: b, angle: heading + (random.chance(0.5) ? 1 : -1) * random.uniform(0.4, 0.95), width: here * 0.72, length: left, density: density * 0.93, pull };
    if (here > 1.5) branch(plane, random, next, depth + 1);
  }
}

/** A point of the field of view that is not on the disc. */
export function retinalPoint(eye: Eye, random: Random): Point {
  for (;;) {
    const angle = random.uniform(0, 2 * Math.PI), away = Math.sqrt(random.next()) * eye.radius * 0.88;
    const x = eye.centre + away * Math.cos(angle), y = eye.centre + away * Math.sin(angle);
    const dx = x - eye.disc[0], dy = y - eye.disc[1], inside = x > 4 && y > 4 && x < eye.size - 5 && y < eye.size - 5;
    if (inside && Math.sqrt(dx * dx + dy * dy) > 1.6 * eye.discRadius) return [x, y];
  }
}

/** Near the disc, normally distributed. */
export function nearDisc(eye: Eye, random: Random): Point {
  return [eye.disc[0] + normal(random, eye.discRadius * 0.6), eye.disc[1] + normal(random, eye.discRadius * 0.6)];
}
