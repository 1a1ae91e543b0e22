import os from 'node:os';
import { availableParallelism } from 'node:os';
import { systemClock } from '../../foundation/clock.ts';
import { whyNotState, type ModelState } from '../../domain/model-state.ts';
import { loadModelFolder } from '../../model-runtime/model-folder.ts';
import { runSelfTests } from '../../model-runtime/self-test.ts';
import { WarmModels } from '../../model-runtime/warm-models.ts';
import type { Database } from '../../store/database.ts';
import { folderFaults, modelHistory, modelRows, promoteModel, rememberSelfTest, type ModelRow } from '../../store/model-registry.ts';
import { notify } from '../../store/notify.ts';
import { RESCAN } from '../model-runtime-component.ts';
import { UsageError } from './command-config.ts';
import { withGatewayDatabase } from './gateway-database.ts';

interface ConfigOption {
  readonly config?: string;
}

/** `isocenter model list`: every version, its state, who set it and why; then the folders that cannot be used. */
export function modelList(options: ConfigOption): Promise<number> {
  return withGatewayDatabase(options.config, async (database) => {
    for (const row of await modelRows(database)) {
      const share = row.state === 'canary' ? ` ${Math.round((row.canary_share ?? 0) * 100)} %` : '';
      console.log(`${row.model_id}@${row.version}  ${row.digest.slice(0, 12)}  ${row.state}${share}  self-test ${row.self_test === null ? 'not run here yet' : 'passed'}  (${row.changed_by}: ${row.reason ?? ''})`);
    }
    for (const { host, folder, reasons } of await folderFaults(database)) console.log(`unusable  ${folder} on ${host}: ${reasons.join('; ')}`);
    return 0;
  });
}

export interface ModelStateOptions extends ConfigOption {
  readonly reason: string;
  readonly by?: string;
  /** Per cent of studies, for a canary. */
  readonly share?: string;
}

const STATES: readonly ModelState[] = ['registered', 'validated', 'shadow', 'canary', 'active', 'retired', 'quarantined'];

/**
 * `isocenter model state ID[@VERSION|@DIGEST] STATE --reason …`: a running gateway takes it up at once. A version that is to see studies must pass its
 * self-test first, here and now. Returns 0 when the state was changed, 1 when it cannot be.
 */
export function modelState(which: string, wanted: string, options: ModelStateOptions): Promise<number> {
  const to = STATES.find((state) => state === wanted);
  if (to === undefined) throw new UsageError(`there is no state ${wanted}; there are ${STATES.join(', ')}`);
  const canaryShare = to === 'canary' ? shareOf(options.share) : undefined;
  return withGatewayDatabase(options.config, async (database) => {
    const row = theOne(await modelRows(database), which);
    const obstacle = whyNotState(row.state, to) ?? (to === 'active' || to === 'canary' ? await testFirst(database, row) : undefined);
    if (obstacle !== undefined) {
      console.error(obstacle);
      return 1;
    }
    const change = { modelId: row.model_id, digest: row.digest, to, actor: options.by ?? os.userInfo().username, reason: options.reason, at: new Date(systemClock.now()) };
    await database.transaction((tx) => promoteModel(tx, canaryShare === undefined ? change : { ...change, canaryShare }));
    console.log(`${row.model_id}@${row.version} ${row.digest.slice(0, 12)}: ${row.state} → ${to}`);
    return 0;
  });
}

/** `isocenter model history ID[@VERSION|@DIGEST]`: who changed its state, and why. */
export function modelHistoryOf(which: string, options: ConfigOption): Promise<number> {
  return withGatewayDatabase(options.config, async (database) => {
    const row = theOne(await modelRows(database), which);
    for (const change of await modelHistory(database, row.model_id, row.digest)) console.log(`${change.at.toISOString()}  ${change.from_state ?? '(new)'} → ${change.to_state}  ${change.actor}: ${change.reason}`);
    return 0;
  });
}

/** `isocenter model rescan`: a running gateway looks at its models folder at once instead of within ten seconds. */
export function modelRescan(options: ConfigOption): Promise<number> {
  return withGatewayDatabase(options.config, async (database) => {
    await notify(database, 'isocenter_model', RESCAN);
    return 0;
  });
}

/** Why the version cannot be trusted with studies, a sentence; undefined when it passed its self-test, now or before. */
async function testFirst(database: Database, row: ModelRow): Promise<string | undefined> {
  if (row.self_test !== null) return undefined;
  if (row.folder === null) return 'the folder of this version is not known';
  const loaded = await loadModelFolder(row.folder);
  if (!loaded.ok) return loaded.fault.join('; ');
  if (loaded.value.identity.digest !== row.digest) return `${row.folder} holds another digest now`;
  const models = new WarmModels(availableParallelism());
  try {
    const results = await runSelfTests(await models.get(row.folder, row.digest), systemClock);
    const faults = results.flatMap((result) => result.faults);
    if (faults.length > 0) return `the self-test failed: ${faults.join('; ')}`;
    await rememberSelfTest(database, row.model_id, row.digest, { passedAt: new Date(systemClock.now()), totalMs: Math.round(results.reduce((sum, r) => sum + r.timing.totalMs, 0)), inputs: results.map((r) => r.input), host: os.hostname() });
    return undefined;
  } finally {
    await models.release();
  }
}

function theOne(rows: readonly ModelRow[], which: string): ModelRow {
  const [id, mark] = which.split('@');
  const found = rows.filter((row) => row.model_id === id && (mark === undefined || row.version === mark || (mark.length >= 6 && row.digest.startsWith(mark))));
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new UsageError(`there is no ${which}; \`isocenter model list\` shows what there is`);
  throw new UsageError(`${which} means ${found.length} versions: ${found.map((row) => `${row.model_id}@${row.digest.slice(0, 12)} (${row.version}, ${row.state})`).join(', ')}`);
}

function shareOf(text: string | undefined): number {
  const share = Number(text) / 100;
  if (!(share > 0 && share <= 1)) throw new UsageError('a canary needs --share with a per cent of studies, above 0 and up to 100');
  return share;
}
