/** The compressed breast of the mammography phantom. Pixels; the chest wall is the left edge, x towards the nipple, y down. */
import { addSpot, drawStroke, fractal, makePlane, normal, sigmoid, smoothStep, wander, type Plane, type Point } from './plane.ts';
import type { Random } from './random.ts';

/** BI-RADS composition A to D and the share of the breast that is glandular tissue. */
export type BreastDensity = 'A' | 'B' | 'C' | 'D';
export const densityShares: Readonly<Record<BreastDensity, readonly [number, number]>> = { A: [0.03, 0.12], B: [0.16, 0.38], C: [0.42, 0.66], D: [0.72, 0.92] };

export interface Breast {
  readonly width: number;
  readonly height: number;
  /** Medio-lateral oblique; otherwise cranio-caudal. */
  readonly oblique: boolean;
  /** 0 at the chest wall to 1 at the skin, more outside. */
  readonly outline: Plane;
  /** Share of the pectoral muscle, 0 everywhere in a CC view. */
  readonly muscle: Plane;
  readonly nipple: Point;
  readonly reach: number;
  readonly middle: number;
  readonly half: number;
}

export function drawBreast(random: Random, width: number, height: number): Breast {
  const oblique = random.chance(0.5), reach = width * random.uniform(0.55, 0.92);
  const middle = height * (oblique ? random.uniform(0.52, 0.66) : random.uniform(0.45, 0.58)), half = height * (oblique ? random.uniform(0.3, 0.4) : random.uniform(0.36, 0.49));
  const sag = oblique ? random.uniform(-0.1, 0.25) : random.uniform(-0.06, 0.06), armpit = oblique ? random.uniform(0.55, 0.95) : 1;
  const wave = fractal(random, width, height, 2, 2), outline = makePlane(width, height);
  for (let y = 0, q = 0; y < height; y++)
    for (let x = 0; x < width; x++, q++) {
      const down = (y - middle - sag * x) / half, v = down < 0 ? down * armpit : down, u = x / reach;
      outline.values[q] = Math.sqrt(u * u + v * v) + 0.025 * wave.values[q]!;
    }
  const nipple: Point = [reach * 0.985, middle + sag * reach];
  return { width, height, oblique, outline, nipple, reach, middle, half, muscle: oblique ? drawMuscle(random, width, height) : makePlane(width, height) };
}

/** A bright triangle in the upper corner at the chest wall. */
function drawMuscle(random: Random, width: number, height: number): Plane {
  const across = width * random.uniform(0.22, 0.5), down = height * random.uniform(0.4, 0.95), bow = 0.15 * random.uniform(-0.3, 0.5), soft = random.uniform(2, 12);
  const muscle = makePlane(width, height);
  for (let y = 0, q = 0; y < height; y++)
    for (let x = 0; x < width; x++, q++) {
      const edge = 1 - x / across - y / down + bow * Math.sin(Math.PI * Math.max(0, Math.min(1, y / down)));
      muscle.values[q] = sigmoid((edge * across) / soft);
    }
  return muscle;
}

/** Glandular tissue, 0 to about 1: fractal noise, densest behind the nipple, cut where it fills the wanted share of the breast. */
export function drawGland(breast: Breast, density: BreastDensity, random: Random): Plane {
  const { width, height, outline, nipple, reach, half } = breast;
  const share = random.uniform(...densityShares[density]), coneX = nipple[0] * random.uniform(0.45, 0.6), cone = random.uniform(1.2, 2.2), soft = random.uniform(0.25, 0.8);
  const field = fractal(random, width, height, random.int(4, 7), 6, random.uniform(0.55, 0.72));
  for (let y = 0, q = 0; y < height; y++)
    for (let x = 0; x < width; x++, q++) {
      const u = (x - coneX) / (reach * 0.45), v = (y - nipple[1]) / (half * 0.65);
      field.values[q] = field.values[q]! + cone * Math.exp(-u * u - v * v);
    }
  const inside = field.values.filter((_, q) => q % 7 === 0 && outline.values[q]! < 0.93).sort();
  const cut = inside[Math.floor((1 - share) * (inside.length - 1))] ?? 0;
  for (let q = 0; q < field.values.length; q++) {
    const over = field.values[q]! - cut;
    field.values[q] = sigmoid(over / soft) * (0.75 + 0.25 * Math.max(-1, Math.min(2, over))) * (1 - smoothStep(0.82, 0.97, outline.values[q]!));
  }
  return field;
}

/** Ligaments, ducts and vessels, some with calcified walls that run along like rails. */
export function drawStrands(breast: Breast, random: Random): Plane {
  const { width, height, nipple, reach, middle, half } = breast, layer = makePlane(width, height), unit = width / 576;
  for (let n = random.int(14, 34); n > 0; n--) {
    const from: Point = [nipple[0] * (1 - random.uniform(0, 0.3)), nipple[1] + normal(random, 40 * unit)];
    const points = wander(random, from, Math.PI + random.uniform(-0.9, 0.9), { length: random.uniform(80, 320) * unit, step: 16 * unit, jitter: 0.1, pull: 0.05 });
    drawStroke(layer, { points, from: random.uniform(1.2, 2.6) * unit, to: unit, amount: random.uniform(0.015, 0.05), soft: 1 });
  }
  for (let n = random.int(1, 4); n > 0; n--) {
    const from: Point = [random.uniform(0, 0.1 * reach), middle + random.uniform(-0.8, 0.8) * half], size = random.uniform(3, 5.5) * unit;
    const points = wander(random, from, random.uniform(-0.5, 0.5), { length: random.uniform(150, 420) * unit, step: 12 * unit, jitter: 0.16, pull: 0.1 });
    drawStroke(layer, { points, from: size, to: size * 0.6, amount: random.uniform(0.03, 0.06), soft: 1.2 });
    if (random.chance(0.15)) drawRails(layer, random, points, size);
  }
  return layer;
}

function drawRails(layer: Plane, random: Random, points: readonly Point[], width: number): void {
  for (const [x, y] of points)
    for (const side of [-1, 1])
      if (random.chance(0.6)) addSpot(layer, { x: x + normal(random), y: y + side * width * 0.5, radius: random.uniform(0.8, 1.6), amount: random.uniform(0.1, 0.25), soft: 0.5, aspect: 0.5, angle: random.uniform(-0.5, 0.5) });
}

/** A point inside the breast, clear of skin and muscle. */
export function breastPoint({ width, height, outline, muscle }: Breast, random: Random): Point {
  for (;;) {
    const x = random.uniform(25, width - 20), y = random.uniform(20, height - 20), q = Math.floor(y) * width + Math.floor(x);
    if (outline.values[q]! < 0.85 && muscle.values[q]! < 0.3) return [x, y];
  }
}
