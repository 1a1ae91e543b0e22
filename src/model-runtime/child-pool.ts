import { availableParallelism } from 'node:os';
import type { Analysis } from '../domain/findings.ts';
import type { Clock } from '../foundation/clock.ts';
import { GatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import { compareVersions } from '../domain/model-state.ts';
import type { RunAnswer } from './child-protocol.ts';
import { readCatalogue, type ModelCatalogue } from './model-catalogue.ts';
import { ModelSlot } from './model-slot.ts';
import type { LoadedModel } from './model-folder.ts';
import type { SelfTestResult } from './self-test.ts';
import type { RunProgress, RunTiming, SeriesInput } from './series-input.ts';

export interface ModelPoolOptions {
  readonly modelsDir: string;
  /** Runs at the same time; each has a child process of its own, forked when first needed. */
  readonly slots: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Threads of one network; cores − 1 unless told, and 2 on a machine of two. */
  readonly threads?: number;
}

export interface RunRequest {
  readonly modelId: string;
  /** Digest the job was made for; a folder that has changed since is refused. Whatever the catalogue has unless told. */
  readonly digest?: string;
  readonly series: SeriesInput;
  /** Names the job: the same key that kills a child twice is given up. */
  readonly jobKey: string;
}

export interface RunOptions {
  /** Aborting kills the child; the run rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** From the start of the run; the manifest's `resources.timeoutSec` unless told. */
  readonly deadlineMs?: number;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly onTiming?: (timing: RunTiming) => void;
  /** What the model said in numbers: for a quick answer without result objects. */
  readonly onScores?: (scores: ReadonlyMap<string, number>) => void;
}

type JobName = Pick<RunRequest, 'modelId' | 'jobKey'>;

/** Deaths of a child that one job may cause; the next is not tried. */
const DEATHS_ALLOWED = 2;
const REMEMBERED_JOBS = 1000;

/**
 * Runs models in child processes that may die at any time: a crash, a hang or a flood of memory costs one attempt of one job.
 * Children stay warm between runs. Holds nothing that must survive.
 */
export class ModelPool {
  readonly #options: ModelPoolOptions;
  readonly #slots: readonly ModelSlot[];
  readonly #waiting: ((slot: ModelSlot) => void)[] = [];
  readonly #deaths = new Map<string, number>();
  #catalogue: ModelCatalogue;
  #stopped = false;

  private constructor(options: ModelPoolOptions, catalogue: ModelCatalogue) {
    this.#options = options;
    this.#catalogue = catalogue;
    const cores = availableParallelism();
    // A child runs at the lowest priority and gives way to intake; on two cores it may have both, or one would idle beside it.
    const threads = options.threads ?? Math.max(Math.min(2, cores), cores - 1);
    this.#slots = Array.from({ length: Math.max(1, options.slots) }, (_, index) => new ModelSlot({ index, threads, clock: options.clock, log: options.log }));
  }

  /** Reads the catalogue; loads no weights and forks nothing yet. */
  static async start(options: ModelPoolOptions): Promise<ModelPool> {
    const pool = new ModelPool(options, { models: [], quarantined: [] });
    await pool.rescan();
    return pool;
  }

  catalogue(): ModelCatalogue {
    return this.#catalogue;
  }

  /** An installed model; without a digest the newest version. */
  model(modelId: string, digest?: string): LoadedModel | undefined {
    const versions = this.#catalogue.models.filter(({ identity }) => identity.id === modelId && (digest === undefined || identity.digest === digest));
    return versions.sort((a, b) => compareVersions(b.identity.version, a.identity.version))[0];
  }

  /** The slots as they are now, for the status page. */
  slots(): readonly { readonly busy: boolean; readonly pid: number | null; readonly warmFor: string | null }[] {
    return this.#slots.map(({ busy, pid, warmFor }) => ({ busy, pid, warmFor }));
  }

  /** Looks at the models folder again. Runs that are under way keep the model they began with. */
  async rescan(): Promise<ModelCatalogue> {
    this.#catalogue = await readCatalogue(this.#options.modelsDir);
    for (const { folder, reasons } of this.#catalogue.quarantined) this.#options.log.warn('model.quarantined', { folder, reasons });
    for (const { identity } of this.#catalogue.models) this.#options.log.info('model.found', { model: identity.id, version: identity.version, digest: identity.digest });
    return this.#catalogue;
  }

  /**
   * Runs one model on one series.
   *
   * Errors (GatewayError): MODEL_UNKNOWN, MODEL_CHANGED, MODEL_FOLDER_INVALID, MODEL_LOAD_FAILED, MODEL_TENSOR_MISMATCH, MODEL_RUN_FAILED,
   * MODEL_POISON_INPUT (permanent); MODEL_CHILD_DIED, MODEL_DEADLINE, MODEL_MEMORY_LIMIT, MODEL_INPUT_UNREADABLE (transient).
   */
  async run(request: RunRequest, options: RunOptions): Promise<Analysis> {
    const model = this.#installed(request.modelId, request.digest);
    const answer = await this.#carryOut(model, request, options);
    options.onTiming?.(answer.timing);
    options.onScores?.(answer.scores);
    return answer.analysis!;
  }

  /** Runs the manifest's self-tests in a child. Errors: as `run`. */
  async selfTest(model: LoadedModel, signal: AbortSignal): Promise<readonly SelfTestResult[]> {
    const answer = await this.#carryOut(model, { modelId: model.identity.id, series: null, jobKey: `self-test ${model.identity.digest}` }, { signal });
    return answer.selfTests;
  }

  #installed(modelId: string, digest: string | undefined): LoadedModel {
    const model = this.model(modelId, digest);
    if (model !== undefined) return model;
    if (this.model(modelId) === undefined) throw new GatewayError('MODEL_UNKNOWN', 'the model is not installed or is quarantined', { failure: 'permanent', context: { model: modelId } });
    throw new GatewayError('MODEL_CHANGED', 'the version of the model that the job was made for is no longer installed', { failure: 'permanent', context: { model: modelId } });
  }

  async #carryOut(model: LoadedModel, request: Omit<RunRequest, 'series'> & { readonly series: SeriesInput | null }, options: RunOptions): Promise<RunAnswer> {
    if ((this.#deaths.get(request.jobKey) ?? 0) >= DEATHS_ALLOWED) throw poison(request);
    const slot = await this.#freeSlot(model, options.signal);
    try {
      const { resources } = model.manifest;
      const answer = await slot.run(
        { folder: model.folder, digest: model.identity.digest, series: request.series },
        { signal: options.signal, deadlineMs: options.deadlineMs ?? resources.timeoutSec * 1000, memoryMiB: resources.memoryMiB, onProgress: options.onProgress },
      );
      this.#deaths.delete(request.jobKey);
      return answer;
    } catch (thrown) {
      throw this.#afterFailure(request, thrown);
    } finally {
      this.#release(slot);
    }
  }

  /** Kills the children; runs under way reject. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#slots.map((slot) => slot.stop()));
  }

  async #freeSlot(model: LoadedModel, signal: AbortSignal): Promise<ModelSlot> {
    if (this.#stopped) throw new GatewayError('SHUTTING_DOWN', 'the model pool is stopping', { failure: 'transient' });
    const free = this.#slots.filter((slot) => !slot.busy);
    const slot = free.find((one) => one.warmFor === model.identity.digest) ?? free.find((one) => one.warmFor === null) ?? free[0];
    if (slot !== undefined) {
      slot.busy = true;
      return slot;
    }
    return new Promise((resolve, reject) => {
      const take = (given: ModelSlot) => {
        signal.removeEventListener('abort', leave);
        resolve(given);
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(signal.reason as Error);
      };
      if (signal.aborted) return reject(signal.reason as Error);
      this.#waiting.push(take);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #release(slot: ModelSlot): void {
    const next = this.#waiting.shift();
    if (next === undefined) slot.busy = false;
    else next(slot);
  }

  #afterFailure(request: JobName, thrown: unknown): unknown {
    if (!(thrown instanceof GatewayError) || !isDeath(thrown)) return thrown;
    const deaths = (this.#deaths.get(request.jobKey) ?? 0) + 1;
    if (this.#deaths.size >= REMEMBERED_JOBS) this.#deaths.delete(this.#deaths.keys().next().value!);
    this.#deaths.set(request.jobKey, deaths);
    this.#options.log.warn('model-child.died', { jobKey: request.jobKey, model: request.modelId, code: thrown.code, deaths });
    return deaths >= DEATHS_ALLOWED ? poison(request, thrown) : thrown;
  }
}

function isDeath(error: GatewayError): boolean {
  return error.code === 'MODEL_CHILD_DIED' || error.code === 'MODEL_DEADLINE' || error.code === 'MODEL_MEMORY_LIMIT';
}

function poison(request: JobName, cause?: GatewayError): GatewayError {
  const how = cause === undefined ? '' : `, last by ${cause.code}`;
  return new GatewayError('MODEL_POISON_INPUT', `the same job ended its process ${DEATHS_ALLOWED} times${how}; it is not tried again`, {
    failure: 'permanent',
    context: { jobKey: request.jobKey, model: request.modelId },
    ...(cause === undefined ? {} : { cause }),
  });
}
