import type { QualityCheck } from '../domain/findings.ts';
import { percentilesOf } from './intensity.ts';
import { greyOf, type Plane } from './plane.ts';
import { scalePlane } from './resize-plane.ts';
import type { Action } from './quality-checks.ts';

/** Checks of one picture, as model.yaml has them. */
export type ImageCheck =
  | { readonly check: 'blur-laplacian'; readonly min: number; readonly action: Action }
  | { readonly check: 'exposure'; readonly min: number; readonly max: number; readonly action: Action }
  | { readonly check: 'field-of-view'; readonly min: number; readonly action: Action }
  | { readonly check: 'image-size'; readonly minRows: number; readonly minColumns: number; readonly action: Action }
  | { readonly check: 'photometric'; readonly allow: readonly string[]; readonly action: Action }
  | { readonly check: 'laterality'; readonly action: Action }
  | { readonly check: 'view'; readonly allow: readonly string[]; readonly action: Action }
  | { readonly check: 'burned-in'; readonly action: Action };

export interface ImageFacts {
  readonly photometric: string;
  /** L, R, B, U or '' */
  readonly laterality: string;
  /** View Position, for example PA, CC, MLO; '' when it is not stated. */
  readonly view: string;
  /** Burned In Annotation = YES. */
  readonly burnedIn: boolean;
}

/**
 * Asks one check of a picture. Blur, exposure and field of view are measured on the picture brought to at most 256 pixels and 0–1 between its
 * darkest and brightest possible value, so that limits hold for any size and bit depth.
 *
 * @param range  lowest and highest value that pixels can have
 */
export function checkImage(setting: ImageCheck, plane: Plane, facts: ImageFacts, range: readonly [number, number]): QualityCheck {
  switch (setting.check) {
    case 'blur-laplacian': {
      const sharpness = sharpnessOf(small(plane, range));
      return judge(setting, sharpness >= setting.min, `sharpness ${sharpness.toPrecision(3)}; at least ${setting.min}`);
    }
    case 'exposure': {
      const mean = meanInside(small(plane, range));
      return judge(setting, mean >= setting.min && mean <= setting.max, `mean brightness ${mean.toFixed(3)} of 0–1; expected ${setting.min}–${setting.max}`);
    }
    case 'field-of-view': {
      const share = litShare(small(plane, range));
      return judge(setting, share >= setting.min, `${(100 * share).toFixed(0)} % of the picture is exposed; at least ${(100 * setting.min).toFixed(0)} %`);
    }
    case 'image-size':
      return judge(setting, plane.rows >= setting.minRows && plane.columns >= setting.minColumns, `${plane.rows} × ${plane.columns} pixels; at least ${setting.minRows} × ${setting.minColumns}`);
    case 'photometric':
      return judge(setting, setting.allow.includes(facts.photometric), `photometric interpretation ${facts.photometric || '(none)'}; the model reads ${setting.allow.join(', ')}`);
    case 'laterality':
      return judge(setting, isSide(facts.laterality), !isSide(facts.laterality) ? 'the side is not stated, and it is not guessed' : `side ${facts.laterality}`);
    case 'view':
      return judge(setting, setting.allow.includes(facts.view), `view ${facts.view || '(not stated)'}; the model reads ${setting.allow.join(', ')}`);
    case 'burned-in':
      return judge(setting, !facts.burnedIn, facts.burnedIn ? 'the picture says it has text burned in' : 'no burned-in text is stated');
  }
}

/** Variance of the Laplacian (4 neighbours) over the variance of the picture, both inside what is exposed. Blur takes away the first, not the second. */
export function sharpnessOf(plane: Plane): number {
  const { rows, columns } = plane;
  const grey = greyOf(plane);
  const mask = litMask(grey);
  let [n, sum, squares, edges, edgeSquares] = [0, 0, 0, 0, 0];
  for (let j = 1; j < rows - 1; j++)
    for (let i = 1; i < columns - 1; i++) {
      const q = j * columns + i;
      // A pixel beside the dark surround has the aperture's edge in its Laplacian.
      if (mask[q] === 0 || mask[q - 1] === 0 || mask[q + 1] === 0 || mask[q - columns] === 0 || mask[q + columns] === 0) continue;
      const laplacian = grey[q - 1]! + grey[q + 1]! + grey[q - columns]! + grey[q + columns]! - 4 * grey[q]!;
      n++;
      sum += grey[q]!;
      squares += grey[q]! ** 2;
      edges += laplacian;
      edgeSquares += laplacian ** 2;
    }
  if (n === 0) return 0;
  const variance = squares / n - (sum / n) ** 2;
  return variance <= 1e-12 ? 0 : (edgeSquares / n - (edges / n) ** 2) / variance;
}

/** U (0020,0062) means unpaired or unknown: no side. */
function isSide(laterality: string): boolean {
  return laterality === 'L' || laterality === 'R' || laterality === 'B';
}

function small(plane: Plane, [low, high]: readonly [number, number]): Plane {
  const ratio = Math.max(1, Math.max(plane.rows, plane.columns) / 256);
  const scaled = scalePlane(plane, Math.max(1, Math.round(plane.rows / ratio)), Math.max(1, Math.round(plane.columns / ratio)));
  return { ...scaled, channels: scaled.channels.map((channel) => channel.map((v) => (v - low) / (high - low || 1))) };
}

/** What is brighter than a twentieth of the brightest percent: not the black surround of an aperture, but every tissue. */
function litMask(grey: Float32Array): Uint8Array {
  const [high = 0] = percentilesOf(grey, [99]);
  return Uint8Array.from(grey, (v) => (v > 0.05 * high ? 1 : 0));
}

function litShare(plane: Plane): number {
  const mask = litMask(greyOf(plane));
  return mask.reduce((sum, v) => sum + v, 0) / mask.length;
}

function meanInside(plane: Plane): number {
  const grey = greyOf(plane);
  const mask = litMask(grey);
  let [n, sum] = [0, 0];
  for (let q = 0; q < grey.length; q++) {
    n += mask[q]!;
    sum += mask[q]! * grey[q]!;
  }
  return n === 0 ? (grey[0] ?? 0) : sum / n;
}

function judge(setting: { readonly check: string; readonly action: Action }, passes: boolean, reason: string): QualityCheck {
  return { check: setting.check, verdict: passes ? 'pass' : setting.action, reason };
}
