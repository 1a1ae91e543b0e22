import { judgeSeries } from '../domain/eligibility.ts';
import type { Analysis, Point3, QualityCheck } from '../domain/findings.ts';
import type { Clock } from '../foundation/clock.ts';
import { notAnalysable } from './empty-analysis.ts';
import type { LoadedSeries } from './load-series.ts';
import type { Manifest } from './manifest-schema.ts';
import type { LoadedModel } from './model-folder.ts';
import type { RunProgress, RunTiming } from './series-input.ts';
import type { StopWatch } from './stop-watch.ts';

export interface AnalyseHooks {
  readonly clock: Clock;
  readonly progress: (progress: RunProgress) => void;
}

export interface AnalysedSeries {
  readonly analysis: Analysis;
  readonly timing: RunTiming;
  /** What conditions of the manifest may ask for, by name. */
  readonly scores: ReadonlyMap<string, number>;
  /** Everything the detector saw above its floor, also below the operating threshold; strongest first. For evaluation. */
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly probability: number;
  /** Patient coordinates, mm. */
  readonly centreMm: Point3;
  readonly diameterMm: number;
}

export function eligibilityChecks(manifest: Manifest, series: Pick<LoadedSeries, 'traits'>): QualityCheck[] {
  const verdict = judgeSeries(manifest.eligibility, series.traits);
  return [
    ...verdict.reasons.map((reason): QualityCheck => ({ check: 'eligibility', verdict: 'reject', reason })),
    ...verdict.warnings.map((reason): QualityCheck => ({ check: 'eligibility', verdict: 'warn', reason })),
  ];
}

export function isRefused(quality: readonly QualityCheck[]): boolean {
  return quality.some((check) => check.verdict === 'reject');
}

export function stopped(model: LoadedModel, source: Analysis['source'], quality: readonly QualityCheck[], watch: StopWatch): AnalysedSeries {
  return { analysis: notAnalysable(model, source, quality), timing: watch.timing(0), scores: new Map(), candidates: [] };
}
