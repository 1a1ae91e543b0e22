import type { Failure } from '../foundation/errors.ts';

/** How patient a destination is. Milliseconds. */
export interface RetryPolicy {
  /** Wait after the first failed attempt; doubles with each further one. */
  readonly baseMs: number;
  readonly capMs: number;
  /** A message that still fails this long after it was made is given up. */
  readonly giveUpAfterMs: number;
}

/** From two seconds to a quarter of an hour, for a week. */
export const defaultRetryPolicy: RetryPolicy = { baseMs: 2_000, capMs: 15 * 60_000, giveUpAfterMs: 7 * 24 * 3_600_000 };

export interface FailedAttempt {
  readonly failure: Failure;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** When the message was made, ms since the epoch. */
  readonly createdAt: number;
  /** What the peer asked for (Retry-After), ms from now. */
  readonly retryAfterMs?: number | undefined;
}

export type RetryDecision = { readonly kind: 'retry'; readonly at: number } | { readonly kind: 'dead'; readonly why: 'permanent' | 'too-old' };

/**
 * What becomes of a message after a failed attempt (ADR 0007). Transient and ambiguous failures are repeated, with the same identifiers,
 * after base × 2^(attempt-1), capped; the wait is drawn between half of that and all of it, so that many messages do not return at
 * one moment. A peer's Retry-After is a lower bound. Permanent failures are for a person.
 *
 * @param random in [0, 1)
 */
export function decideRetry(failed: FailedAttempt, now: number, random: number, policy: RetryPolicy = defaultRetryPolicy): RetryDecision {
  if (failed.failure === 'permanent') return { kind: 'dead', why: 'permanent' };
  if (now - failed.createdAt >= policy.giveUpAfterMs) return { kind: 'dead', why: 'too-old' };
  const full = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(failed.attempt - 1, 40));
  const wait = full / 2 + (full / 2) * random;
  return { kind: 'retry', at: now + Math.round(Math.max(wait, failed.retryAfterMs ?? 0)) };
}
