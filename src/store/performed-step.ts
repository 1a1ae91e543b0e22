import type { Tx } from './database.ts';

export type PerformedStepState = 'IN PROGRESS' | 'COMPLETED' | 'DISCONTINUED';

export interface PerformedStepRow {
  readonly sop_instance_uid: string;
  readonly state: PerformedStepState;
  /** DICOM JSON model. */
  readonly attributes: Record<string, unknown>;
}

const insert = {
  name: 'performed_step_insert',
  text: `insert into performed_step (sop_instance_uid, calling_ae, state, attributes, created_at, changed_at) values ($1, $2, 'IN PROGRESS', $3, $4, $4) on conflict do nothing returning sop_instance_uid`,
};

/** False: there is one with this UID. */
export async function insertPerformedStep(tx: Tx, step: { readonly sopInstanceUid: string; readonly callingAe: string; readonly attributes: object; readonly at: Date }): Promise<boolean> {
  return (await tx.query(insert, [step.sopInstanceUid, step.callingAe, JSON.stringify(step.attributes), step.at])).length === 1;
}

const lock = { name: 'performed_step_lock', text: 'select sop_instance_uid, state, attributes from performed_step where sop_instance_uid = $1 for update' };

export async function lockPerformedStep(tx: Tx, sopInstanceUid: string): Promise<PerformedStepRow | undefined> {
  return (await tx.query<PerformedStepRow>(lock, [sopInstanceUid]))[0];
}

const set = { name: 'performed_step_set', text: 'update performed_step set state = $2, attributes = $3, changed_at = $4 where sop_instance_uid = $1' };

export async function setPerformedStep(tx: Tx, sopInstanceUid: string, state: PerformedStepState, attributes: object, at: Date): Promise<void> {
  await tx.execute(set, [sopInstanceUid, state, JSON.stringify(attributes), at]);
}
