/** How a CT scanner sees a chest phantom: grid, slice profile, reconstruction kernel, noise. */
import { blurAxis, mergeSlices, type Dims } from './volume-blur.ts';
import { bodyRadii, type Anatomy } from './chest-anatomy.ts';
import type { Canvas } from './canvas.ts';
import type { Random } from './random.ts';
import type { Vec3 } from './vector.ts';

export type Kernel = 'soft' | 'standard' | 'sharp';

export interface Acquisition {
  readonly kernel: Kernel;
  /** Slice thickness and distance of slices, mm. */
  readonly thickness: number;
  readonly sliceSpacing: number;
  readonly slices: number;
  /** Lower edge of the first slice, mm from the carina, upwards. */
  readonly bottom: number;
  readonly rows: number;
  readonly columns: number;
  /** Of a pixel, mm. */
  readonly pixel: number;
  /** In-plane blur (sigma, mm) and the sharp kernel's overshoot at edges. */
  readonly blur: number;
  readonly edgeBoost: number;
  /** Standard deviation of the noise in the middle of the image, HU. */
  readonly noise: number;
  /** The lower lungs were seen in two places this far apart, mm; 0 when the breath was held. */
  readonly motion: number;
  /** Standard deviation of horizontal streaks at the height of the shoulders, HU. */
  readonly streaks: number;
}

export interface AcquisitionOptions {
  /** Number of slices; they are spread over the lungs, at most 2.5 mm apart. Default: drawn (80 to 380). */
  readonly slices?: number;
  /** Rows and columns of the square image. Default 512. */
  readonly matrix?: number;
  readonly kernel?: Kernel;
  readonly thickness?: number;
  readonly noise?: number;
  /** Only as many rows and columns as the body needs, at this pixel size: cheaper, for training. */
  readonly tightPixel?: number;
  /** Lowest and highest mm of the slab, with 0 at the carina; the lungs reach from −150 to 110. */
  readonly zRange?: readonly [number, number];
}

const LUNG_RANGE: readonly [number, number] = [-150, 115];

/** Draws an acquisition. Numbers that go into DICOM headers are rounded to what is written there. */
export function drawAcquisition(random: Random, anatomy: Anatomy, options: AcquisitionOptions): Acquisition {
  const kernel = random.pick<Kernel>(['soft', 'standard', 'standard', 'sharp']);
  const thickness = random.uniform(0.7, 2.5), overlapped = random.chance(0.5), slab = drawSlab(random);
  const byKernel = drawKernelQualities(random, options.kernel ?? kernel);
  const fieldOfView = drawFieldOfView(random, anatomy);
  const grid = options.tightPixel === undefined ? squareGrid(fieldOfView, options.matrix ?? 512) : tightGrid(anatomy, options.tightPixel);
  const zRange = options.zRange ?? (options.slices === undefined ? slab : LUNG_RANGE);
  const height = zRange[1] - zRange[0];
  const chosen = rounded(options.thickness ?? thickness);
  const step = options.slices === undefined ? chosen > 1.2 && overlapped ? 1 : chosen : Math.max(0.5, Math.min(2.5, height / options.slices));
  const sliceSpacing = rounded(step);
  const slices = options.slices ?? Math.round(height / sliceSpacing);
  return {
    ...byKernel, ...grid, sliceSpacing, slices,
    kernel: options.kernel ?? kernel,
    // Slices with gaps between them would miss small nodules altogether; the scanner's protocols avoid that, and so do we.
    thickness: Math.max(chosen, sliceSpacing),
    bottom: (zRange[0] + zRange[1]) / 2 - (slices * sliceSpacing) / 2,
    noise: options.noise ?? byKernel.noise,
    ...drawFlaws(random, options),
  };
}

/** A quarter of the scans moved, a third have streaks; none of it when noise is set to nothing. */
function drawFlaws(random: Random, options: AcquisitionOptions): Pick<Acquisition, 'motion' | 'streaks'> {
  const motion = random.chance(0.25) ? random.uniform(0.8, 2.6) : 0, streaks = random.chance(0.35) ? random.uniform(5, 30) : 0;
  return options.noise === 0 ? { motion: 0, streaks: 0 } : { motion, streaks };
}

