import path from 'node:path';
import type { Analysis } from '../domain/findings.ts';
import { GatewayError } from '../foundation/errors.ts';
import { ModelPool } from '../model-runtime/child-pool.ts';
import type { InstanceInput } from '../model-runtime/series-input.ts';
import { chooseSeries } from '../model-steps/choose-series.ts';
import type { ModelRun } from '../stages/inference/job-worker.ts';
import type { RoutableModel } from '../stages/routing/study-router.ts';
import { segmentFileName } from '../store/segments/blob-address.ts';
import type { StoredImage } from '../store/study.ts';
import type { Component } from './component.ts';
import type { RoleContext } from './role-context.ts';

/** The model pool as routing and inference see it. Routing asks for models too, so it is there before both. */
export class ModelRuntimeComponent implements Component {
  readonly name = 'model-runtime';
  readonly #context: RoleContext;
  readonly #segmentsFolder: string;
  #pool: ModelPool | undefined;

  constructor(context: RoleContext, segmentsFolder: string) {
    this.#context = context;
    this.#segmentsFolder = segmentsFolder;
  }

  async start(): Promise<void> {
    const { config, clock, log } = this.#context;
    this.#pool = await ModelPool.start({ modelsDir: config.models.dir, slots: config.models.slots, clock, log });
    const wanted = new Set(config.rules.flatMap((rule) => rule.run));
    for (const modelId of wanted) if (this.#pool.model(modelId) === undefined) log.warn('model.missing', { model: modelId, modelsDir: config.models.dir });
  }

  async stop(): Promise<void> {
    await this.#pool?.stop();
  }

  routable(modelId: string): RoutableModel | undefined {
    const model = this.#pool?.model(modelId);
    if (model === undefined) return undefined;
    const { id, version, digest, name } = model.identity;
    return { id, version, digest, name, choose: (series) => chooseSeries(model.manifest.eligibility, series.map((one) => one.headers)) };
  }

  runnable(): readonly string[] {
    return this.#pool?.catalogue().models.map((model) => model.identity.id) ?? [];
  }

  async run({ job, images }: ModelRun, options: { readonly signal: AbortSignal; readonly onProgress: (progress: number, note: string) => void }): Promise<Analysis> {
    if (this.#pool === undefined) throw new GatewayError('SHUTTING_DOWN', 'the model pool is not running', { failure: 'transient' });
    const series = {
      studyInstanceUid: job.study_instance_uid,
      seriesInstanceUid: job.series_instance_uid,
      instances: images.map((image) => this.#input(image)),
    };
    return this.#pool.run(
      { modelId: job.model_id, digest: job.model_digest, series, jobKey: job.job_key },
      { signal: options.signal, onProgress: ({ fraction, step }) => options.onProgress(fraction, step) },
    );
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
