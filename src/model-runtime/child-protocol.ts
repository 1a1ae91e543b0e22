import type { Analysis } from '../domain/findings.ts';
import { GatewayError, type Failure } from '../foundation/errors.ts';
import type { SelfTestResult } from './self-test.ts';
import type { RunProgress, RunTiming, SeriesInput } from './series-input.ts';

/** What the pool says to a child. One run at a time. */
export interface RunOrder {
  readonly kind: 'run';
  readonly run: number;
  readonly folder: string;
  /** Of the model the job was made for; the child refuses a folder that has changed. */
  readonly digest: string;
  readonly threads: number;
  /** What to run on; null = the manifest's self-tests. */
  readonly series: SeriesInput | null;
}

/** What came of an order: an analysis of the series, or the results of the self-tests. */
export interface RunAnswer {
  readonly analysis: Analysis | null;
  readonly timing: RunTiming;
  /** What the model said in numbers, by name: `nodule.count`, `grade.argmax`. */
  readonly scores: ReadonlyMap<string, number>;
  readonly selfTests: readonly SelfTestResult[];
}

/** What a child says to the pool. */
export type ChildReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly run: number; readonly progress: RunProgress; readonly residentMiB: number }
  | { readonly kind: 'done'; readonly run: number; readonly answer: RunAnswer }
  | { readonly kind: 'failed'; readonly run: number; readonly error: SentError };

export interface SentError {
  readonly code: string;
  readonly message: string;
  readonly failure: Failure;
}

/** Errors do not cross process borders as such. Messages of errors we did not make may hold paths and stay in the child's own log. */
export function packError(thrown: unknown): SentError {
  if (thrown instanceof GatewayError) return { code: thrown.code, message: thrown.message, failure: thrown.failure };
  const name = thrown instanceof Error ? thrown.name : 'Error';
  return { code: 'MODEL_RUN_FAILED', message: `the model run failed (${name}: ${thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown)})`, failure: 'permanent' };
}

export function unpackError(error: SentError): GatewayError {
  return new GatewayError(error.code, error.message, { failure: error.failure });
}
