import type { ModelIdentity } from '../domain/findings.ts';

/** First line of everything people read: who made it, that nobody has looked at it, and what it may be used for. */
export function disclosure(model: ModelIdentity): string {
  return `AI-generated, not reviewed by a clinician - ${model.name} ${model.version}, ${model.regulatoryStatus}`;
}
