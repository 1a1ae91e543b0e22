import type { Tx } from './database.ts';

const insert = { name: 'web_commitment_insert', text: 'insert into web_commitment (transaction_uid, result, created_at) values ($1, $2, $3) on conflict (transaction_uid) do nothing' };
const select = { name: 'web_commitment_select', text: 'select result from web_commitment where transaction_uid = $1' };

/** Keeps the answer to a commitment request. False when the transaction is known already: its first answer stands. */
export async function keepCommitment(tx: Tx, transactionUid: string, result: string, at: Date): Promise<boolean> {
  return (await tx.execute(insert, [transactionUid, result, at])) === 1;
}

export async function commitmentResult(tx: Tx, transactionUid: string): Promise<string | undefined> {
  return (await tx.query<{ result: string }>(select, [transactionUid]))[0]?.result;
}

const committed = { name: 'web_commitment_instances', text: "select sop_instance_uid, sop_class_uid from instance where sop_instance_uid = any($1) and state = 'active'" };

/** SOP Class of each of these instances that is stored and served. */
export async function storedClasses(tx: Tx, sopInstanceUids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ sop_instance_uid: string; sop_class_uid: string }>(committed, [[...sopInstanceUids]]);
  return new Map(rows.map((row) => [row.sop_instance_uid, row.sop_class_uid]));
}
