/** Intensity transforms on flat float32 values, in place; each is what the training frameworks do under the same name. */

export function clipValues(values: Float32Array, min: number, max: number): void {
  for (let q = 0; q < values.length; q++) values[q] = Math.min(max, Math.max(min, values[q]!));
}

/** (v − mean) / std. nnU-Net's CT normalisation is `clip` to its percentiles and then this with the data set's mean and deviation. */
export function affineValues(values: Float32Array, mean: number, std: number): void {
  for (let q = 0; q < values.length; q++) values[q] = (values[q]! - mean) / std;
}

/**
 * Mean 0 and deviation 1 (population form) over all values, or over those above `foregroundAbove`; the others are shifted the same way.
 * A constant picture becomes 0 everywhere. As nnU-Net's ZScoreNormalization, which divides by max(std, 1e-8).
 */
export function zscoreValues(values: Float32Array, foregroundAbove = -Infinity): void {
  let [count, sum, squares] = [0, 0, 0];
  for (const v of values) {
    if (v <= foregroundAbove) continue;
    count++;
    sum += v;
    squares += v * v;
  }
  const mean = count === 0 ? 0 : sum / count;
  const std = count === 0 ? 0 : Math.sqrt(Math.max(0, squares / count - mean * mean));
  affineValues(values, mean, Math.max(std, 1e-8));
}

/** Lowest value → outMin, highest → outMax (MONAI ScaleIntensity). A constant picture becomes outMin. */
export function minMaxValues(values: Float32Array, outMin: number, outMax: number): void {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  spread(values, low, high, outMin, outMax);
}

/** Longest sample that percentiles are taken of. */
const MOST_SAMPLES = 65_536;

/** Percentile `lo` → outMin, percentile `hi` → outMax, beyond them clipped (MONAI ScaleIntensityRangePercentiles with clip). */
export function percentileValues(values: Float32Array, lo: number, hi: number, outMin: number, outMax: number): void {
  const [low, high] = percentilesOf(values, [lo, hi]) as [number, number];
  spread(values, low, high, outMin, outMax);
  clipValues(values, Math.min(outMin, outMax), Math.max(outMin, outMax));
}

/** Values at percentiles (0–100): index ⌊q (n − 1)⌋ of an ordered sample of at most 65,536 evenly taken values. */
export function percentilesOf(values: Float32Array, percents: readonly number[]): number[] {
  const stride = Math.max(1, Math.ceil(values.length / MOST_SAMPLES));
  const sample = stride === 1 ? values.slice() : Float32Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => values[i * stride]!);
  sample.sort();
  return percents.map((percent) => sample[Math.floor((percent / 100) * (sample.length - 1))] ?? 0);
}

/** Mean and deviation of the ImageNet channels, for values of 0–1. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** 0–255 → 0–1 → ImageNet normalisation of channel 0, 1 or 2. */
export function imagenetValues(values: Float32Array, channel: 0 | 1 | 2): void {
  affineValues(values, IMAGENET.mean[channel] * 255, IMAGENET.std[channel] * 255);
}

/**
 * The linear VOI LUT: window centre and width → outMin … outMax.
 * Source: PS3.3 §C.11.2.1.2.1: y = ((x − (c − 0.5)) / (w − 1) + 0.5) · (max − min) + min, clipped.
 */
export function windowValues(values: Float32Array, centre: number, width: number, outMin: number, outMax: number): void {
  const range = Math.max(width - 1, 1e-6);
  for (let q = 0; q < values.length; q++) values[q] = Math.min(1, Math.max(0, (values[q]! - (centre - 0.5)) / range + 0.5)) * (outMax - outMin) + outMin;
}

function spread(values: Float32Array, low: number, high: number, outMin: number, outMax: number): void {
  const range = high - low;
  for (let q = 0; q < values.length; q++) values[q] = range === 0 ? outMin : outMin + ((values[q]! - low) / range) * (outMax - outMin);
}
