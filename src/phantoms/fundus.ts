/** Colour fundus phantoms: a retina with or without diabetic retinopathy of known grade, and photographs too bad to be graded. */
import { drawEye, drawRetinalVessels, type Eye } from './fundus-eye.ts';
import { drawLesions, drawRetinalLookAlikes, gradeRule, type Lesion, type RetinaLayers, type RetinopathyGrade } from './fundus-lesions.ts';
import { fractal, lightBlur, makePlane, noisePlane, sigmoid, type Plane } from './plane.ts';
import { randomOf, type Random } from './random.ts';

export interface FundusOptions {
  /** Rows and columns, default 768 (about 18 µm a pixel at 45°). */
  readonly matrix?: number;
  readonly grade?: RetinopathyGrade;
  readonly gradable?: boolean;
}

export interface Fundus {
  readonly size: number;
  /** Interleaved red, green, blue; 8 bits. */
  readonly rgb: Uint8Array;
  readonly truth: FundusTruth;
}

export interface FundusTruth {
  readonly phantom: 'fundus';
  readonly seed: number;
  readonly grade: RetinopathyGrade;
  readonly gradeRule: string;
  readonly gradable: boolean;
  /** Why it is not gradable. */
  readonly flaw: 'blur' | 'haze' | 'darkness' | undefined;
  readonly laterality: 'R' | 'L';
  readonly lesions: readonly Lesion[];
  /** Pixels, column and row. */
  readonly disc: readonly [number, number];
  readonly macula: readonly [number, number];
}

type Rgb = readonly [number, number, number];

/** Share of the light that blood takes: green most, then blue, then red. */
const BLOOD_ABSORBS: Rgb = [0.35, 1, 0.75];

export function renderFundus(seed: number, options: FundusOptions = {}): Fundus {
  const random = randomOf(seed, 'fundus'), size = options.matrix ?? 768;
  const grade = options.grade ?? (random.int(0, 4) as RetinopathyGrade), gradable = options.gradable ?? !random.chance(0.12);
  const eye = drawEye(random, size);
  const layers: RetinaLayers = { blood: makePlane(size, size), bright: makePlane(size, size), vessels: makePlane(size, size) };
  drawRetinalVessels(layers.vessels, eye, randomOf(seed, 'vessels'));
  const lesions = drawLesions(layers, eye, grade, randomOf(seed, 'lesions'));
  drawRetinalLookAlikes(layers, eye, randomOf(seed, 'look-alikes'));
  addMacula(layers.blood, eye, random);
  for (let q = 0; q < layers.blood.values.length; q++) layers.blood.values[q] = layers.blood.values[q]! + layers.vessels.values[q]!;
  const flaw = gradable ? undefined : random.pick<'blur' | 'haze' | 'darkness'>(['blur', 'haze', 'darkness']);
  const rgb = photograph(illuminate(eye, layers, random), eye, flaw, randomOf(seed, 'camera'));
  const { laterality, disc, macula } = eye;
  return { size, rgb, truth: { phantom: 'fundus', seed, grade, gradeRule, gradable, flaw, laterality, lesions, disc, macula } };
}

function addMacula(blood: Plane, eye: Eye, random: Random): void {
  const amount = random.uniform(0.15, 0.45), reach = eye.size * random.uniform(0.04, 0.07);
  for (let y = 0, q = 0; y < eye.size; y++)
    for (let x = 0; x < eye.size; x++, q++) {
      const dx = (x - eye.macula[0]) / reach, dy = (y - eye.macula[1]) / reach;
      blood.values[q] = blood.values[q]! + amount * Math.exp(-dx * dx - dy * dy);
    }
}

