import { concept } from '../domain/codes/concepts.ts';
import type { ConceptKey } from '../domain/codes/concepts.ts';
import type { Analysis, AnalysisOutcome } from '../domain/findings.ts';
import { codeValue, container, textValue } from './content-item.ts';
import type { ContainerItem, ContentItem } from './content-item.ts';
import { disclosure } from './disclosure.ts';
import { evaluationItems } from './measurement-items.ts';
import type { StructuredReportRequest } from './report-request.ts';
import { observationUid } from './result-uids.ts';

/**
 * Qualitative Evaluations container of TID 1500 (CODE and TEXT only): who made this, how the processing went as a whole (CID 6047, so that
 * "nothing found" and "not analysed" are never silence), what is said of the study, and what it was not
 * analysed for.
 */
export function qualitativeEvaluations({ analysis, context }: StructuredReportRequest): ContainerItem {
  const uid = (id: string): string => observationUid(analysis, context.revision, 'qualitative', id);
  const summary = concept(summaryKey(analysis.outcome, analysis.findings.length));
  return container('CONTAINS', concept('qualitative-evaluations'), '', [
    codeValue('CONTAINS', concept('cad-summary'), summary, { observationUid: uid('summary') }),
    comment(disclosure(analysis.model)),
    ...(analysis.summary.trim() === '' ? [] : [comment(analysis.summary)]),
    ...urgency(analysis),
    ...analysis.studyEvaluations.flatMap((evaluation) => evaluationItems(evaluation, uid(evaluation.id))),
    ...analysis.targets.filter((target) => target.probability === null).map((target) => comment(`Not analysed for ${target.concept.meaning}`)),
    ...analysis.quality.filter((check) => check.verdict !== 'pass').map((check) => comment(`Quality check ${check.check}: ${check.reason}`)),
  ]);
}

/** CID 6047. */
export function summaryKey(outcome: AnalysisOutcome, findings: number): ConceptKey {
  switch (outcome) {
    case 'findings':
      return 'cad-all-ok-findings';
    case 'no-findings':
      return 'cad-all-ok-none';
    case 'partial':
      return findings > 0 ? 'cad-some-ok-findings' : 'cad-some-ok-none';
    case 'not-analysable':
      return 'cad-none-ok';
  }
}

function urgency({ urgency: { level, reason } }: Analysis): readonly ContentItem[] {
  return level === 'routine' ? [] : [comment(`Urgency ${level}: ${reason}`)];
}

function comment(text: string): ContentItem {
  return textValue('CONTAINS', concept('comment'), text);
}
