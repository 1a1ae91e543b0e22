/**
 * Short-axis cine MR phantoms: a stack of slices over a heart cycle with known volumes.
 *
 * Slices are thick (8 mm), and the base plane moves through the uppermost ones: adding up slices that show the ventricle misjudges its
 * volume. `truth` gives the volumes by formula, not by counting pixels.
 */
import { drawHeart, heartAt, label, labelAt, rightVentricleVolume, sectionAt, type Heart, type HeartShape, type Section } from './cardiac-heart.ts';
import { fractal, normal, type Plane } from './plane.ts';
import { randomOf, type Random } from './random.ts';

export interface CardiacSaxOptions {
  /** Default 24. */
  readonly phases?: number;
  /** Rows and columns, default 128. */
  readonly matrix?: number;
}

export interface CardiacSax {
  readonly phases: number;
  readonly slices: number;
  readonly matrix: number;
  /** mm */
  readonly pixel: number;
  readonly thickness: number;
  readonly sliceSpacing: number;
  /** Grey values 0 to 4095 of one slice at one phase, row by row; slice 0 lies above the base. */
  image(phase: number, slice: number): Uint16Array;
  /** What each pixel shows by majority: 0 background, 1 right ventricle, 2 myocardium, 3 left ventricle. */
  labels(phase: number, slice: number): Uint8Array;
  readonly truth: CardiacSaxTruth;
}

export interface CardiacSaxTruth {
  readonly phantom: 'cardiac-sax';
  readonly seed: number;
  /** Left ventricle at its largest and its smallest, ml, and the phases where it is so. */
  readonly edvMl: number;
  readonly esvMl: number;
  readonly strokeVolumeMl: number;
  readonly ejectionFraction: number;
  readonly edPhase: number;
  readonly esPhase: number;
  /** At 1.05 g/ml. */
  readonly myocardialMassG: number;
  readonly rvEdvMl: number;
  readonly rvEsvMl: number;
  readonly lvVolumesMl: readonly number[];
}

interface Scene {
  readonly heart: Heart;
  readonly seed: number;
  readonly matrix: number;
  readonly pixel: number;
  readonly thickness: number;
  readonly sliceSpacing: number;
  /** Height of slice 1, mm from the base plane at end diastole. */
  readonly start: number;
  readonly centre: readonly [number, number];
  readonly tilt: readonly [number, number];
  readonly turn: number;
  readonly flatness: number;
  readonly tone: Readonly<Record<'blood' | 'muscle' | 'lung' | 'fat' | 'liver' | 'wall', number>>;
  readonly body: { readonly size: number; readonly shift: number };
  readonly noise: number;
  readonly shading: readonly [number, number];
  readonly texture: Plane;
}

/** One study. Images are made when asked for, each the same every time. */
export function renderCardiacSax(seed: number, options: CardiacSaxOptions = {}): CardiacSax {
  const scene = drawScene(seed, options);
  const { heart, matrix, pixel, thickness, sliceSpacing } = scene;
  const slices = Math.ceil((heart.length + heart.wall) / sliceSpacing) + 2;
  return {
    phases: heart.phases, slices, matrix, pixel, thickness, sliceSpacing,
    image: (phase, slice) => renderImage(scene, phase, slice),
    labels: (phase, slice) => renderLabels(scene, phase, slice),
    truth: truthOf(seed, heart),
  };
}

function truthOf(seed: number, heart: Heart): CardiacSaxTruth {
  const shapes = Array.from({ length: heart.phases }, (_, phase) => heartAt(heart, phase));
  const volumes = shapes.map((shape) => shape.volume);
  const edPhase = volumes.indexOf(Math.max(...volumes)), esPhase = volumes.indexOf(Math.min(...volumes));
  const edvMl = volumes[edPhase]!, esvMl = volumes[esPhase]!;
  return {
    phantom: 'cardiac-sax', seed, edvMl, esvMl, edPhase, esPhase,
    strokeVolumeMl: edvMl - esvMl,
    ejectionFraction: (edvMl - esvMl) / edvMl,
    myocardialMassG: (heart.wallVolume / 1000) * 1.05,
    rvEdvMl: rightVentricleVolume(heart, shapes[edPhase]!),
    rvEsvMl: rightVentricleVolume(heart, shapes[esPhase]!),
    lvVolumesMl: volumes,
  };
}

function drawScene(seed: number, options: CardiacSaxOptions): Scene {
  const random = randomOf(seed, 'cardiac'), matrix = options.matrix ?? 128;
  const heart = drawHeart(random, options.phases ?? 24), thickness = 8;
  return {
    heart, seed, matrix, thickness,
    pixel: Math.round(random.uniform(1.25, 1.75) * (128 / matrix) * 1e4) / 1e4,
    sliceSpacing: thickness + 2 * random.int(0, 1),
    start: random.uniform(-4, 3),
    centre: [random.uniform(-12, 12), random.uniform(-12, 12)],
    tilt: [random.uniform(-0.2, 0.2), random.uniform(-0.2, 0.2)],
    turn: random.uniform(-0.8, 0.8),
    flatness: random.uniform(0.9, 1.1),
    tone: {
      blood: random.uniform(0.75, 1), muscle: random.uniform(0.2, 0.42), lung: random.uniform(0.03, 0.1),
      fat: random.uniform(0.65, 1), liver: random.uniform(0.3, 0.5), wall: random.uniform(0.22, 0.38),
    },
    body: { size: random.uniform(1.9, 2.5), shift: random.uniform(10, 26) },
    noise: random.uniform(0.02, 0.07),
    shading: [random.uniform(-0.3, 0.3), random.uniform(-0.3, 0.3)],
    texture: fractal(random, matrix, matrix, 4, 5, 0.7),
  };
}

