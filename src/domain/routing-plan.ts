import { askRule, type Rule, type SeriesFacts, type SeriesVerdict } from './rule.ts';

/** Which of a study's series a model can take, and why not the others. */
export interface SeriesChoice {
  /** The series to run on; null when none is eligible. */
  readonly chosen: string | null;
  readonly series: readonly SeriesEligibility[];
}

export interface SeriesEligibility {
  readonly seriesInstanceUid: string;
  readonly eligible: boolean;
  /** What speaks against it; empty when eligible. */
  readonly reasons: readonly string[];
  /** What is unusual but does not forbid: coverage, kernel, missing tags. */
  readonly warnings: readonly string[];
}

export interface PlannedRun {
  readonly rule: string;
  readonly modelId: string;
  readonly seriesInstanceUid: string;
  readonly warnings: readonly string[];
  readonly deliver: readonly string[];
  readonly late: Rule['late'];
  readonly priority: number;
}

/** What one rule did with a study: for `isocenter explain`. */
export interface RuleOutcome {
  readonly rule: string;
  readonly matched: boolean;
  readonly series: readonly SeriesVerdict[];
  readonly models: readonly ModelOutcome[];
}

export interface ModelOutcome {
  readonly modelId: string;
  readonly runs: boolean;
  /** One sentence: the series chosen, or why the model does not run. */
  readonly reason: string;
  readonly series: readonly SeriesEligibility[];
}

export interface RoutingPlan {
  readonly rules: readonly RuleOutcome[];
  readonly runs: readonly PlannedRun[];
  /** Destinations that get the received originals, each once. */
  readonly forward: readonly string[];
}

/**
 * Applies the rules to a study: a rule holds when its condition is true for one series; per model the first rule that holds wins;
 * the model's own eligibility then picks the series.
 *
 * @param choose  asks a model which of the study's series it takes; undefined when the model is not available
 */
export function planRouting(rules: readonly Rule[], series: readonly SeriesFacts[], choose: (modelId: string) => SeriesChoice | undefined): RoutingPlan {
  const runs: PlannedRun[] = [];
  const taken = new Map<string, string>();
  const forward = new Set<string>();
  const outcomes = rules.map((rule): RuleOutcome => {
    const verdicts = series.map((one) => askRule(rule.when, one));
    const matched = verdicts.some((verdict) => verdict.holds);
    if (!matched) return { rule: rule.name, matched, series: verdicts, models: [] };
    for (const destination of rule.forward) forward.add(destination);
    const models = rule.run.map((modelId) => {
      const earlier = taken.get(modelId);
      if (earlier !== undefined) return { modelId, runs: false, reason: `rule ${earlier} came first`, series: [] };
      taken.set(modelId, rule.name);
      const { outcome, run } = planModel(rule, modelId, choose(modelId));
      if (run !== undefined) runs.push(run);
      return outcome;
    });
    return { rule: rule.name, matched, series: verdicts, models };
  });
  return { rules: outcomes, runs, forward: [...forward] };
}

function planModel(rule: Rule, modelId: string, choice: SeriesChoice | undefined): { outcome: ModelOutcome; run?: PlannedRun } {
  if (choice === undefined) return { outcome: { modelId, runs: false, reason: 'the model is not available (not installed, or quarantined)', series: [] } };
  const picked = choice.series.find((one) => one.seriesInstanceUid === choice.chosen);
  if (picked === undefined) return { outcome: { modelId, runs: false, reason: 'no series of the study is eligible', series: choice.series } };
  return {
    outcome: { modelId, runs: true, reason: `runs on series ${picked.seriesInstanceUid}`, series: choice.series },
    run: { rule: rule.name, modelId, seriesInstanceUid: picked.seriesInstanceUid, warnings: picked.warnings, deliver: rule.deliver, late: rule.late, priority: rule.priority },
  };
}
