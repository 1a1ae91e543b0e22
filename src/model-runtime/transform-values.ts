import { affineValues, clipValues, minMaxValues, percentileValues, zscoreValues } from '../model-steps/intensity.ts';
import type { VolumeTransformSpec } from './manifest-operations.ts';

/** Carries out the intensity transforms of a volume in place. The modality LUT was applied when the volume was read. */
export function transformVolume(values: Float32Array, transforms: readonly VolumeTransformSpec[]): void {
  for (const transform of transforms) transformValues(values, transform);
}

/** One intensity transform on flat values, in place. */
export function transformValues(values: Float32Array, transform: VolumeTransformSpec): void {
  switch (transform.op) {
    case 'modality-lut':
      return;
    case 'clip':
      return clipValues(values, transform.min, transform.max);
    case 'affine':
      return affineValues(values, transform.mean, transform.std);
    case 'zscore':
      return zscoreValues(values, transform.foregroundAbove);
    case 'min-max':
      return minMaxValues(values, transform.outMin, transform.outMax);
    case 'percentile':
      return percentileValues(values, transform.lo, transform.hi, transform.outMin, transform.outMax);
  }
}
