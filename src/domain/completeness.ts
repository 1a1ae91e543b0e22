/** What is known of a study while its images arrive. Moments are milliseconds since the epoch. */
export interface ArrivalEvidence {
  readonly firstReceivedAt: number;
  readonly lastReceivedAt: number;
  /** Associations (or STOW requests) that brought images of this study and are still open. */
  readonly openGroups: number;
  readonly lastGroupClosedAt: number | null;
  readonly instanceCount: number;
}

export interface CompletenessPolicy {
  /** How long nothing must have arrived after the last image and the last association end. */
  readonly quietSeconds: number;
  /** After this much time the study goes on as it is, flagged as partial. */
  readonly maxWaitSeconds: number;
}

export type CompletenessDecision =
  | { readonly kind: 'wait'; readonly until: number; readonly reason: string }
  | { readonly kind: 'complete'; readonly partial: boolean; readonly evidence: readonly string[] };

// A sender that keeps its association open and idle must not hold its study for ever; it gets more patience than one that hung up.
const OPEN_ASSOCIATION_PATIENCE = 4;

/**
 * Decides whether a study is complete (standards: none; IHE leaves it to the receiver). Association end plus quiet time is the
 * evidence; after the maximum wait the study goes on, flagged as partial, and is never discarded.
 */
export function decideCompleteness(evidence: ArrivalEvidence, policy: CompletenessPolicy, now: number): CompletenessDecision {
  const quietMs = policy.quietSeconds * 1000;
  const deadline = evidence.firstReceivedAt + policy.maxWaitSeconds * 1000;
  const open = evidence.openGroups > 0;
  const quietSince = Math.max(evidence.lastReceivedAt, evidence.lastGroupClosedAt ?? 0);
  const quietUntil = open ? evidence.lastReceivedAt + quietMs * OPEN_ASSOCIATION_PATIENCE : quietSince + quietMs;

  if (now >= quietUntil) {
    const sender = open ? `the association is open but idle for ${seconds(now - evidence.lastReceivedAt)}` : 'every association that brought images has ended';
    return { kind: 'complete', partial: false, evidence: [`${evidence.instanceCount} instances`, sender, `quiet for ${seconds(now - quietSince)} (limit ${policy.quietSeconds} s)`] };
  }
  if (now >= deadline) {
    return { kind: 'complete', partial: true, evidence: [`${evidence.instanceCount} instances`, `images still arrive after the maximum wait of ${policy.maxWaitSeconds} s`] };
  }
  const reason = open ? `${evidence.openGroups} association(s) still open` : `quiet time of ${policy.quietSeconds} s not over`;
  return { kind: 'wait', until: Math.min(quietUntil, deadline), reason };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
