import { environmentSecret } from '../foundation/environment-secret.ts';
import { GatewayError } from '../foundation/errors.ts';
import { loadModelFolder, type LoadedModel } from './model-folder.ts';
import { openKserveStage } from './kserve-stage.ts';
import type { NetworkStage } from './network-stage.ts';
import { loadOnnxStage } from './onnx-stage.ts';
import { outputTensors } from './pipeline.ts';

export interface WarmModel {
  readonly model: LoadedModel;
  readonly network: NetworkStage;
}

/** Models kept loaded in one process, the last few that were used. */
export class WarmModels {
  readonly #threads: number;
  readonly #keep: number;
  readonly #models = new Map<string, WarmModel>();

  constructor(threads: number, keep = 2) {
    this.#threads = threads;
    this.#keep = keep;
  }

  /**
   * The model of a folder, loaded when it is not yet.
   *
   * @param digest  of the model that is meant; null = whatever the folder holds
   * Errors (GatewayError): MODEL_FOLDER_INVALID, MODEL_CHANGED (permanent), and those of loadOnnxStage.
   */
  async get(folder: string, digest: string | null): Promise<WarmModel> {
    const known = digest === null ? undefined : this.#models.get(digest);
    if (known !== undefined && known.model.folder === folder) {
      this.#models.delete(digest!);
      this.#models.set(digest!, known);
      return known;
    }
    const loaded = await loadModelFolder(folder);
    if (!loaded.ok) throw new GatewayError('MODEL_FOLDER_INVALID', loaded.fault[0] ?? 'the model folder is invalid', { failure: 'permanent' });
    if (digest !== null && loaded.value.identity.digest !== digest)
      throw new GatewayError('MODEL_CHANGED', 'the model folder has changed since the job was made', { failure: 'permanent', context: { model: loaded.value.identity.id } });
    const warm = { model: loaded.value, network: await loadNetwork(loaded.value, this.#threads) };
    this.#models.set(loaded.value.identity.digest, warm);
    await this.#dropOldest();
    return warm;
  }

  async release(): Promise<void> {
    for (const { network } of this.#models.values()) await network.release();
    this.#models.clear();
  }

  async #dropOldest(): Promise<void> {
    for (const [digest, { network }] of this.#models) {
      if (this.#models.size <= this.#keep) return;
      this.#models.delete(digest);
      await network.release();
    }
  }
}

function loadNetwork({ manifest, stageFiles }: LoadedModel, threads: number): Promise<NetworkStage> {
  const input = manifest.inputs[0]!;
  const tensors = { inputTensor: input.tensor, outputTensors: outputTensors(manifest) };
  const { runtime } = manifest;
  switch (runtime.kind) {
    case 'onnx':
      return loadOnnxStage({ ...tensors, file: stageFiles.get(input.stage)!, providers: runtime.executionProviders, threads: runtime.intraOpThreads ?? threads });
    case 'kserve-v2': {
      const { modelName, modelVersion } = runtime.stages.find((stage) => stage.id === input.stage)!;
      return openKserveStage({ ...tensors, url: runtime.url, modelName, modelVersion: modelVersion ?? null, token: runtime.tokenEnv === undefined ? null : environmentSecret(runtime.tokenEnv), timeoutMs: manifest.resources.timeoutSec * 1000 });
    }
  }
}
