/** Mammography phantoms: breasts of known density with masses, clusters of calcifications, and what looks like them. */
import { breastPoint, drawBreast, drawGland, drawStrands, type Breast, type BreastDensity } from './mammo-breast.ts';
import { addSpot, drawStroke, fractal, lightBlur, makePlane, noisePlane, normal, smoothStep, wander, type Plane, type Point } from './plane.ts';
import { randomOf, type Random } from './random.ts';

export interface MammoOptions {
  /** Rows; columns are three quarters of it. Default 1024. */
  readonly matrix?: number;
  readonly density?: BreastDensity;
  /** What is to be seen; default drawn. */
  readonly findings?: readonly MammoFinding[];
}

export const mammoFindings = ['benign-mass', 'malignant-mass', 'calcifications'] as const;
export type MammoFinding = (typeof mammoFindings)[number];

export interface Mammo {
  readonly width: number;
  readonly height: number;
  /** 12 bits, bright = dense (MONOCHROME2); the chest wall is at the left edge of a left breast, at the right edge of a right one. */
  readonly pixels: Uint16Array;
  readonly truth: MammoTruth;
}

export interface MammoTruth {
  readonly phantom: 'mammo';
  readonly seed: number;
  readonly laterality: 'L' | 'R';
  readonly view: 'CC' | 'MLO';
  readonly density: BreastDensity;
  /** Pixels, column and row. */
  readonly lesions: readonly { readonly finding: MammoFinding; readonly at: Point; readonly radius: number }[];
}

export function renderMammo(seed: number, options: MammoOptions = {}): Mammo {
  const random = randomOf(seed, 'mammo'), height = options.matrix ?? 1024, width = Math.round(height * 0.75);
  const density = options.density ?? random.pick<BreastDensity>(['A', 'B', 'C', 'D']), laterality = random.pick<'L' | 'R'>(['L', 'R']);
  const breast = drawBreast(randomOf(seed, 'outline'), width, height);
  const tissue = compose(breast, drawGland(breast, density, randomOf(seed, 'gland')), drawStrands(breast, randomOf(seed, 'strands')), randomOf(seed, 'tissue'));
  const wanted = options.findings ?? drawFindings(random);
  const lesions = wanted.map((finding) => drawLesion(finding, breast, tissue, randomOf(seed, finding)));
  drawLookAlikes(breast, tissue, randomOf(seed, 'look-alikes'));
  addMuscle(breast, tissue, randomOf(seed, 'muscle'));
  const pixels = expose(breast, tissue, randomOf(seed, 'exposure'));
  const mirrored = laterality === 'R';
  if (mirrored) for (let y = 0; y < height; y++) pixels.subarray(y * width, (y + 1) * width).reverse();
  const placed = lesions.map((lesion) => ({ ...lesion, at: [mirrored ? width - 1 - lesion.at[0] : lesion.at[0], lesion.at[1]] as const }));
  return { width, height, pixels, truth: { phantom: 'mammo', seed, laterality, density, view: breast.oblique ? 'MLO' : 'CC', lesions: placed } };
}

function drawFindings(random: Random): readonly MammoFinding[] {
  const mass = random.chance(0.45), malignant = random.chance(0.5), calcifications = random.chance(0.38);
  return [...(mass ? [malignant ? ('malignant-mass' as const) : ('benign-mass' as const)] : []), ...(calcifications ? ['calcifications' as const] : [])];
}

function compose({ width, height, outline, nipple }: Breast, gland: Plane, strands: Plane, random: Random): Plane {
  const out = makePlane(width, height), lumps = fractal(random, width, height, 6, 4, 0.7), gain = random.uniform(0.2, 0.32), skin = 0.1 * random.uniform(0.3, 1);
  for (let q = 0; q < out.values.length; q++) {
    const rho = outline.values[q]!, thick = Math.min(1, Math.pow(Math.max(0, Math.min(1, 1 - rho)) * 7, 0.6)), s = (rho - 0.985) / 0.007;
    out.values[q] = thick * (0.26 + 0.03 * lumps.values[q]! + gain * gland.values[q]! + strands.values[q]!) + skin * Math.exp(-s * s) * insideOf(rho);
  }
  const unit = width / 576;
  addSpot(out, { x: nipple[0], y: nipple[1], radius: random.uniform(9, 16) * unit, amount: random.uniform(0.08, 0.2), soft: 2 * unit, aspect: 0.8 });
  return out;
}

function insideOf(rho: number): number {
  return 1 - smoothStep(0.985, 1, rho);
}

function drawLesion(finding: MammoFinding, breast: Breast, tissue: Plane, random: Random): MammoTruth['lesions'][number] {
  const at = breastPoint(breast, random), unit = breast.width / 576;
  switch (finding) {
    case 'benign-mass': return { finding, at, radius: drawSmoothMass(tissue, at, unit, random) };
    case 'malignant-mass': return { finding, at, radius: drawSpiculatedMass(breast, tissue, at, unit, random) };
    case 'calcifications': return { finding, at, radius: drawCluster(tissue, at, unit, random) };
  }
  throw new RangeError(`no such finding: ${String(finding)}`);
}

function drawSmoothMass(tissue: Plane, [x, y]: Point, unit: number, random: Random): number {
  const radius = random.uniform(10, 32) * unit;
  addSpot(tissue, { x, y, radius, amount: random.uniform(0.1, 0.2), soft: random.uniform(0.8, 2) * unit, aspect: random.uniform(0.65, 1), angle: random.uniform(0, 3.1), lobes: random.uniform(0, 0.05), phase: random.uniform(0, 6) });
  return radius;
}

