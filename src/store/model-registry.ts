import type { ModelState } from '../domain/model-state.ts';
import type { Tx } from './database.ts';
import { recordAudit } from './audit.ts';
import { notify } from './notify.ts';

export interface ModelRow {
  readonly model_id: string;
  readonly version: string;
  readonly digest: string;
  readonly name: string;
  readonly state: ModelState;
  readonly reason: string | null;
  readonly folder: string | null;
  readonly canary_share: number | null;
  readonly self_test: Readonly<Record<string, unknown>> | null;
  readonly changed_at: Date;
  readonly changed_by: string;
}

const COLUMNS = 'model_id, version, digest, name, state, reason, folder, canary_share, self_test, changed_at, changed_by';

const list = { name: 'model_list', text: `select ${COLUMNS} from model order by model_id, changed_at, digest` };

/** Every version this gateway ever saw. */
export async function modelRows(tx: Tx): Promise<ModelRow[]> {
  return tx.query<ModelRow>(list);
}

export interface FoundModel {
  readonly modelId: string;
  readonly version: string;
  readonly digest: string;
  readonly name: string;
  readonly folder: string;
  /** The manifest, for whoever wants to know later what ran. */
  readonly manifest: object;
}

const insert = {
  name: 'model_insert',
  text: `insert into model (model_id, version, digest, name, folder, state, reason, manifest, changed_at, changed_by)
         values ($1, $2, $3, $4, $5, 'registered', 'found in the models folder', $6, $7, $8) on conflict (model_id, digest) do nothing`,
};
const moved = { name: 'model_folder', text: 'update model set folder = $3 where model_id = $1 and digest = $2 and folder is distinct from $3' };

/** Takes a version into the registry. A known one keeps its state. */
export async function registerModel(tx: Tx, model: FoundModel, actor: string, at: Date): Promise<void> {
  const fresh = await tx.execute(insert, [model.modelId, model.version, model.digest, model.name, model.folder, JSON.stringify(model.manifest), at, actor]);
  if (fresh === 1) await leaveChange(tx, { ...model, from: null, to: 'registered', actor, reason: 'found in the models folder', at });
  else await tx.execute(moved, [model.modelId, model.digest, model.folder]);
}

export interface StateChange {
  readonly modelId: string;
  readonly digest: string;
  readonly to: ModelState;
  /** Who: a person's name, or the component that did it by itself. */
  readonly actor: string;
  readonly reason: string;
  readonly at: Date;
  readonly canaryShare?: number;
}

const state = {
  name: 'model_state',
  text: `update model m set state = $3, reason = $4, changed_at = $5, changed_by = $6, canary_share = $7
         from (select model_id, digest, state from model where model_id = $1 and digest = $2 for update) old
         where m.model_id = old.model_id and m.digest = old.digest returning old.state as before`,
};

/** Changes the state of a version and says so in its history and the audit log. False: there is no such version. */
export async function setModelState(tx: Tx, change: StateChange): Promise<boolean> {
  const [row] = await tx.query<{ before: ModelState }>(state, [change.modelId, change.digest, change.to, change.reason, change.at, change.actor, change.canaryShare ?? null]);
  if (row === undefined) return false;
  await leaveChange(tx, { ...change, from: row.before });
  return true;
}

const standBy = { name: 'model_others_active', text: `select digest from model where model_id = $1 and digest <> $2 and state = $3` };

/** As `setModelState`; another version in the same place (active, canary) steps back to `validated`, as a study has one of each. */
export async function promoteModel(tx: Tx, change: StateChange): Promise<boolean> {
  const others = change.to === 'active' || change.to === 'canary' ? await tx.query<{ digest: string }>(standBy, [change.modelId, change.digest, change.to]) : [];
  if (!(await setModelState(tx, change))) return false;
  for (const { digest } of others) {
    await setModelState(tx, { modelId: change.modelId, digest, to: 'validated', actor: change.actor, at: change.at, reason: `digest ${change.digest.slice(0, 12)} took its place: ${change.reason}` });
  }
  return true;
}

const selfTest = { name: 'model_self_test', text: 'update model set self_test = $3 where model_id = $1 and digest = $2' };

/** Remembers that this digest passed its self-test here. */
export async function rememberSelfTest(tx: Tx, modelId: string, digest: string, result: Readonly<Record<string, unknown>>): Promise<void> {
  await tx.execute(selfTest, [modelId, digest, JSON.stringify(result)]);
}

export interface ModelChangeRow {
  readonly from_state: ModelState | null;
  readonly to_state: ModelState;
  readonly at: Date;
  readonly actor: string;
  readonly reason: string;
}

const history = { name: 'model_history', text: 'select from_state, to_state, at, actor, reason from model_change where model_id = $1 and digest = $2 order by id desc' };

export async function modelHistory(tx: Tx, modelId: string, digest: string): Promise<ModelChangeRow[]> {
  return tx.query<ModelChangeRow>(history, [modelId, digest]);
}

export interface FolderFault {
  readonly folder: string;
  readonly reasons: readonly string[];
}

const clearFaults = { name: 'model_fault_clear', text: 'delete from model_folder_fault where host = $1' };
const insertFault = { name: 'model_fault_insert', text: 'insert into model_folder_fault (host, folder, reasons, seen_at) values ($1, $2, $3, $4)' };
const listFaults = { name: 'model_fault_list', text: 'select host, folder, reasons from model_folder_fault order by host, folder' };

/** Replaces what this machine says about folders it cannot use. */
export async function replaceFolderFaults(tx: Tx, host: string, faults: readonly FolderFault[], at: Date): Promise<void> {
  await tx.execute(clearFaults, [host]);
  for (const { folder, reasons } of faults) await tx.execute(insertFault, [host, folder, JSON.stringify(reasons), at]);
}

export async function folderFaults(tx: Tx): Promise<(FolderFault & { readonly host: string })[]> {
  return tx.query(listFaults);
}

const insertChange = {
  name: 'model_change_insert',
  text: 'insert into model_change (model_id, digest, from_state, to_state, at, actor, reason) values ($1, $2, $3, $4, $5, $6, $7)',
};

async function leaveChange(tx: Tx, change: Omit<StateChange, 'canaryShare'> & { readonly from: ModelState | null }): Promise<void> {
  const { modelId, digest, from, to, actor, reason, at } = change;
  await tx.execute(insertChange, [modelId, digest, from, to, at, actor, reason]);
  await recordAudit(tx, { at, actor, action: `model.${to}`, outcome: to === 'quarantined' ? 8 : 0, objectType: 'model', objectId: `${modelId} ${digest}`, detail: { from, reason } });
  await notify(tx, 'isocenter_model', modelId);
}