/** Two thin layers of a thick slice, 2 × 2 points a pixel: partial volume at walls and at the base. */
const LAYERS = [-0.25, 0.25] as const;

function eachSample(scene: Scene, phase: number, slice: number, visit: (pixel: number, x: number, y: number, z: number, section: Section, shape: HeartShape) => void): void {
  const { heart, matrix, pixel, centre, tilt, turn, flatness } = scene;
  const shape = heartAt(heart, phase), cos = Math.cos(turn), sin = Math.sin(turn);
  for (const layer of LAYERS) {
    const z = (slice - 1) * scene.sliceSpacing + scene.start + layer * scene.thickness;
    const section = sectionAt(heart, shape, z);
    for (let v = 0; v < 2 * matrix; v++) {
      const dy = ((v + 0.5) / 2 - matrix / 2) * pixel - centre[1] - tilt[1] * z;
      for (let u = 0; u < 2 * matrix; u++) {
        const dx = ((u + 0.5) / 2 - matrix / 2) * pixel - centre[0] - tilt[0] * z;
        visit((v >> 1) * matrix + (u >> 1), dx * cos + dy * sin, (dy * cos - dx * sin) * flatness, z, section, shape);
      }
    }
  }
}

function renderLabels(scene: Scene, phase: number, slice: number): Uint8Array {
  const votes = new Uint8Array(scene.matrix * scene.matrix * 4);
  eachSample(scene, phase, slice, (q, x, y, _z, section, shape) => {
    const at = 4 * q + labelAt(section, shape, x, y);
    votes[at] = votes[at]! + 1;
  });
  return Uint8Array.from({ length: scene.matrix * scene.matrix }, (_, q) => {
    let best = 0;
    for (let k = 1; k < 4; k++) if (votes[4 * q + k]! > votes[4 * q + best]!) best = k;
    return best;
  });
}

function renderImage(scene: Scene, phase: number, slice: number): Uint16Array {
  const { matrix, noise, shading, texture } = scene;
  const signal = new Float32Array(matrix * matrix);
  eachSample(scene, phase, slice, (q, x, y, z, section, shape) => {
    signal[q] = signal[q]! + toneAt(scene, section, shape, x, y, z) / (4 * LAYERS.length);
  });
  const random = randomOf(scene.seed, `noise/${phase}/${slice}`), out = new Uint16Array(signal.length);
  for (let q = 0; q < signal.length; q++) {
    const across = (q % matrix) / matrix - 0.5, down = Math.floor(q / matrix) / matrix - 0.5;
    const clean = signal[q]! * (1 + 0.06 * texture.values[q]!) * (1 + 2 * shading[0] * across + 2 * shading[1] * down);
    out[q] = Math.min(4095, Math.round(2000 * magnitude(clean, noise, random)));
  }
  return out;
}

/** The scanner shows the magnitude of a complex number: noise is Rician, and never below zero. */
function magnitude(clean: number, noise: number, random: Random): number {
  const real = clean + normal(random, noise), imaginary = normal(random, noise);
  return Math.sqrt(real * real + imaginary * imaginary);
}

function toneAt(scene: Scene, section: Section, shape: HeartShape, x: number, y: number, z: number): number {
  const { tone, heart } = scene, is = labelAt(section, shape, x, y);
  if (is === label.rightVentricle) return tone.blood * 0.95;
  if (is === label.myocardium) return tone.muscle;
  if (is === label.leftVentricle) return isPapillary(heart, section, x, y) ? tone.muscle * 1.15 : tone.blood;
  return surroundingsAt(scene, section, x, y, z);
}

function isPapillary(heart: Heart, { depth, inner }: Section, x: number, y: number): boolean {
  if (depth <= 0.15 || depth >= 0.8) return false;
  return heart.papillary.some(({ angle, radius, at }) => {
    const dx = x - at * inner * Math.cos(angle), dy = y - at * inner * Math.sin(angle), r = radius * Math.min(1, inner / 18);
    return dx * dx + dy * dy < r * r;
  });
}

/** Atria and outflow tracts above the base, chest wall, fat, liver, lung. */
function surroundingsAt({ tone, heart, body }: Scene, { depth }: Section, x: number, y: number, z: number): number {
  const full = heart.radius + heart.wall;
  if (depth < 0) {
    const atrium = heart.radius * 1.25, outflow = full * 0.9;
    if (x * x * 1.21 + (y + 6) * (y + 6) < atrium * atrium) return tone.blood * 0.92;
    if ((x + full * 1.5) * (x + full * 1.5) + (y + 10) * (y + 10) < outflow * outflow) return tone.blood * 0.9;
  }
  const size = full * body.size;
  if (x < -size * 0.95 && z > 15) return tone.liver;
  const bx = (x + body.shift) / (size * 1.25), by = y / size, out = bx * bx + by * by;
  return out >= 1 ? tone.lung : out < 0.86 ? tone.wall * 1.3 : tone.fat * 0.8;
}
