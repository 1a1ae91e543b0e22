/**
 * The chest of the radiograph phantom, seen from the front. Lengths are shares of the picture's side: x = 0 at the midline, the patient's left
 * to the right; y = 0 at the upper edge.
 */
import { fractal, normal, sigmoid, smoothStep, type Plane, type Point } from './plane.ts';
import type { Random } from './random.ts';

export interface Chest {
  readonly halfWidth: number;
  readonly apex: number;
  /** Height where the chest is widest, of the domes of the diaphragm, and how much lower the left one lies. */
  readonly widest: number;
  readonly diaphragm: number;
  readonly dome: number;
  readonly leftDrop: number;
  readonly shoulder: number;
  readonly trunk: number;
  /** Heart: widest extent divided by the inner width of the chest. */
  readonly cardiothoracicRatio: number;
  readonly heart: { readonly x: number; readonly y: number; readonly a: number; readonly b: number; readonly angle: number };
  readonly ribs: RibPattern;
}

interface RibPattern {
  readonly spacing: number;
  readonly offset: number;
  readonly thickness: number;
  readonly fall: number;
  readonly posterior: number;
  readonly anterior: number;
  readonly anteriorSpacing: number;
  readonly anteriorOffset: number;
  readonly slope: number;
}

export function drawChest(random: Random): Chest {
  const halfWidth = random.uniform(0.33, 0.4), diaphragm = random.uniform(0.72, 0.84), dome = random.uniform(0.05, 0.11);
  const ratio = random.chance(0.6) ? random.uniform(0.36, 0.66) : random.uniform(0.38, 0.48);
  const spacing = random.uniform(0.055, 0.072);
  return {
    halfWidth, diaphragm, dome,
    apex: random.uniform(0.1, 0.16),
    widest: random.uniform(0.55, 0.66),
    leftDrop: random.uniform(-0.005, 0.035),
    shoulder: random.uniform(0.1, 0.22),
    trunk: random.uniform(0.43, 0.54),
    cardiothoracicRatio: ratio,
    heart: drawHeartShadow(random, ratio * 2 * halfWidth, diaphragm - dome * 0.4),
    ribs: {
      spacing, offset: random.next(), thickness: random.uniform(0.17, 0.24), fall: random.uniform(0.06, 0.13),
      posterior: random.uniform(0.03, 0.075), anterior: random.uniform(0.015, 0.05),
      anteriorSpacing: spacing * random.uniform(1.05, 1.3), anteriorOffset: random.next(), slope: random.uniform(0.16, 0.3),
    },
  };
}

/** A tilted ellipse whose horizontal extent is exactly `width`. */
function drawHeartShadow(random: Random, width: number, floor: number): Chest['heart'] {
  const angle = random.uniform(0.35, 0.8), aspect = random.uniform(0.66, 0.86), right = random.uniform(0.26, 0.36);
  const cos = Math.cos(angle), sin = Math.sin(angle);
  const a = width / 2 / Math.sqrt(cos * cos + aspect * aspect * sin * sin);
  const vertical = a * Math.sqrt(sin * sin + aspect * aspect * cos * cos);
  return { x: (0.5 - right) * width, y: floor - vertical * random.uniform(0.72, 0.95), a, b: aspect * a, angle };
}

/** What is known of the lungs at one place. */
export interface LungPlace {
  /** Signed distance to the lung's border, positive inside. */
  readonly distance: number;
  readonly side: -1 | 1;
  /** 0 at the midline to about 1 at the chest wall. */
  readonly outward: number;
  /** Distance to the outer chest wall and the apex only. */
  readonly wall: number;
}

