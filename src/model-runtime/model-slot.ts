import { fork, type ChildProcess } from 'node:child_process';
import type { Clock } from '../foundation/clock.ts';
import { delay } from '../foundation/deadline.ts';
import { GatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import { siblingModule } from '../foundation/sibling-module.ts';
import { unpackError, type ChildReport, type RunAnswer, type RunOrder } from './child-protocol.ts';
import { residentMiB } from './resident-memory.ts';
import type { RunProgress } from './series-input.ts';

export interface ModelSlotOptions {
  readonly index: number;
  readonly threads: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SlotRunOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly memoryMiB: number;
  readonly onProgress: ((progress: RunProgress) => void) | undefined;
}

const MEMORY_CHECK_MS = 250;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 30_000;

/** One child process and the run it is at. After a death the next child waits, twice as long each time in a row. */
export class ModelSlot {
  /** Set and cleared by the pool. */
  busy = false;
  /** Digest of the model that ran last in the living child. */
  warmFor: string | null = null;
  readonly #options: ModelSlotOptions;
  #child: ChildProcess | undefined;
  #runs = 0;
  #deathsInARow = 0;
  #notBefore = 0;
  #stopped = false;

  constructor(options: ModelSlotOptions) {
    this.#options = options;
  }

  /** Of the living child; null when there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async run(order: Pick<RunOrder, 'folder' | 'digest' | 'series'>, options: SlotRunOptions): Promise<RunAnswer> {
    options.signal.throwIfAborted();
    if (this.#stopped) throw new GatewayError('SHUTTING_DOWN', 'the model pool is stopping', { failure: 'transient' });
    const backoff = this.#notBefore - this.#options.clock.monotonic();
    if (backoff > 0) await delay(backoff, options.signal);
    const child = (this.#child ??= this.#fork());
    this.#runs += 1;
    const run = this.#runs;
    const watch = new RunWatch(child, run, options);
    child.send({ kind: 'run', run, threads: this.#options.threads, ...order } satisfies RunOrder, (error) => {
      if (error !== null) watch.lose('MODEL_CHILD_DIED', 'the model process did not take the run');
    });
    try {
      const result = await watch.outcome;
      this.#deathsInARow = 0;
      this.warmFor = order.digest;
      return result;
    } finally {
      watch.close();
      if (watch.lost) this.#bury(child, options.signal.aborted);
    }
  }

  /** Kills the child; none is forked any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  #fork(): ChildProcess {
    const child = fork(siblingModule(import.meta.url, './model-child'), { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] });
    child.on('error', (error) => this.#options.log.warn('model-child.error', { slot: this.#options.index, reason: error.message }));
    child.once('exit', (code, signal) => {
      this.#options.log.debug('model-child.exit', { slot: this.#options.index, code, signal });
      if (this.#child === child) this.#forget();
    });
    return child;
  }

  /** A child that was lost in mid-run is never used again. */
  #bury(child: ChildProcess, onPurpose: boolean): void {
    child.kill('SIGKILL');
    if (this.#child === child) this.#forget();
    if (onPurpose) return;
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#deathsInARow);
    this.#deathsInARow += 1;
    this.#notBefore = this.#options.clock.monotonic() + backoff;
  }

  #forget(): void {
    this.#child = undefined;
    this.warmFor = null;
  }
}

/** Waits for the end of one run: an answer, a death, the deadline, too much memory, or an abort. */
class RunWatch {
  readonly outcome: Promise<RunAnswer>;
  /** The run ended without an answer of the child. */
  lost = false;
  readonly #child: ChildProcess;
  readonly #run: number;
  readonly #options: SlotRunOptions;
  readonly #settle: { resolve: (result: RunAnswer) => void; reject: (error: unknown) => void };
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(child: ChildProcess, run: number, options: SlotRunOptions) {
    this.#child = child;
    this.#run = run;
    this.#options = options;
    const { promise, resolve, reject } = withResolvers<RunAnswer>();
    this.outcome = promise;
    this.#settle = { resolve, reject };
    this.#timers = [
      setTimeout(() => this.lose('MODEL_DEADLINE', `the model took longer than ${options.deadlineMs} ms`), options.deadlineMs),
      setInterval(() => this.#checkMemory(residentMiB(child.pid)), MEMORY_CHECK_MS),
    ];
    child.on('message', this.#onMessage);
    child.once('exit', this.#onExit);
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Gives the run up as a death of the child. */
  lose(code: string, message: string): void {
    this.lost = true;
    this.#settle.reject(new GatewayError(code, message, { failure: 'transient' }));
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#child.off('message', this.#onMessage);
    this.#child.off('exit', this.#onExit);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onMessage = (message: unknown): void => {
    const report = message as ChildReport;
    if (report.kind === 'ready' || report.run !== this.#run) return;
    if (report.kind === 'done') this.#settle.resolve(report.answer);
    else if (report.kind === 'failed') this.#settle.reject(unpackError(report.error));
    else {
      this.#checkMemory(report.residentMiB);
      this.#options.onProgress?.(report.progress);
    }
  };

  readonly #onExit = (code: number | null, signal: string | null): void => {
    this.lose('MODEL_CHILD_DIED', `the model process ended in mid-run (${signal ?? `exit code ${code}`})`);
  };

  readonly #onAbort = (): void => {
    // onnxruntime cannot be interrupted: the only way to stop a run is to end its process. That is no death of the job's making.
    this.lost = true;
    this.#settle.reject(this.#options.signal.reason);
  };

  #checkMemory(usedMiB: number | null): void {
    if (usedMiB !== null && usedMiB > this.#options.memoryMiB)
      this.lose('MODEL_MEMORY_LIMIT', `the model process used ${usedMiB} MiB; the manifest allows ${this.#options.memoryMiB} MiB`);
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
