import type { Tx } from './database.ts';

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'held';

/** What a run is asked to look at, frozen when the job is made. */
export interface JobInput {
  /** SOP Instance UIDs of the chosen series, in the order of the index. */
  readonly instances: readonly string[];
  /** The study went on after the maximum wait: images may be missing. */
  readonly partial: boolean;
}

export interface NewJob {
  readonly jobKey: string;
  readonly traceId: string;
  readonly studyId: number;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly rule: string;
  readonly modelId: string;
  readonly modelVersion: string;
  readonly modelDigest: string;
  readonly priority: number;
  readonly input: JobInput;
  readonly inputDigest: string;
  readonly eligibility: { readonly reasons: readonly string[]; readonly warnings: readonly string[] };
  readonly deliver: readonly string[];
  readonly state: 'queued' | 'held';
  readonly at: Date;
}

export interface Job {
  readonly id: number;
  readonly job_key: string;
  readonly trace_id: string;
  readonly study_id: number;
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly rule: string;
  readonly model_id: string;
  readonly model_version: string;
  readonly model_digest: string;
  readonly revision: number;
  readonly predecessor_id: number | null;
  readonly state: JobState;
  readonly priority: number;
  readonly input: JobInput;
  readonly input_digest: string;
  readonly eligibility: { readonly reasons: readonly string[]; readonly warnings: readonly string[] };
  readonly deliver: readonly string[];
  readonly attempts: number;
  readonly max_attempts: number;
  readonly lease_owner: string | null;
  readonly progress: number;
  readonly progress_note: string | null;
  readonly outcome: Record<string, unknown> | null;
  readonly failure: { readonly code: string; readonly failure: string; readonly message: string } | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

const COLUMNS = `id, job_key, trace_id, study_id, study_instance_uid, series_instance_uid, rule, model_id, model_version, model_digest, revision, predecessor_id,
  state, priority, input, input_digest, eligibility, deliver, attempts, max_attempts, lease_owner, progress, progress_note, outcome, failure, created_at, started_at, finished_at`;

const insert = {
  name: 'job_insert',
  text: `insert into inference_job (job_key, trace_id, study_id, study_instance_uid, series_instance_uid, rule, model_id, model_version, model_digest,
           priority, input, input_digest, eligibility, deliver, state, not_before, created_at, revision, predecessor_id)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16,
           1 + (select count(*) from inference_job p where p.study_id = $3 and p.model_id = $7),
           (select p.id from inference_job p where p.study_id = $3 and p.model_id = $7 and p.state = 'done' order by p.id desc limit 1)
         on conflict (job_key) do nothing returning ${COLUMNS}`,
};

/** The new job; undefined when a job with this key is there already (the same images, the same model: nothing to do again). */
export async function insertJob(tx: Tx, job: NewJob): Promise<Job | undefined> {
  const [row] = await tx.query<Job>(insert, [
    job.jobKey, job.traceId, job.studyId, job.studyInstanceUid, job.seriesInstanceUid, job.rule, job.modelId, job.modelVersion, job.modelDigest,
    job.priority, JSON.stringify(job.input), job.inputDigest, JSON.stringify(job.eligibility), [...job.deliver], job.state, job.at,
  ]);
  return row;
}

const supersede = {
  name: 'job_supersede_active',
  text: `update inference_job set state = 'cancelled', finished_at = $3, lease_owner = null, lease_until = null,
           failure = jsonb_build_object('code', 'SUPERSEDED', 'failure', 'permanent', 'message', 'images arrived after the job was made; a new revision takes its place')
         where study_id = $1 and model_id = $2 and state in ('queued', 'running') returning id`,
};

/** Takes back what waits or runs for a study and model, because its images have changed. A running worker notices at its next heartbeat. */
export async function supersedeActiveJobs(tx: Tx, studyId: number, modelId: string, at: Date): Promise<number[]> {
  return (await tx.query<{ id: number }>(supersede, [studyId, modelId, at])).map((row) => row.id);
}

const claim = {
  name: 'job_claim',
  text: `update inference_job set state = 'running', lease_owner = $1, lease_until = $2, attempts = attempts + 1, started_at = coalesce(started_at, $3), progress = 0, progress_note = null
         where id = (select id from inference_job where state = 'queued' and not_before <= $3 and model_id = any($4)
                     order by priority desc, not_before, id limit 1 for update skip locked)
         returning ${COLUMNS}`,
};
const beginAttempt = { name: 'job_attempt_begin', text: 'insert into job_attempt (job_id, attempt, worker, started_at) values ($1, $2, $3, $4)' };

/** The next job for a worker that can run `modelIds`, leased until `leaseUntil`; undefined when none waits. */
export async function claimJob(tx: Tx, worker: string, leaseUntil: Date, at: Date, modelIds: readonly string[]): Promise<Job | undefined> {
  const [job] = await tx.query<Job>(claim, [worker, leaseUntil, at, [...modelIds]]);
  if (job !== undefined) await tx.execute(beginAttempt, [job.id, job.attempts, worker, at]);
  return job;
}

const renew = {
  name: 'job_renew_lease',
  text: `update inference_job set lease_until = $3, progress = $4, progress_note = $5 where id = $1 and lease_owner = $2 and state = 'running'`,
};

/** Heartbeat with progress (0–1). False: the lease is lost (cancelled, superseded or expired); the worker must stop. */
export async function renewLease(tx: Tx, jobId: number, worker: string, leaseUntil: Date, progress: number, note: string): Promise<boolean> {
  return (await tx.execute(renew, [jobId, worker, leaseUntil, progress, note])) === 1;
}

const finish = {
  name: 'job_finish',
  text: `update inference_job set state = 'done', finished_at = $3, outcome = $4, progress = 1, lease_owner = null, lease_until = null, failure = null
         where id = $1 and lease_owner = $2 and state = 'running'`,
};
const endAttempt = { name: 'job_attempt_end', text: 'update job_attempt set ended_at = $3, outcome = $4, failure = $5 where job_id = $1 and attempt = $2' };

/** Ends a job well, in the transaction that makes its results. False: the lease is no longer ours, so nothing must be written. */
export async function finishJob(tx: Tx, job: Job, worker: string, at: Date, outcome: Readonly<Record<string, unknown>>): Promise<boolean> {
  if ((await tx.execute(finish, [job.id, worker, at, JSON.stringify(outcome)])) !== 1) return false;
  await tx.execute(endAttempt, [job.id, job.attempts, at, 'done', null]);
  return true;
}

export interface JobFailure {
  readonly code: string;
  readonly failure: string;
  readonly message: string;
}

const fail = {
  name: 'job_fail',
  text: `update inference_job set state = $3, failure = $4, not_before = coalesce($5, not_before), finished_at = case when $3 = 'failed' then $6::timestamptz end,
           lease_owner = null, lease_until = null
         where id = $1 and lease_owner = $2 and state = 'running'`,
};

/** Ends an attempt badly: back into the queue at `retryAt`, or failed for good when that is null. False: the lease was no longer ours. */
export async function failAttempt(tx: Tx, job: Job, worker: string, failure: JobFailure, retryAt: Date | null, at: Date): Promise<boolean> {
  const state = retryAt === null ? 'failed' : 'queued';
  if ((await tx.execute(fail, [job.id, worker, state, JSON.stringify(failure), retryAt, at])) !== 1) return false;
  await tx.execute(endAttempt, [job.id, job.attempts, at, 'failed', JSON.stringify(failure)]);
  return true;
}

const reclaim = {
  name: 'job_reclaim',
  text: `with lost as (
           update inference_job set state = case when attempts >= max_attempts then 'failed' else 'queued' end, lease_owner = null, lease_until = null, not_before = $2,
             finished_at = case when attempts >= max_attempts then $2::timestamptz end,
             failure = jsonb_build_object('code', 'WORKER_LOST', 'failure', 'transient', 'message', 'the worker that ran this job is gone')
           where state = 'running' and (lease_until < $2 or lease_owner = $1) returning id, attempts, state, study_instance_uid, trace_id),
         ended as (update job_attempt a set ended_at = $2, outcome = 'lost' from lost where a.job_id = lost.id and a.attempt = lost.attempts)
         select id, state, study_instance_uid from lost`,
};

/** Puts back jobs whose lease has ended; with `worker`, also those it held before it was restarted. */
export async function reclaimJobs(tx: Tx, worker: string | null, at: Date): Promise<{ id: number; state: JobState; study_instance_uid: string }[]> {
  return tx.query(reclaim, [worker, at]);
}

const byStudy = { name: 'job_by_study', text: `select ${COLUMNS} from inference_job where study_instance_uid = $1 order by id` };

export async function jobsOfStudy(tx: Tx, studyInstanceUid: string): Promise<Job[]> {
  return tx.query<Job>(byStudy, [studyInstanceUid]);
}

const byId = { name: 'job_by_id', text: `select ${COLUMNS} from inference_job where id = $1` };

export async function jobById(tx: Tx, id: number): Promise<Job | undefined> {
  return (await tx.query<Job>(byId, [id]))[0];
}

const recent = { name: 'job_recent', text: `select ${COLUMNS} from inference_job order by id desc limit $1` };

export async function recentJobs(tx: Tx, limit: number): Promise<Job[]> {
  return tx.query<Job>(recent, [limit]);
}

const analysed = {
  name: 'job_analysed',
  text: `update inference_job set analysed_at = coalesce(analysed_at, $3) where id = $1 and lease_owner = $2 and state = 'running' returning analysed_at`,
};

/**
 * Notes when the model first answered for this job, and returns that moment: results carry it, so that a repeat makes the same bytes.
 * Undefined: the lease is no longer ours.
 */
export async function markAnalysed(tx: Tx, job: Job, worker: string, at: Date): Promise<Date | undefined> {
  return (await tx.query<{ analysed_at: Date }>(analysed, [job.id, worker, at]))[0]?.analysed_at;
}
