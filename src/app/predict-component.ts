import { randomUUID } from 'node:crypto';
import { GatewayError } from '../foundation/errors.ts';
import type { Result } from '../foundation/result.ts';
import type { Analysis } from '../domain/findings.ts';
import type { PredictDependencies, PredictRequest } from '../edges/operator/predict-router.ts';
import { ModelPool } from '../model-runtime/child-pool.ts';
import { catalogueSignature } from '../model-runtime/model-catalogue.ts';
import { quickAnswer, seriesOfFiles, type QuickAnswer } from '../model-runtime/quick-look.ts';
import type { Component } from './component.ts';
import { ModelRegistrySync } from './model-registry-sync.ts';
import type { RoleContext } from './role-context.ts';

const MOST_BYTES = 512 * 2 ** 20;

/**
 * Models for quick looks over HTTP: a pool of one child of the web role's own, forked on the first request. Jobs of the data path never wait for it, nothing is
 * stored, and a model that dies takes its child along, not the web role. States come from the registry: what is quarantined does not run here either.
 */
export class PredictComponent implements Component, PredictDependencies {
  readonly name = 'predict';
  readonly maxBytes = MOST_BYTES;
  readonly #context: RoleContext;
  readonly #registry: ModelRegistrySync;
  #pool: Promise<ModelPool> | undefined;
  #signature = '';
  #stopped = false;

  constructor(context: RoleContext) {
    this.#context = context;
    this.#registry = new ModelRegistrySync(context);
  }

  async start(): Promise<void> {
    // Nothing is loaded before somebody asks.
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await (await this.#pool)?.stop();
  }

  async predict(request: PredictRequest, signal: AbortSignal): Promise<Result<QuickAnswer, string>> {
    const pool = await this.#current();
    const model = this.#registry.versionFor(pool, request.modelId, '');
    if (model === undefined) throw new GatewayError('MODEL_UNKNOWN', 'there is no such model in use here', { failure: 'permanent', context: { model: request.modelId } });
    const facts = { ...(request.laterality === undefined ? {} : { laterality: request.laterality }), ...(request.view === undefined ? {} : { view: request.view }) };
    const series = seriesOfFiles(request.files, model.manifest, facts);
    if (!series.ok) return series;
    await this.#registry.admit(pool, model, signal);
    let scores: ReadonlyMap<string, number> = new Map();
    const analysis: Analysis = await pool.run({ modelId: request.modelId, digest: model.identity.digest, series: series.value, jobKey: `quick-look ${randomUUID()}` }, { signal, onScores: (values) => (scores = values) });
    return { ok: true, value: quickAnswer(model.manifest, analysis, scores) };
  }

  async #current(): Promise<ModelPool> {
    if (this.#stopped) throw new GatewayError('SHUTTING_DOWN', 'the gateway is stopping', { failure: 'transient' });
    const { config, clock, log } = this.#context;
    this.#pool ??= ModelPool.start({ modelsDir: config.models.dir, slots: 1, clock, log });
    const pool = await this.#pool;
    const signature = await catalogueSignature(config.models.dir);
    if (signature === this.#signature) await this.#registry.refresh();
    else {
      await pool.rescan();
      await this.#registry.register(pool);
      this.#signature = signature;
    }
    return pool;
  }
}
