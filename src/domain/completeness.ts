/** What is known of a study while its images arrive. Moments are milliseconds since the epoch. */
export interface ArrivalEvidence {
  readonly firstReceivedAt: number;
  readonly lastReceivedAt: number;
  /** Associations (or STOW requests) that brought images of this study and are still open. */
  readonly openGroups: number;
  readonly lastGroupClosedAt: number | null;
  readonly instanceCount: number;
  /** What modality (MPPS) or archive (Instance Availability Notification) say of it; absent when nobody said anything. */
  readonly manifest?: ManifestEvidence | undefined;
}

export interface ManifestEvidence {
  /** Procedure steps still being performed. */
  readonly open: number;
  /** Lists that are final; the instances they name, and how many of these are not here. */
  readonly final: number;
  readonly listed: number;
  readonly missing: number;
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
 * evidence; after the maximum wait the study goes on, flagged as partial, and is never discarded. Who made the images knows better: a
 * final list whose instances are all here completes the study at once, an open step or a missing instance is waited for.
 */
export function decideCompleteness(evidence: ArrivalEvidence, policy: CompletenessPolicy, now: number): CompletenessDecision {
  const quietMs = policy.quietSeconds * 1000;
  const deadline = evidence.firstReceivedAt + policy.maxWaitSeconds * 1000;
  const open = evidence.openGroups > 0;
  const quietSince = Math.max(evidence.lastReceivedAt, evidence.lastGroupClosedAt ?? 0);
  const quietUntil = open ? evidence.lastReceivedAt + quietMs * OPEN_ASSOCIATION_PATIENCE : quietSince + quietMs;

  const told = evidence.manifest === undefined ? undefined : byManifest(evidence.manifest, evidence.instanceCount);
  if (told?.kind === 'complete') return told;
  if (told !== undefined && now < deadline) return { kind: 'wait', until: deadline, reason: told.reason };
  if (told !== undefined) return { kind: 'complete', partial: true, evidence: [`${evidence.instanceCount} instances`, told.reason, `the maximum wait of ${policy.maxWaitSeconds} s is over`] };
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

function byManifest({ open, final, listed, missing }: ManifestEvidence, instanceCount: number): Extract<CompletenessDecision, { kind: 'complete' }> | { readonly kind: 'unfinished'; readonly reason: string } | undefined {
  if (open > 0) return { kind: 'unfinished', reason: `${open} procedure step(s) in progress` };
  if (final === 0 || listed === 0) return undefined;
  if (missing > 0) return { kind: 'unfinished', reason: `${missing} of ${listed} listed instances are missing` };
  return { kind: 'complete', partial: false, evidence: [`${instanceCount} instances`, `all ${listed} instances that modality or archive listed are here`] };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
