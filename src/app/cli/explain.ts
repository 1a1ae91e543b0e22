import type { RoutingPlan } from '../../domain/routing-plan.ts';
import { isUid } from '../../foundation/uid.ts';
import { jobsOfStudy } from '../../store/inference-job.ts';
import { studyLine, type StudyLine } from '../../store/overview.ts';
import { ruleDecisionsOfStudy, type RecordedDecision } from '../../store/rule-decision.ts';
import { completenessOfStudy } from '../../store/study.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';

/** `isocenter explain UID`: why each rule did or did not run its models on a study; 1 = the study is unknown. */
export async function explain(uid: string, options: { readonly config?: string }): Promise<number> {
  if (!isUid(uid)) throw new UsageError(`${uid} is not a UID`);
  return withGatewayDatabase(options.config, async (database) => {
    const study = await studyLine(database, uid);
    if (study === undefined) {
      console.error(`${uid}: not known here`);
      return 1;
    }
    const [decisions, jobs, completeness] = await Promise.all([ruleDecisionsOfStudy(database, uid), jobsOfStudy(database, uid), completenessOfStudy(database, uid)]);
    for (const line of [...describeStudy(study, completeness), ...decisions.flatMap(describeDecision)]) console.log(line);
    for (const job of jobs) console.log(`run ${job.model_id} ${job.model_version}, revision ${job.revision}: ${job.state}${job.failure === null ? '' : ` (${job.failure.code}: ${job.failure.message})`}`);
    return 0;
  });
}

function describeStudy(study: StudyLine, completeness: { readonly evidence?: readonly string[]; readonly partial?: boolean } | null): string[] {
  const held = study.hold_reason === null ? '' : `: ${study.hold_reason}`;
  const lines = [`study ${study.study_instance_uid}: ${study.state}${held}, ${study.instance_count} instances, revision ${study.revision}`];
  if (study.state === 'receiving') lines.push('  rules are asked when it is complete');
  for (const fact of completeness?.evidence ?? []) lines.push(`  ${completeness?.partial === true ? 'partial: ' : ''}${fact}`);
  return lines;
}

/** A decision as rule, then why each series did not hold, then each model with the reasons of each series. */
export function describeDecision({ rule, revision, matched, decision }: RecordedDecision): string[] {
  const { series, models } = decision as unknown as Pick<RoutingPlan['rules'][number], 'series' | 'models'>;
  const lines = [`rule ${rule} (revision ${revision}): ${matched ? 'holds' : 'does not hold'}`];
  for (const one of series) lines.push(`  series ${one.seriesInstanceUid}: ${one.holds ? 'holds' : one.reasons.join('; ')}`);
  for (const model of models) {
    lines.push(`  model ${model.modelId}: ${model.reason}`);
    for (const one of model.series) {
      const said = one.eligible ? ['eligible', ...one.warnings.map((warning) => `warning: ${warning}`)] : one.reasons;
      lines.push(`    series ${one.seriesInstanceUid}: ${said.join('; ')}`);
    }
  }
  return lines;
}
