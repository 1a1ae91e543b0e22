import type { Tx } from './database.ts';

/** State of a Unified Procedure Step, PS3.4 Table CC.1.1-1. */
export type WorkitemState = 'SCHEDULED' | 'IN PROGRESS' | 'COMPLETED' | 'CANCELED';

const insert = {
  name: 'workitem_insert',
  text: `insert into ups_workitem (workitem_uid, job_id, state, attributes, created_at, changed_at) values ($1, $2, 'SCHEDULED', $3, $4, $4) on conflict (workitem_uid) do nothing`,
};

/** `attributes`: the workitem in the DICOM JSON model, without state and Transaction UID. */
export async function insertWorkitem(tx: Tx, workitemUid: string, jobId: number, attributes: object, at: Date): Promise<void> {
  await tx.execute(insert, [workitemUid, jobId, JSON.stringify(attributes), at]);
}

const move = {
  name: 'workitem_move',
  text: `update ups_workitem set state = $2, transaction_uid = coalesce($3, transaction_uid), attributes = attributes || $4::jsonb, changed_at = $5
         where job_id = $1 and state in ('SCHEDULED', 'IN PROGRESS')`,
};

/** Moves the workitem of a job on; final states are never left. `changes` are merged into its attributes. */
export async function moveWorkitem(tx: Tx, jobId: number, to: WorkitemState, transactionUid: string | null, changes: object, at: Date): Promise<boolean> {
  return (await tx.execute(move, [jobId, to, transactionUid, JSON.stringify(changes), at])) === 1;
}