/** Half of the scans show the whole lungs; the others a slab of 90 to 170 mm, with lungs cut off above or below. */
function drawSlab(random: Random): readonly [number, number] {
  const whole = random.chance(0.5), height = random.uniform(90, 170), bottom = random.uniform(-140, 105 - height);
  return whole ? LUNG_RANGE : [bottom, bottom + height];
}

type Range = readonly [number, number];

/** Ranges by kernel: blur (mm), overshoot, noise (HU). */
const kernelRanges: Record<Kernel, { readonly blur: Range; readonly edgeBoost: Range; readonly noise: Range }> = {
  soft: { blur: [0.7, 0.9], edgeBoost: [0, 0], noise: [7, 18] },
  standard: { blur: [0.5, 0.65], edgeBoost: [0, 0], noise: [14, 38] },
  sharp: { blur: [0.35, 0.42], edgeBoost: [0.2, 0.6], noise: [28, 60] },
};

function drawKernelQualities(random: Random, kernel: Kernel): Pick<Acquisition, 'blur' | 'edgeBoost' | 'noise'> {
  const { blur, edgeBoost, noise } = kernelRanges[kernel];
  return { blur: random.uniform(...blur), edgeBoost: random.uniform(...edgeBoost), noise: random.uniform(...noise) };
}

/** From just around the lungs to the whole body with some air. */
function drawFieldOfView(random: Random, anatomy: Anatomy): number {
  const lungs = 2 * (anatomy.lungX + anatomy.lungRx) + 24, body = 2 * bodyRadii(anatomy).x + 30;
  return Math.round(random.uniform(lungs, body));
}

function squareGrid(fieldOfView: number, matrix: number): Pick<Acquisition, 'rows' | 'columns' | 'pixel'> {
  return { rows: matrix, columns: matrix, pixel: rounded(fieldOfView / matrix) };
}

function tightGrid(anatomy: Anatomy, pixel: number): Pick<Acquisition, 'rows' | 'columns' | 'pixel'> {
  const around = Math.min(anatomy.wall + anatomy.fat + 4, 38);
  const size = (half: number): number => Math.round((2 * (half + around)) / pixel);
  return { rows: size(anatomy.lungRy), columns: size(anatomy.lungX + anatomy.lungRx), pixel };
}

/** To a ten-thousandth of a mm: what DS values in the headers say, the pixels follow exactly. */
function rounded(mm: number): number {
  return Math.round(mm * 1e4) / 1e4;
}

/** An empty canvas for the acquisition. Thick slices are drawn as two thinner ones, to be averaged by `acquire`. */
export function makeCanvas(acquisition: Acquisition): { readonly canvas: Canvas; readonly subSlices: 1 | 2 } {
  const { rows, columns, pixel, sliceSpacing, slices, bottom } = acquisition;
  const subSlices = sliceSpacing > 1.25 ? 2 : 1;
  const dims: Dims = [slices * subSlices, rows, columns];
  const spacing: Vec3 = [sliceSpacing / subSlices, pixel, pixel];
  // The patient lies with the middle of the chest, not of the body, in the middle of the image.
  const origin: Vec3 = [rounded((-(columns - 1) * pixel) / 2), rounded((-(rows - 1) * pixel) / 2), bottom + spacing[0] / 2];
  const softness = Math.max(0.8, 0.9 * Math.max(spacing[0], pixel));
  return { canvas: { dims, spacing, origin, softness, hu: new Float32Array(dims[0] * rows * columns) }, subSlices };
}

/** Motion, slice profile, averaging of sub-slices, blur of the kernel and its overshoot, noise and streaks; then whole HU from −1024 to 3071. */
export function acquire(canvas: Canvas, subSlices: 1 | 2, acquisition: Acquisition, random: Random): Int16Array {
  const { thickness, pixel, blur, edgeBoost, slices, rows, columns } = acquisition;
  const profile = 0.42 * Math.sqrt(Math.max(0.05, thickness * thickness - canvas.spacing[0] * canvas.spacing[0] * 0.3));
  const dims: Dims = [slices, rows, columns];
  blurByMotion(canvas, acquisition);
  const hu = mergeSlices(canvas.hu, canvas.dims, subSlices, profile / canvas.spacing[0]);
  for (const axis of [1, 2] as const) blurAxis(hu, dims, axis, blur / pixel);
  if (edgeBoost > 0) sharpen(hu, dims, edgeBoost, 0.8 / pixel);
  return withNoise(hu, acquisition, random);
}

