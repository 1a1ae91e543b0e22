import path from 'node:path';
import type { Analysis } from '../domain/findings.ts';
import { asGatewayError, GatewayError } from '../foundation/errors.ts';
import { ModelPool } from '../model-runtime/child-pool.ts';
import { catalogueSignature } from '../model-runtime/model-catalogue.ts';
import type { InstanceInput } from '../model-runtime/series-input.ts';
import { chooseSeries } from '../model-steps/choose-series.ts';
import type { ModelRun } from '../stages/inference/job-worker.ts';
import type { RoutableModel } from '../stages/routing/study-router.ts';
import { segmentFileName } from '../store/segments/blob-address.ts';
import type { StoredImage } from '../store/study.ts';
import type { Component } from './component.ts';
import { ModelRegistrySync } from './model-registry-sync.ts';
import type { RoleContext } from './role-context.ts';

/** Payload of a NOTIFY that asks for a look at the folder at once. */
export const RESCAN = 'rescan';
const LOOK_MS = 5_000;

/** The model pool as routing and inference see it. Routing asks for models too, so it is there before both. */
export class ModelRuntimeComponent implements Component {
  readonly name = 'model-runtime';
  readonly #context: RoleContext;
  readonly #segmentsFolder: string;
  readonly #registry: ModelRegistrySync;
  readonly #stopping = new AbortController();
  #pool: ModelPool | undefined;
  #stopListening: (() => Promise<void>) | undefined;
  #watch: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  /** Of the files as they were read, and as they were last looked at. */
  #signature = '';
  #seen = '';

  constructor(context: RoleContext, segmentsFolder: string) {
    this.#context = context;
    this.#segmentsFolder = segmentsFolder;
    this.#registry = new ModelRegistrySync(context);
  }

  async start(): Promise<void> {
    const { config, clock, log, database } = this.#context;
    this.#signature = await catalogueSignature(config.models.dir);
    this.#pool = await ModelPool.start({ modelsDir: config.models.dir, slots: config.models.slots, clock, log });
    await this.#registry.register(this.#pool);
    const wanted = new Set(config.rules.flatMap((rule) => rule.run));
    for (const modelId of wanted) if (this.#pool.model(modelId) === undefined) log.warn('model.missing', { model: modelId, modelsDir: config.models.dir });
    this.#stopListening = database.listen('isocenter_model', (payload) => this.#look(payload === RESCAN));
    this.#watch = setInterval(() => this.#look(false), LOOK_MS);
    this.#watch.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    this.#stopping.abort(new GatewayError('SHUTTING_DOWN', 'the gateway is stopping', { failure: 'transient' }));
    await this.#stopListening?.();
    await this.#looking;
    await this.#pool?.stop();
  }

  /** The version that sees this study. */
  routable(modelId: string, studyInstanceUid: string): RoutableModel | undefined {
    const model = this.#pool === undefined ? undefined : this.#registry.versionFor(this.#pool, modelId, studyInstanceUid);
    if (model === undefined) return undefined;
    const { id, version, digest, name } = model.identity;
    return { id, version, digest, name, choose: (series) => chooseSeries(model.manifest.eligibility, series.map((one) => one.headers)) };
  }

  runnable(): readonly string[] {
    return this.#pool === undefined ? [] : this.#registry.runnable(this.#pool);
  }

  async run({ job, images }: ModelRun, options: { readonly signal: AbortSignal; readonly onProgress: (progress: number, note: string) => void }): Promise<Analysis> {
    if (this.#pool === undefined) throw new GatewayError('SHUTTING_DOWN', 'the model pool is not running', { failure: 'transient' });
    const series = {
      studyInstanceUid: job.study_instance_uid,
      seriesInstanceUid: job.series_instance_uid,
      instances: images.map((image) => this.#input(image)),
    };
    const model = this.#pool.model(job.model_id, job.model_digest);
    if (model !== undefined) await this.#registry.admit(this.#pool, model, AbortSignal.any([options.signal, this.#stopping.signal]));
    return this.#pool.run(
      { modelId: job.model_id, digest: job.model_digest, series, jobKey: job.job_key },
      {
        signal: options.signal,
        onProgress: ({ fraction, step }) => options.onProgress(fraction, step),
        onTiming: (timing) => this.#context.log.info('model.timing', { jobKey: job.job_key, model: job.model_id, ...timing }),
      },
    );
  }

  /** Reads the states again, and the folder when its files have changed and stayed as they are for one look. One look at a time. */
  #look(now: boolean): void {
    this.#looking ??= this.#lookOnce(now)
      .catch((thrown: unknown) => this.#context.log.warn('model.look-failed', { code: asGatewayError(thrown).code, message: asGatewayError(thrown).message }))
      .finally(() => (this.#looking = undefined));
  }

  async #lookOnce(now: boolean): Promise<void> {
    const pool = this.#pool;
    if (pool === undefined || this.#stopping.signal.aborted) return;
    const signature = await catalogueSignature(this.#context.config.models.dir);
    const settled = signature === this.#seen;
    this.#seen = signature;
    if (signature === this.#signature || !(settled || now)) return this.#registry.refresh();
    await pool.rescan();
    await this.#registry.register(pool);
    this.#signature = signature;
  }

  #input(image: StoredImage): InstanceInput {
    return {
      bytes: { path: path.join(this.#segmentsFolder, image.writer, segmentFileName(image.segment)), offset: image.data_offset, length: image.data_length, form: 'data-set' },
      transferSyntaxUid: image.transfer_syntax_uid,
      sopInstanceUid: image.sop_instance_uid,
      contentDigest: `crc32:${image.crc32.toString(16).padStart(8, '0')}:${image.data_length}`,
    };
  }
}
