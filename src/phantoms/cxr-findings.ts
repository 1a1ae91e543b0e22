/** What a chest radiograph phantom can show besides a healthy chest, each painted as a share 0 to 1 and marked where it is. */
import { lungAt, type Chest, type LungPlace, type Pose } from './cxr-chest.ts';
import { addSpot, fractal, makePlane, normal, sigmoid, type Plane } from './plane.ts';
import type { Random } from './random.ts';

export const cxrFindings = ['effusion', 'opacity', 'nodule', 'pneumothorax', 'cardiomegaly'] as const;
export type CxrFinding = (typeof cxrFindings)[number];

/** Box around a finding: left, top, right, bottom; pixels. */
export type PixelBox = readonly [number, number, number, number];

/** One finding: how it changes a place, and where it has been seen. */
export interface Shadow {
  readonly finding: CxrFinding;
  /** Share of the air that is gone (effusion, opacity). */
  readonly airLost: Plane;
  /** Bright line or spot that is added (pleural line, nodule). */
  readonly added: Plane;
  /** Where there is air but no lung (pneumothorax): no vessels are seen. */
  readonly bare: Plane;
  readonly marked: Plane;
}

function emptyShadow(finding: CxrFinding, size: number): Shadow {
  return { finding, airLost: makePlane(size, size), added: makePlane(size, size), bare: makePlane(size, size), marked: makePlane(size, size) };
}

function eachPlace(chest: Chest, pose: Pose, visit: (q: number, x: number, y: number, lung: LungPlace) => void): void {
  for (let row = 0, q = 0; row < pose.size; row++)
    for (let column = 0; column < pose.size; column++, q++) {
      const [x, y] = pose.place(column, row);
      visit(q, x, y, lungAt(chest, x, y));
    }
}

/** Fluid at the base of one lung, in a quarter of cases of both; its upper border rises to the side. */
export function drawEffusion(chest: Chest, pose: Pose, random: Random): Shadow {
  const shadow = emptyShadow('effusion', pose.size), first = random.chance(0.5) ? 1 : -1;
  for (const side of random.chance(0.25) ? [first, -first] : [first]) {
    const height = random.chance(0.45) ? random.uniform(0.035, 0.1) : random.uniform(0.1, 0.32), power = random.uniform(2, 3.5), soft = random.uniform(0.004, 0.014);
    const low = chest.diaphragm + (side > 0 ? chest.leftDrop : 0) + 0.05;
    eachPlace(chest, pose, (q, _x, y, lung) => {
      if (lung.side !== side) return;
      const level = low - height - (0.05 + 0.25 * height) * Math.pow(Math.min(1.1, lung.outward), power) + 0.03;
      const fluid = sigmoid((y - level) / soft) * sigmoid(lung.distance / 0.004);
      shadow.airLost.values[q] = Math.max(shadow.airLost.values[q]!, 0.95 * fluid);
      if (fluid > 0.5) shadow.marked.values[q] = 1;
    });
  }
  return shadow;
}

/** One to three patches with ragged borders. */
export function drawOpacity(chest: Chest, pose: Pose, random: Random): Shadow {
  const shadow = emptyShadow('opacity', pose.size);
  for (let n = random.int(1, 3); n > 0; n--) {
    const side = random.chance(0.5) ? 1 : -1, cx = side * random.uniform(0.12, chest.halfWidth - 0.05), cy = random.uniform(chest.apex + 0.12, chest.diaphragm - 0.06);
    const radius = random.uniform(0.045, 0.11), aspect = random.uniform(0.7, 1.4), soft = random.uniform(0.1, 0.35), strength = random.uniform(0.3, 0.75);
    const ragged = fractal(random, pose.size, pose.size, 6, 4, 0.7);
    eachPlace(chest, pose, (q, x, y, lung) => {
      if (lung.side !== side) return;
      const dx = (x - cx) / aspect, dy = y - cy, away = Math.sqrt(dx * dx + dy * dy) / radius;
      if (away > 3) return;
      const patch = sigmoid((1 - away + 0.28 * ragged.values[q]!) / soft) * (0.8 + 0.2 * ragged.values[q]!) * sigmoid(lung.distance / 0.006);
      shadow.airLost.values[q] = Math.min(0.9, shadow.airLost.values[q]! + strength * Math.max(0, Math.min(1.2, patch)));
      if (patch > 0.45) shadow.marked.values[q] = 1;
    });
  }
  return shadow;
}

