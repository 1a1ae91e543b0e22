import type { Tx } from './database.ts';

/** Why a rule did or did not run a model on a study: what `isocenter explain` prints. */
export interface RuleDecision {
  readonly rule: string;
  readonly matched: boolean;
  readonly decision: Readonly<Record<string, unknown>>;
}

const insert = {
  name: 'rule_decision_insert',
  text: 'insert into rule_decision (study_instance_uid, revision, rule, matched, decision, decided_at) values ($1, $2, $3, $4, $5, $6)',
};

export async function recordRuleDecision(tx: Tx, studyInstanceUid: string, revision: number, decision: RuleDecision, at: Date): Promise<void> {
  await tx.execute(insert, [studyInstanceUid, revision, decision.rule, decision.matched, JSON.stringify(decision.decision), at]);
}

export interface RecordedDecision extends RuleDecision {
  readonly revision: number;
  readonly decided_at: Date;
}

const ofStudy = {
  name: 'rule_decision_of_study',
  text: 'select revision, rule, matched, decision, decided_at from rule_decision where study_instance_uid = $1 order by id',
};

export async function ruleDecisionsOfStudy(tx: Tx, studyInstanceUid: string): Promise<RecordedDecision[]> {
  return tx.query<RecordedDecision>(ofStudy, [studyInstanceUid]);
}
