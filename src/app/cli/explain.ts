import { isUid } from '../../foundation/uid.ts';
import type { RuleOutcome } from '../../domain/routing-plan.ts';
import { ruleDecisionsOfStudy } from '../../store/rule-decision.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';

/** `isocenter explain UID`: why each rule did or did not match the study, and why each model ran or did not; 1 = the UID is unknown. */
export async function explain(uid: string, options: { readonly config?: string }): Promise<number> {
  if (!isUid(uid)) throw new UsageError(`${uid} is not a UID`);
  return withGatewayDatabase(options.config, async (database) => {
    const decisions = await ruleDecisionsOfStudy(database, uid);
    if (decisions.length === 0) {
      console.error(`${uid}: no rule has been asked of it here`);
      return 1;
    }
    for (const { revision, rule, matched, decided_at: at, decision } of decisions) {
      console.log(`${at.toISOString()}  revision ${revision}, rule ${rule}: ${matched ? 'matched' : 'did not match'}`);
      for (const line of reasonsOf(decision as Pick<RuleOutcome, 'series' | 'models'>)) console.log(`    ${line}`);
    }
    return 0;
  });
}

/** The sentences of one decision. */
export function reasonsOf({ series, models }: Pick<RuleOutcome, 'series' | 'models'>): string[] {
  return [
    ...series.filter((one) => !one.holds).map((one) => `series ${one.seriesInstanceUid}: ${one.reasons.join('; ')}`),
    ...models.flatMap((model) => [
      `model ${model.modelId} ${model.runs ? 'runs' : 'does not run'}: ${model.reason}`,
      ...model.series.flatMap((one) => [...one.reasons, ...one.warnings.map((warning) => `warning: ${warning}`)].map((text) => `    series ${one.seriesInstanceUid}: ${text}`)),
    ]),
  ];
}