/** Air between the chest wall and the shrunken lung of one side, with the thin line of the pleura. */
export function drawPneumothorax(chest: Chest, pose: Pose, random: Random): Shadow {
  const shadow = emptyShadow('pneumothorax', pose.size), side = random.chance(0.5) ? 1 : -1;
  const depth = random.chance(0.5) ? random.uniform(0.03, 0.06) : random.uniform(0.06, 0.16), fadeAt = random.uniform(0.4, 0.75);
  const ragged = fractal(random, pose.size, pose.size, 4, 3), lineWidth = random.uniform(0.0025, 0.004), line = random.uniform(0.07, 0.16);
  const rimGain = random.uniform(0.12, 0.35), collapse = random.uniform(0.05, 0.22);
  eachPlace(chest, pose, (q, _x, y, lung) => {
    if (lung.side !== side) return;
    const fade = sigmoid((fadeAt - y) / 0.04), inside = sigmoid(lung.distance / 0.003);
    const edge = depth * (0.35 + 0.65 * fade) - lung.wall + 0.006 * ragged.values[q]!, onLine = edge / lineWidth;
    const rim = sigmoid(edge / 0.002) * inside;
    shadow.bare.values[q] = rim;
    // Negative: there is more air than before. The lung beside it has collapsed a little.
    shadow.airLost.values[q] = -rimGain * rim + collapse * inside * (1 - rim);
    shadow.added.values[q] = line * Math.exp(-onLine * onLine) * inside * (0.5 + 0.5 * inside);
    if (rim > 0.5) shadow.marked.values[q] = 1;
  });
  return shadow;
}

/** One to three round shadows in lung that can be seen. */
export function drawNodules(chest: Chest, pose: Pose, air: Plane, random: Random): Shadow {
  const shadow = emptyShadow('nodule', pose.size), unit = pose.size / 256, wanted = random.chance(0.65) ? 1 : random.int(2, 3);
  for (let placed = 0, attempt = 0; placed < wanted && attempt < 400; attempt++) {
    const column = random.int(8, pose.size - 9), row = random.int(8, pose.size - 9), [x, y] = pose.place(column, row);
    if (lungAt(chest, x, y).distance < 0.02 || air.values[row * pose.size + column]! < 0.45) continue;
    const radius = random.uniform(3.5, 10);
    addSpot(
      shadow.added,
      { x: column, y: row, radius: radius * unit, amount: random.uniform(0.085, 0.17) + 0.1 / radius, soft: random.uniform(0.6, 1.2) * unit, aspect: random.uniform(0.8, 1), angle: random.uniform(0, 3), lobes: random.uniform(0, 0.07), phase: random.uniform(0, 6) },
      (q, share) => { if (share > 0.5) shadow.marked.values[q] = 1; },
    );
    placed++;
  }
  return shadow;
}

/** Box around all marked pixels, undefined when fewer than `least` are. */
export function boxOf({ values, width }: Plane, least: number): PixelBox | undefined {
  let left = width, top = Infinity, right = -1, bottom = -1, count = 0;
  for (let q = 0; q < values.length; q++) {
    if (values[q] !== 1) continue;
    const x = q % width, y = Math.floor(q / width);
    count++;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = y;
  }
  return count < least ? undefined : [left, top, right, bottom];
}

/** Shadows of breasts, nipples, old granulomas and skin folds: in healthy people, too. */
export function drawCxrLookAlikes(pose: Pose, layer: Plane, random: Random): void {
  const unit = pose.size / 256;
  const spot = (x: number, y: number, radius: number, amount: number, soft: number): void => {
    const [column, row] = pose.pixel(x, y);
    addSpot(layer, { x: column, y: row, radius: radius * unit, amount, soft: soft * unit });
  };
  if (random.chance(0.35)) for (const side of [-1, 1]) spot(side * random.uniform(0.2, 0.26), random.uniform(0.56, 0.66), random.uniform(30, 46), random.uniform(0.02, 0.09), 6);
  if (random.chance(0.08)) {
    const y = random.uniform(0.6, 0.7), x = random.uniform(0.2, 0.25);
    for (const side of [-1, 1]) spot(side * x, y + normal(random, 0.01), random.uniform(2.5, 4), random.uniform(0.05, 0.08), 0.8);
  }
  if (random.chance(0.12)) spot(random.uniform(-0.3, 0.3), random.uniform(0.25, 0.65), random.uniform(0.9, 2), random.uniform(0.25, 0.45), 0.35);
}

