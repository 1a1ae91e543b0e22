import os from 'node:os';
import { mayRun, versionFor, type ModelVersion } from '../domain/model-state.ts';
import type { Clock } from '../foundation/clock.ts';
import { GatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import type { ModelPool } from '../model-runtime/child-pool.ts';
import type { LoadedModel } from '../model-runtime/model-folder.ts';
import { raiseAlert, resolveAlert } from '../store/alert.ts';
import type { Database } from '../store/database.ts';
import { modelRows, promoteModel, registerModel, rememberSelfTest, replaceFolderFaults, setModelState, type ModelRow } from '../store/model-registry.ts';

export interface RegistryDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}

const ACTOR = 'model-runtime';

/** Holds the models folder of this machine against the registry: what was found is registered, what may run is known, and a first run waits for the self-test. */
export class ModelRegistrySync {
  readonly #deps: RegistryDependencies;
  readonly #testing = new Map<string, Promise<void>>();
  #rows: readonly ModelRow[] = [];

  constructor(deps: RegistryDependencies) {
    this.#deps = deps;
  }

  /** Registers what the pool has found, and says which folders cannot be used. */
  async register(pool: ModelPool): Promise<void> {
    const { database } = this.#deps;
    const { models, quarantined } = pool.catalogue();
    const at = this.#now();
    await database.transaction(async (tx) => {
      for (const { identity, folder, manifest } of models) await registerModel(tx, { modelId: identity.id, version: identity.version, digest: identity.digest, name: identity.name, folder, manifest }, ACTOR, at);
      await replaceFolderFaults(tx, os.hostname(), quarantined, at);
      if (quarantined.length === 0) await resolveAlert(tx, FOLDER_ALERT, at);
      else
        await raiseAlert(tx, {
          kind: 'MODEL_QUARANTINED', severity: 'warning', dedupeKey: FOLDER_ALERT, message: `${quarantined.length} model folder(s) cannot be used: ${quarantined[0]!.reasons[0] ?? ''}`,
          advice: 'Run `isocenter model check DIR` on the folder; it names every fault. The other models go on.', detail: { folders: quarantined }, at,
        });
    });
    await this.refresh();
  }

  /** Reads the states again. */
  async refresh(): Promise<void> {
    this.#rows = await modelRows(this.#deps.database);
  }

  /** The installed version that sees this study; undefined when none does. */
  versionFor(pool: ModelPool, modelId: string, studyInstanceUid: string): LoadedModel | undefined {
    const installed = this.#rows.filter((row) => row.model_id === modelId && pool.model(modelId, row.digest) !== undefined).map(asVersion);
    const chosen = versionFor(installed, studyInstanceUid);
    return chosen === undefined ? undefined : pool.model(modelId, chosen.digest);
  }

  /** Ids of models of which at least one installed version may run. */
  runnable(pool: ModelPool): readonly string[] {
    const ids = pool.catalogue().models.filter(({ identity }) => mayRun(this.#stateOf(identity.id, identity.digest) ?? 'registered')).map(({ identity }) => identity.id);
    return [...new Set(ids)];
  }

  /**
   * Lets a version run: at once when it has passed its self-test, else after it. A version that fails is quarantined with the reason.
   * Errors (GatewayError): MODEL_QUARANTINED (permanent), and those of ModelPool.run.
   */
  async admit(pool: ModelPool, model: LoadedModel, signal: AbortSignal): Promise<void> {
    const { id, digest } = model.identity;
    await this.refresh();
    const row = this.#rows.find((one) => one.model_id === id && one.digest === digest);
    if (row === undefined || row.state === 'quarantined') throw quarantined(id, row?.reason ?? 'it is not registered');
    if (row.self_test !== null) return;
    let test = this.#testing.get(digest);
    if (test === undefined) {
      test = this.#test(pool, model, signal).finally(() => this.#testing.delete(digest));
      this.#testing.set(digest, test);
    }
    await test;
  }

  async #test(pool: ModelPool, model: LoadedModel, signal: AbortSignal): Promise<void> {
    const { id, version, digest } = model.identity;
    this.#deps.log.info('model.self-test', { model: id, version, digest });
    const faults: string[] = [];
    let totalMs = 0;
    try {
      for (const result of await pool.selfTest(model, signal)) {
        faults.push(...result.faults);
        totalMs += result.timing.totalMs;
      }
    } catch (thrown) {
      // Only what the model did itself condemns it; a stop of the gateway or a server that is away does not.
      if (!(thrown instanceof GatewayError) || thrown.failure !== 'permanent') throw thrown;
      faults.push(`${thrown.code}: ${thrown.message}`);
    }
    if (faults.length > 0) await this.#quarantine(model, faults);
    else await this.#passed(model, totalMs);
  }

  async #passed(model: LoadedModel, totalMs: number): Promise<void> {
    const { id, digest } = model.identity;
    const at = this.#now();
    await this.#deps.database.transaction(async (tx) => {
      await rememberSelfTest(tx, id, digest, { passedAt: at, totalMs: Math.round(totalMs), inputs: model.manifest.selfTest.map((test) => test.input), host: os.hostname() });
      const rows = (await modelRows(tx)).filter((row) => row.model_id === id);
      const own = rows.find((row) => row.digest === digest);
      if (own?.state === 'registered') await setModelState(tx, { modelId: id, digest, to: 'validated', actor: ACTOR, reason: model.manifest.selfTest.length === 0 ? 'the manifest has no self-test' : 'passed its self-test', at });
      const first = rows.every((row) => row.digest === digest || row.state === 'registered' || row.state === 'validated' || row.state === 'quarantined');
      if (first && (own?.state === 'registered' || own?.state === 'validated')) await promoteModel(tx, { modelId: id, digest, to: 'active', actor: ACTOR, reason: 'no other version of this model was in use', at });
    });
    await this.refresh();
  }

  async #quarantine(model: LoadedModel, faults: readonly string[]): Promise<never> {
    const { id, version, digest } = model.identity;
    const at = this.#now();
    const reason = faults.join('; ').slice(0, 1000);
    await this.#deps.database.transaction(async (tx) => {
      await setModelState(tx, { modelId: id, digest, to: 'quarantined', actor: ACTOR, reason, at });
      await raiseAlert(tx, {
        kind: 'MODEL_QUARANTINED', severity: 'critical', dedupeKey: `model-quarantined:${digest}`, message: `${id} ${version} failed its self-test and does not run: ${reason}`,
        advice: 'Run `isocenter model check DIR` on its folder. Activate another version with `isocenter model state`, or mend the folder.', detail: { model: id, digest }, at,
      });
    });
    await this.refresh();
    this.#deps.log.error('model.quarantined', { model: id, version, digest, reasons: faults });
    throw quarantined(id, reason);
  }

  #stateOf(modelId: string, digest: string): ModelRow['state'] | undefined {
    return this.#rows.find((row) => row.model_id === modelId && row.digest === digest)?.state;
  }

  #now(): Date {
    return new Date(this.#deps.clock.now());
  }
}

const FOLDER_ALERT = `model-folders:${os.hostname()}`;

function asVersion(row: ModelRow): ModelVersion {
  return { modelId: row.model_id, version: row.version, digest: row.digest, state: row.state, canaryShare: row.canary_share, selfTestPassed: row.self_test !== null };
}

function quarantined(modelId: string, reason: string): GatewayError {
  return new GatewayError('MODEL_QUARANTINED', `the model is quarantined: ${reason}`, { failure: 'permanent', context: { model: modelId } });
}
