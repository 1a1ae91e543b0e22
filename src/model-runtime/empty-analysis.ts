import { concept } from '../domain/codes/concepts.ts';
import { holds, parseExpression } from '../domain/expression.ts';
import type { AnalysedSource, Analysis, Measurement, QualityCheck, Urgency } from '../domain/findings.ts';
import type { Manifest, MeasurementSpec } from './manifest-schema.ts';
import type { LoadedModel } from './model-folder.ts';

/** The analysis of a series that a check refused: what was to be looked for, and why it was not. */
export function notAnalysable(model: LoadedModel, source: AnalysedSource, quality: readonly QualityCheck[]): Analysis {
  const reasons = quality.filter((check) => check.verdict === 'reject').map((check) => check.reason);
  return {
    ...emptyAnalysis(model, source, quality),
    outcome: 'not-analysable',
    summary: `Not analysable: ${reasons.join('; ')}.`,
    targets: model.manifest.labels.filter((label) => !label.normal).map((label) => ({ concept: label.property, site: label.anatomy, present: false, probability: null })),
  };
}

/** What an analysis has before anything was found. */
export function emptyAnalysis(model: LoadedModel, source: AnalysedSource, quality: readonly QualityCheck[]): Omit<Analysis, 'outcome' | 'summary' | 'targets'> {
  return { model: model.identity, source, findings: [], studyEvaluations: [], studyMeasurements: [], segments: [], quality, urgency: { level: 'routine', reason: '' } };
}

/** The first urgency rule that holds. */
export function urgencyOf(manifest: Manifest, values: ReadonlyMap<string, number>): Urgency {
  for (const rule of manifest.urgency) {
    const expression = parseExpression(rule.when);
    if (expression.ok && holds(expression.value, values)) return { level: rule.level, reason: rule.reason };
  }
  return { level: 'routine', reason: '' };
}

/** A measurement as the manifest words it; one that has no value says that it could not be made. */
export function measurementFrom(spec: MeasurementSpec, raw: number | null | undefined): Measurement {
  const value = raw === null || raw === undefined || !Number.isFinite(raw) ? null : rounded(raw, spec.round);
  return { id: spec.id, concept: spec.code, value, failure: value === null ? concept('num-failure') : null, unit: spec.unit, derivation: spec.derivation ?? null, method: spec.method ?? null };
}

export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
