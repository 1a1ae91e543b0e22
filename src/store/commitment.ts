import type { Tx } from './database.ts';

/** SOP Class UID and SOP Instance UID. */
export type CommitmentObject = readonly [sopClassUid: string, sopInstanceUid: string];
/** With its Failure Reason (0008,1197). */
export type FailedCommitment = readonly [sopClassUid: string, sopInstanceUid: string, reason: number];

export interface CommitmentResult {
  readonly committed: readonly CommitmentObject[];
  readonly failed: readonly FailedCommitment[];
}

export interface CommitmentRequestRow {
  readonly id: number;
  readonly transaction_uid: string;
  readonly calling_ae: string;
  readonly called_ae: string;
  readonly objects: readonly CommitmentObject[];
  readonly result: CommitmentResult | null;
  readonly attempts: number;
  readonly requested_at: Date;
}

const COLUMNS = 'id, transaction_uid, calling_ae, called_ae, objects, result, attempts, requested_at';

// The same transaction again: the peer lost our report or our answer; it is decided and reported anew.
const ask = {
  name: 'commitment_request_ask',
  text: `insert into commitment_request (transaction_uid, calling_ae, called_ae, objects, next_attempt_at, requested_at) values ($1, $2, $3, $4, $5, $5)
         on conflict (calling_ae, transaction_uid) do update set objects = excluded.objects, result = null, state = 'asked', attempts = 0, next_attempt_at = excluded.next_attempt_at, last_failure = null
         returning ${COLUMNS}`,
};

export interface NewCommitmentRequest {
  readonly transactionUid: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly objects: readonly CommitmentObject[];
  /** Before this moment no other than the one who asks looks after it. */
  readonly at: Date;
}

export async function insertCommitmentRequest(tx: Tx, request: NewCommitmentRequest): Promise<CommitmentRequestRow> {
  return (await tx.query<CommitmentRequestRow>(ask, [request.transactionUid, request.callingAe, request.calledAe, JSON.stringify(request.objects), request.at]))[0]!;
}

const due = {
  name: 'commitment_request_due',
  text: `select ${COLUMNS} from commitment_request where state in ('asked', 'decided') and next_attempt_at <= $1 order by next_attempt_at limit $2`,
};

/** Requests whose result is to be found or reported now. */
export async function dueCommitmentRequests(tx: Tx, now: Date, limit: number): Promise<CommitmentRequestRow[]> {
  return tx.query<CommitmentRequestRow>(due, [now, limit]);
}

const decide = { name: 'commitment_request_decide', text: `update commitment_request set result = $2, state = 'decided' where id = $1 and state in ('asked', 'decided')` };

export async function decideCommitmentRequest(tx: Tx, id: number, result: CommitmentResult): Promise<void> {
  await tx.execute(decide, [id, JSON.stringify(result)]);
}

const reported = { name: 'commitment_request_reported', text: `update commitment_request set state = 'reported', reported_at = $2, attempts = attempts + 1, last_failure = null where id = $1` };

export async function markCommitmentReported(tx: Tx, id: number, at: Date): Promise<void> {
  await tx.execute(reported, [id, at]);
}

const retry = {
  name: 'commitment_request_retry',
  text: `update commitment_request set attempts = attempts + 1, last_failure = $2, next_attempt_at = coalesce($3, next_attempt_at), state = case when $3::timestamptz is null then 'given-up' else state end where id = $1`,
};

/** The report was not taken: again at `next`, or never when that is null. */
export async function retryCommitmentReport(tx: Tx, id: number, failure: string, next: Date | null): Promise<void> {
  await tx.execute(retry, [id, failure, next]);
}

/** A stored object as commitment needs it: where its bytes lie and what they must add up to. */
export interface CommittableInstance {
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly writer: string;
  readonly segment: number;
  readonly data_offset: number;
  readonly data_length: number;
  readonly crc32: number;
}

const stored = {
  name: 'commitment_stored',
  text: `select sop_instance_uid, sop_class_uid, writer, segment, data_offset, data_length, crc32 from instance where sop_instance_uid = any($1) and state = 'active'`,
};

export async function committableInstances(tx: Tx, sopInstanceUids: readonly string[]): Promise<CommittableInstance[]> {
  return sopInstanceUids.length === 0 ? [] : tx.query<CommittableInstance>(stored, [[...sopInstanceUids]]);
}