/** Diaphragm and heart move most: below the carina each slice is the mean of two positions, front and back of the true one. */
function blurByMotion({ hu, dims: [slices, rows, columns], origin, spacing }: Canvas, { motion, pixel }: Acquisition): void {
  const half = Math.round(motion / 2 / pixel);
  if (half === 0) return;
  for (let k = 0; k < slices && origin[2] + k * spacing[0] < MOVING_BELOW_MM; k++) {
    const plane = hu.subarray(k * rows * columns, (k + 1) * rows * columns), before = Float32Array.from(plane);
    for (let j = half; j < rows - half; j++) {
      const front = (j - half) * columns, back = (j + half) * columns;
      for (let i = 0; i < columns; i++) plane[j * columns + i] = (before[front + i]! + before[back + i]!) / 2;
    }
  }
}

function sharpen(hu: Float32Array, dims: Dims, boost: number, sigma: number): void {
  const smooth = Float32Array.from(hu);
  for (const axis of [1, 2] as const) blurAxis(smooth, dims, axis, sigma);
  for (let q = 0; q < hu.length; q++) hu[q] = hu[q]! + boost * (hu[q]! - smooth[q]!);
}

const MOVING_BELOW_MM = -20;
const STREAKS_ABOVE_MM = 55;
const TILE: Dims = [48, 160, 160];

/** Adds correlated noise, stronger in the middle of the body: one filtered random tile, repeated with another offset in each layer. */
function withNoise(hu: Float32Array, acquisition: Acquisition, random: Random): Int16Array {
  const { slices, rows, columns, streaks, bottom, sliceSpacing } = acquisition;
  const tile = noiseTile(acquisition, random), out = new Int16Array(hu.length);
  for (let k = 0; k < slices; k++) {
    const strength = streaks * Math.max(0, Math.min(1, (bottom + k * sliceSpacing - STREAKS_ABOVE_MM) / 20));
    const layer = Math.floor(k / TILE[0]), shiftX = (layer * 61) % TILE[2], shiftY = (layer * 37) % TILE[1];
    for (let j = 0; j < rows; j++) {
      const row = ((k % TILE[0]) * TILE[1] + ((j + shiftY) % TILE[1])) * TILE[2], base = (k * rows + j) * columns;
      const y = (2 * j) / rows - 1, strengthY = 1.2 - 0.4 * y * y;
      const streak = strength > 0 ? strength * (random.next() + random.next() + random.next() - 1.5) * 2 : 0;
      for (let i = 0, t = shiftX; i < columns; i++) {
        const x = (2 * i) / columns - 1;
        const value = Math.round(hu[base + i]! + streak + (strengthY - 0.4 * x * x) * tile[row + t]!);
        out[base + i] = value < -1024 ? -1024 : value > 3071 ? 3071 : value;
        if (++t === TILE[2]) t = 0;
      }
    }
  }
  return out;
}

function noiseTile({ kernel, pixel, thickness, sliceSpacing, noise }: Acquisition, random: Random): Float32Array {
  const tile = new Float32Array(TILE[0] * TILE[1] * TILE[2]);
  for (let q = 0; q < tile.length; q++) tile[q] = random.next() + random.next() + random.next() - 1.5;
  const inPlane = { soft: 1, standard: 0.7, sharp: 0.45 }[kernel] * (0.75 / pixel);
  for (const axis of [1, 2] as const) blurAxis(tile, TILE, axis, inPlane);
  blurAxis(tile, TILE, 0, (0.4 * thickness) / sliceSpacing); // overlapping slices share noise
  let squares = 0;
  for (const value of tile) squares += value * value;
  const gain = noise / (Math.sqrt(squares / tile.length) || 1);
  for (let q = 0; q < tile.length; q++) tile[q] = tile[q]! * gain;
  return tile;
}
