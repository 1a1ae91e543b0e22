import type { Failure } from '../foundation/errors.ts';

export interface FailedRun {
  readonly code: string;
  readonly failure: Failure;
  /** Attempts made, this one included. */
  readonly attempts: number;
  readonly maxAttempts: number;
}

/** `retryInMs` null: the job has failed for good. */
export interface JobRetry {
  readonly retryInMs: number | null;
  readonly reason: string;
}

/** The model child died under a job: at most this often, or the same input would kill one child after the other. */
const DEATHS_ALLOWED = 1;
export const CHILD_DIED = 'MODEL_CHILD_DIED';

/** Decides what a failed run is worth: never looks at a text, only at the failure class, the code and the count (ADR 0007). */
export function decideJobRetry(run: FailedRun): JobRetry {
  if (run.failure === 'permanent') return { retryInMs: null, reason: 'repeating it cannot help' };
  if (run.code === CHILD_DIED && run.attempts > DEATHS_ALLOWED) return { retryInMs: null, reason: 'the same images killed the model process twice' };
  if (run.attempts >= run.maxAttempts) return { retryInMs: null, reason: `${run.attempts} attempts failed` };
  return { retryInMs: 1_000 * 4 ** (run.attempts - 1), reason: 'may help to try again' };
}