/** The retina in even focus: pigment and vignetting, disc with its cup, blood that absorbs, lesions that shine. */
function illuminate(eye: Eye, { blood, bright }: RetinaLayers, random: Random): readonly [Plane, Plane, Plane] {
  const { size, centre, radius, disc, discRadius } = eye;
  const planes = [makePlane(size, size), makePlane(size, size), makePlane(size, size)] as const;
  const pigment = fractal(random, size, size, random.int(4, 10), 5, 0.7), mottle = random.uniform(0.01, 0.05);
  const vignette = random.uniform(0.15, 0.5), slope = [random.uniform(-0.15, 0.15), random.uniform(-0.15, 0.15)] as const;
  const base: Rgb = [random.uniform(150, 225), random.uniform(60, 115), random.uniform(18, 62)], cupSize = random.uniform(0.3, 0.6);
  for (let y = 0, q = 0; y < size; y++)
    for (let x = 0; x < size; x++, q++) {
      const dx = (x - centre) / radius, dy = (y - centre) / radius;
      const shade = (1 - vignette * (dx * dx + dy * dy)) * (1 + slope[0] * dx + slope[1] * dy) * (1 + mottle * pigment.values[q]!);
      const ex = x - disc[0], ey = (y - disc[1]) / 1.08, away = Math.sqrt(ex * ex + ey * ey) / discRadius;
      const rim = sigmoid((1 - away) * 14), cup = sigmoid((cupSize - away) * 10);
      for (const k of [0, 1, 2] as const) {
        const tissue = base[k] * (1 + ([0.2, 0.8, 1.2] as const)[k] * rim) + ([15, 30, 30] as const)[k] * cup;
        const shine = (([40, 75, 55] as const)[k] * bright.values[q]! * base[1]) / 80;
        planes[k].values[q] = shade * (tissue * Math.exp(-BLOOD_ABSORBS[k] * blood.values[q]!) + shine);
      }
    }
  return planes;
}

/** Lens, flaws, round field of view, sensor noise. */
function photograph(planes: readonly [Plane, Plane, Plane], eye: Eye, flaw: FundusTruth['flaw'], random: Random): Uint8Array {
  const { size, centre, radius } = eye, out = new Uint8Array(size * size * 3);
  const dark = random.uniform(0, 8), sigma = random.uniform(1, 4.5), dim = flaw === 'darkness' ? random.uniform(0.05, 0.14) : 1;
  const haze = flaw === 'haze' ? fractal(random, size, size, 2, 3) : undefined, veil: Rgb = [random.uniform(120, 190), random.uniform(80, 130), random.uniform(60, 100)];
  const width = random.uniform(8, 20) * (size / 768);
  for (const k of [0, 1, 2] as const) {
    const sharp = lightBlur(planes[k], random.uniform(0.05, 0.2)), seen = flaw === 'blur' ? wideBlur(sharp, width) : sharp;
    const noise = lightBlur(noisePlane(random, size, size), 0.1);
    for (let y = 0, q = 0; y < size; y++)
      for (let x = 0; x < size; x++, q++) {
        const dx = x - centre, dy = y - centre, field = sigmoid((radius - Math.sqrt(dx * dx + dy * dy)) / 1.5);
        const share = haze === undefined ? 0 : Math.max(0.55, Math.min(0.97, 0.75 + 0.12 * haze.values[q]!));
        const value = haze === undefined ? seen.values[q]! : seen.values[q]! * (1 - share) * 0.7 + share * veil[k];
        out[3 * q + k] = Math.max(0, Math.min(255, Math.round(value * dim * field + dark + sigma * noise.values[q]!)));
      }
  }
  return out;
}

/** Three box blurs: near to a Gaussian, at a cost that does not depend on its width. */
function wideBlur(plane: Plane, width: number): Plane {
  const r = Math.max(1, Math.round(width / 2)), { width: columns, height: rows } = plane;
  let current = Float32Array.from(plane.values);
  for (let pass = 0; pass < 3; pass++) {
    current = boxLines(current, rows, columns, columns, 1, r);
    current = boxLines(current, columns, rows, 1, columns, r);
  }
  return { width: columns, height: rows, values: current };
}

function boxLines(values: Float32Array, lines: number, length: number, lineStep: number, step: number, r: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    const at = (i: number): number => values[line * lineStep + Math.max(0, Math.min(length - 1, i)) * step]!;
    let sum = 0;
    for (let i = -r; i <= r; i++) sum += at(i);
    for (let i = 0; i < length; i++) {
      out[line * lineStep + i * step] = sum / (2 * r + 1);
      sum += at(i + r + 1) - at(i - r);
    }
  }
  return out;
}