function drawSpiculatedMass({ width, height, outline }: Breast, tissue: Plane, [x, y]: Point, unit: number, random: Random): number {
  const radius = random.uniform(10, 32) * unit, spicules = makePlane(width, height);
  addSpot(tissue, { x, y, radius, amount: random.uniform(0.1, 0.2), soft: random.uniform(2, 4.5) * unit, aspect: random.uniform(0.7, 1), angle: random.uniform(0, 3.1), lobes: random.uniform(0.09, 0.2), phase: random.uniform(0, 6) });
  for (let n = random.int(14, 30); n > 0; n--) {
    const angle = random.uniform(0, 2 * Math.PI), from: Point = [x + 0.6 * radius * Math.cos(angle), y + 0.6 * radius * Math.sin(angle)];
    const points = wander(random, from, angle, { length: radius * random.uniform(0.7, 2), step: 6 * unit, jitter: 0.06 });
    drawStroke(spicules, { points, from: random.uniform(1.8, 3.2) * unit, to: 0.7 * unit, amount: random.uniform(0.05, 0.11), soft: unit });
  }
  for (let q = 0; q < tissue.values.length; q++) if (outline.values[q]! < 1) tissue.values[q] = tissue.values[q]! + spicules.values[q]!;
  return radius;
}

/** Five to twenty fine calcifications. */
function drawCluster(tissue: Plane, [x, y]: Point, unit: number, random: Random): number {
  const spread = random.uniform(8, 24) * unit, amount = random.uniform(0.14, 0.42), flat = random.uniform(0.35, 1), turn = random.uniform(0, 3.1);
  for (let n = random.int(5, 20); n > 0; n--) {
    const a = normal(random, spread * 0.5), b = normal(random, spread * 0.5) * flat;
    addSpot(tissue, {
      x: x + a * Math.cos(turn) - b * Math.sin(turn), y: y + a * Math.sin(turn) + b * Math.cos(turn),
      radius: random.uniform(0.5, 1.5) * unit, amount: amount * random.uniform(0.6, 1.3), soft: 0.35 * unit, aspect: random.uniform(0.5, 1), angle: random.uniform(0, 3.1),
    });
  }
  return spread + 6 * unit;
}

/** Coarse benign calcifications, single specks, a clip, a lymph node in the armpit. */
function drawLookAlikes(breast: Breast, tissue: Plane, random: Random): void {
  const unit = breast.width / 576;
  if (random.chance(0.3))
    for (let n = random.int(1, 3); n > 0; n--) {
      const [x, y] = breastPoint(breast, random);
      addSpot(tissue, { x, y, radius: random.uniform(3, 8) * unit, amount: random.uniform(0.2, 0.45), soft: 0.6 * unit, aspect: random.uniform(0.7, 1), angle: random.uniform(0, 3) });
    }
  for (let n = random.int(0, 4); n > 0; n--) {
    const [x, y] = breastPoint(breast, random);
    addSpot(tissue, { x, y, radius: random.uniform(0.6, 1.6) * unit, amount: random.uniform(0.15, 0.5), soft: 0.35 * unit });
  }
  if (random.chance(0.04)) {
    const [x, y] = breastPoint(breast, random);
    drawStroke(tissue, { points: [[x, y], [x + random.uniform(3, 6) * unit, y + random.uniform(2, 6) * unit]], from: 2.2 * unit, to: 2.2 * unit, amount: 0.9, soft: 0.4 });
  }
  if (breast.oblique && random.chance(0.35)) {
    const x = random.uniform(30 * unit, breast.width * 0.45), y = random.uniform(30 * unit, breast.height * 0.3), radius = random.uniform(12, 24) * unit, amount = random.uniform(0.06, 0.12), angle = random.uniform(0, 3);
    addSpot(tissue, { x, y, radius, amount, soft: 1.5 * unit, aspect: random.uniform(0.5, 0.7), angle });
    addSpot(tissue, { x: x + 3 * unit, y: y + 2 * unit, radius: radius * 0.55, amount: -amount, soft: 2 * unit, aspect: 0.6, angle }); // its fatty hilum
  }
}

function addMuscle({ oblique, muscle, width, height }: Breast, tissue: Plane, random: Random): void {
  if (!oblique) return;
  const level = random.uniform(0.32, 0.6), mottle = random.uniform(0.01, 0.05), texture = fractal(random, width, height, 4, 4);
  for (let q = 0; q < tissue.values.length; q++) tissue.values[q] = Math.max(tissue.values[q]!, (level + mottle * texture.values[q]!) * muscle.values[q]!);
}

/** Detector blur, display curve, noise where there are photons to make it; to 12 bits. */
function expose({ width, height, outline }: Breast, tissue: Plane, random: Random): Uint16Array {
  const blurred = lightBlur(tissue, random.uniform(0.05, 0.22)), sorted = blurred.values.filter((_, q) => q % 5 === 0).sort();
  const low = sorted[Math.floor(0.005 * (sorted.length - 1))]!, high = sorted[Math.floor(0.997 * (sorted.length - 1))]!;
  const gamma = random.uniform(0.7, 1.8), sigma = random.uniform(0.006, 0.028), noise = lightBlur(noisePlane(random, width, height), random.uniform(0, 0.15));
  return Uint16Array.from(blurred.values, (value, q) => {
    const shown = Math.pow(Math.max(0, Math.min(1.3, (value - low) / (high - low))), gamma);
    return Math.max(0, Math.min(4095, Math.round(3000 * (shown + sigma * noise.values[q]! * (0.25 + 0.75 * insideOf(outline.values[q]!))) + 60)));
  });
}