export function lungAt(chest: Chest, x: number, y: number): LungPlace {
  const side = x > 0 ? 1 : -1, away = Math.abs(x);
  const up = Math.max(0, Math.min(1, (chest.widest - y) / (chest.widest - chest.apex)));
  const lateral = chest.halfWidth * Math.pow(Math.max(0, 1 - up * up), 0.55) + 0.02 * Math.max(0, Math.min(1, y - chest.widest));
  const medial = 0.045 + 0.01 * Math.cos(6 * y);
  const outward = Math.max(0, Math.min(1.3, (away - 0.05) / (chest.halfWidth - 0.05)));
  const low = chest.diaphragm + (side > 0 ? chest.leftDrop : 0) + 0.06 * outward * outward * outward;
  const bow = (outward - 0.4) / 0.62;
  const floor = low - chest.dome * (1 - bow * bow);
  return { side, outward, distance: Math.min(lateral - away, away - medial, (floor - y) * 0.9), wall: Math.min(lateral - away, (y - chest.apex) * 0.8) };
}

/** Share 0 to 1 of the heart's shadow. */
export function heartAt({ heart }: Chest, x: number, y: number): number {
  const cos = Math.cos(heart.angle), sin = Math.sin(heart.angle), dx = x - heart.x, dy = y - heart.y;
  const u = (dx * cos + dy * sin) / heart.a, v = (dy * cos - dx * sin) / heart.b;
  return sigmoid(((1 - Math.sqrt(u * u + v * v)) * heart.a) / 0.006);
}

/** Back ribs and front ribs: bands with brighter margins. */
export function ribsAt(chest: Chest, x: number, y: number): number {
  const { ribs, apex, diaphragm, halfWidth } = chest, u = Math.abs(x) / halfWidth;
  const back = bandAt((y + 0.03 * Math.sin(2.6 * u) - ribs.fall * u * u) / ribs.spacing + ribs.offset, ribs.thickness);
  const front = bandAt((y - apex + ribs.slope * u) / ribs.anteriorSpacing + ribs.anteriorOffset, ribs.thickness);
  const wall = sigmoid((1.08 - u) / 0.03);
  const bone = ribs.posterior * back * wall + ribs.anterior * front * wall * sigmoid((u - 0.33) / 0.03);
  return bone * smoothStep(apex - 0.06, apex, y) * (1 - 0.8 * smoothStep(diaphragm - 0.08, diaphragm + 0.05, y));
}

function bandAt(phase: number, thickness: number): number {
  const f = Math.abs(phase - Math.floor(phase) - 0.5), edge = (f - thickness) / 0.035;
  return sigmoid((thickness - f) / 0.03) + 0.7 * Math.exp(-edge * edge);
}

/** How the patient stands before the detector: a small turn, zoom and shift, and a smooth warp. */
export interface Pose {
  readonly size: number;
  /** Chest coordinates of a pixel. */
  place(column: number, row: number): Point;
  /** Pixel of chest coordinates; the warp is left out. */
  pixel(x: number, y: number): Point;
}

export function drawPose(random: Random, size: number): Pose {
  const angle = normal(random, 0.03), zoom = random.uniform(0.88, 1.14), shiftX = normal(random, 0.02), shiftY = normal(random, 0.025);
  const cos = Math.cos(angle) / zoom, sin = Math.sin(angle) / zoom, square = cos * cos + sin * sin;
  const warpX = fractal(random, size, size, 3, 3), warpY = fractal(random, size, size, 3, 3);
  const warp = (plane: Plane, q: number): number => 0.004 * plane.values[q]!;
  return {
    size,
    place: (column, row) => {
      const gx = (column + 0.5) / size - 0.5 - shiftX, gy = (row + 0.5) / size - 0.5 - shiftY, q = row * size + column;
      return [gx * cos + gy * sin + warp(warpX, q), gy * cos - gx * sin + 0.5 + warp(warpY, q)];
    },
    pixel: (x, y) => [((x * cos - (y - 0.5) * sin) / square + 0.5 + shiftX) * size - 0.5, ((x * sin + (y - 0.5) * cos) / square + 0.5 + shiftY) * size - 0.5],
  };
}
