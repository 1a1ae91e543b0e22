/** One scan as a detector saw it, for a free-response ROC curve. */
export interface FrocScan {
  /** Score of the best hit on each true lesion; −1 where there was none. */
  readonly lesions: readonly number[];
  /** Scores of what hit no lesion. */
  readonly falsePositives: readonly number[];
}

export interface FrocPoint {
  /** False positives a scan. */
  readonly rate: number;
  readonly sensitivity: number;
  /** Scores above this count at this rate. */
  readonly threshold: number;
}

/** The seven rates of the competition performance metric (LUNA16). */
export const cpmRates = [0.125, 0.25, 0.5, 1, 2, 4, 8] as const;

/** Sensitivity at given rates of false positives a scan. At least one scan; with no lesion at all the sensitivity is NaN. */
export function froc(scans: readonly FrocScan[], rates: readonly number[] = cpmRates): FrocPoint[] {
  const falsePositives = scans.flatMap((scan) => scan.falsePositives).sort((a, b) => b - a);
  const lesions = scans.flatMap((scan) => scan.lesions);
  return rates.map((rate) => {
    // The score that one false positive too many would have: everything above it stays within the rate.
    const threshold = Math.max(0, falsePositives[Math.floor(rate * scans.length)] ?? 0);
    return { rate, threshold, sensitivity: lesions.filter((score) => score > threshold).length / lesions.length };
  });
}

/** Mean sensitivity over the seven rates. */
export function cpm(scans: readonly FrocScan[]): number {
  const points = froc(scans);
  return points.reduce((sum, point) => sum + point.sensitivity, 0) / points.length;
}

/**
 * 95 % interval of a figure by bootstrap over scans (percentiles of 2.5 and 97.5), with a random stream of its own, so that it is the same every time.
 * Resamples in which the figure is not a number are left out.
 */
export function bootstrapInterval<T>(scans: readonly T[], figure: (scans: readonly T[]) => number, rounds = 1000): readonly [number, number] {
  let state = 0x9e3779b9;
  const random = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const value = figure(scans.map(() => scans[Math.floor(random() * scans.length)]!));
    if (Number.isFinite(value)) values.push(value);
  }
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? NaN;
  return [at(0.025), at(0.975)];
}
