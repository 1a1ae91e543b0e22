import type { QualityCheck } from '../domain/findings.ts';
import type { VolumeGeometry } from './geometry.ts';
import type { LungMask } from './lung-mask.ts';
import { median, type Volume } from './volume.ts';

export type Action = 'reject' | 'warn';

/** Settings of the checks, as model.yaml has them. */
export type GeometryCheck =
  | { readonly check: 'uniform-spacing'; readonly max: number; readonly action: Action }
  | { readonly check: 'missing-slices'; readonly max: number; readonly action: Action }
  | { readonly check: 'duplicate-slices'; readonly max: number; readonly action: Action }
  | { readonly check: 'tilt'; readonly max: number; readonly action: Action };

export type LungCheck =
  | { readonly check: 'organ-present'; readonly minMl: number; readonly maxMl: number; readonly action: Action }
  | { readonly check: 'organ-complete'; readonly action: Action }
  | { readonly check: 'body-part-match'; readonly action: Action };

export type IntensityCheck =
  | { readonly check: 'hu-plausible'; readonly airMax: number; readonly tissueMin: number; readonly tissueMax: number; readonly action: Action }
  | { readonly check: 'noise-sd'; readonly max: number; readonly action: Action };

/** Checks how the slices lie. Lengths in mm. */
export function checkGeometry(setting: GeometryCheck, geometry: VolumeGeometry): QualityCheck {
  switch (setting.check) {
    case 'uniform-spacing': {
      const deviation = geometry.maxSpacingDeviationMm;
      return judge(setting, deviation <= setting.max, `slice distances differ by up to ${round(deviation)} mm from ${round(geometry.spacing[0])} mm; limit ${setting.max} mm`);
    }
    case 'missing-slices':
      return judge(setting, geometry.missingSlices <= setting.max, `${geometry.missingSlices} slice(s) missing between the first and the last; limit ${setting.max}`);
    case 'duplicate-slices':
      return judge(setting, geometry.duplicateSlices <= setting.max, `${geometry.duplicateSlices} image(s) at a position already taken; limit ${setting.max}`);
    case 'tilt':
      return judge(setting, geometry.tiltDeg <= setting.max, `slices are stacked ${round(geometry.tiltDeg)}° off their normal; limit ${setting.max}°`);
  }
}

/** Checks the lungs as the mask found them. */
export function checkLung(setting: LungCheck, lung: LungMask, statedBodyPart: string): QualityCheck {
  switch (setting.check) {
    case 'organ-present':
      return judge(setting, lung.volumeMl >= setting.minMl && lung.volumeMl <= setting.maxMl, `lung volume ${Math.round(lung.volumeMl)} ml; expected ${setting.minMl}–${setting.maxMl} ml`);
    case 'organ-complete': {
      const ends = [lung.cutAtLastSlice ? 'top' : '', lung.cutAtFirstSlice ? 'bottom' : ''].filter((end) => end !== '');
      return judge(setting, ends.length === 0, ends.length === 0 ? 'the lungs lie wholly inside the images' : `the lungs are cut off at the ${ends.join(' and ')} of the volume`);
    }
    case 'body-part-match': {
      const seen = lung.volumeMl > 0;
      return judge(setting, seen, `stated body part ${statedBodyPart === '' ? '(none)' : `"${statedBodyPart}"`}; lungs ${seen ? 'are' : 'are not'} seen`);
    }
  }
}

/** Checks the values of a CT volume (HU). */
export function checkIntensity(setting: IntensityCheck, volume: Volume): QualityCheck {
  if (setting.check === 'noise-sd') {
    const noise = noiseInTissue(volume);
    if (noise === null) return judge(setting, false, 'noise could not be measured: too little soft tissue');
    return judge(setting, noise <= setting.max, `noise ${round(noise)} HU in soft tissue; limit ${setting.max} HU`);
  }
  const { air, tissue } = landmarks(volume);
  const plausible = air <= setting.airMax && tissue !== null && tissue >= setting.tissueMin && tissue <= setting.tissueMax;
  return judge(setting, plausible, `air at ${Math.round(air)} HU (at most ${setting.airMax}), soft tissue at ${tissue === null ? 'none found' : `${Math.round(tissue)} HU`} (${setting.tissueMin} to ${setting.tissueMax})`);
}

/** A check that could not be asked of the images at all. */
export function rejected(check: string, reason: string): QualityCheck {
  return { check, verdict: 'reject', reason };
}

/**
 * Standard deviation of the noise, HU: median absolute difference of a voxel from the mean of its 3 × 3 neighbourhood in its slice, where that mean
 * is soft tissue (0–120 HU), scaled to a normal distribution. Edges hardly count, as the median ignores them.
 *
 * @returns  null with fewer than 500 such voxels among those looked at
 */
export function noiseInTissue(volume: Volume): number | null {
  const [nz, ny, nx] = volume.dims;
  const { data } = volume;
  const step = Math.max(1, Math.round(Math.cbrt((nz * ny * nx) / 200_000)));
  const differences: number[] = [];
  for (let k = 0; k < nz; k += step)
    for (let j = 1; j < ny - 1; j += step)
      for (let i = 1; i < nx - 1; i += step) {
        const q = (k * ny + j) * nx + i;
        const sum =
          data[q - nx - 1]! + data[q - nx]! + data[q - nx + 1]! + data[q - 1]! + data[q]! + data[q + 1]! + data[q + nx - 1]! + data[q + nx]! + data[q + nx + 1]!;
        const mean = sum / 9;
        if (mean >= 0 && mean <= 120) differences.push(Math.abs(data[q]! - mean));
      }
  // 1.4826: median absolute deviation → SD of a normal distribution; √(9/8): the voxel is part of its own mean.
  return differences.length < 500 ? null : median(differences) * 1.4826 * Math.sqrt(9 / 8);
}

/** Darkest percentile, and the most frequent value (20 HU bins) between −300 and 300; of about 200,000 voxels. */
function landmarks(volume: Volume): { air: number; tissue: number | null } {
  const stride = Math.max(1, Math.floor(volume.data.length / 200_000));
  // One bin for each whole HU from −2048 to 4095; what lies beyond counts in the last.
  const bins = new Int32Array(6144);
  let count = 0;
  for (let q = 0; q < volume.data.length; q += stride) {
    bins[Math.max(0, Math.min(6143, Math.floor(volume.data[q]!) + 2048))]!++;
    count++;
  }
  let air = 0;
  for (let below = bins[0]!; below <= count / 100 && air < 6143; ) below += bins[++air]!;
  let most = { hu: 0, voxels: 0 };
  for (let hu = -300; hu < 300; hu += 20) {
    const voxels = bins.subarray(hu + 2048, hu + 2068).reduce((sum, n) => sum + n, 0);
    if (voxels > most.voxels) most = { hu: hu + 10, voxels };
  }
  return { air: air - 2048, tissue: most.voxels < count / 1000 ? null : most.hu };
}

function judge(setting: { readonly check: string; readonly action: Action }, passes: boolean, reason: string): QualityCheck {
  return { check: setting.check, verdict: passes ? 'pass' : setting.action, reason };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
