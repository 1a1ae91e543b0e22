import { decideJobRetry } from '../../domain/job-retry.ts';
import type { Analysis } from '../../domain/findings.ts';
import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError, GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { derivedUid } from '../../foundation/uid.ts';
import { raiseAlert, resolveAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database, Tx } from '../../store/database.ts';
import { recordHop } from '../../store/hop.ts';
import { claimJob, failAttempt, reclaimJobs, renewLease, type Job } from '../../store/inference-job.ts';
import { notify } from '../../store/notify.ts';
import { imagesByUid, type StoredImage } from '../../store/study.ts';
import { moveWorkitem } from '../../store/workitem.ts';

export interface ModelRun {
  readonly job: Job;
  readonly images: readonly StoredImage[];
}

export interface JobWorkerDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this worker in leases; the same after a restart, so that it takes its own jobs back at once. */
  readonly worker: string;
  /** Runs at the same time; one model child each. */
  readonly slots: number;
  /** Models that can run now. */
  runnableModels(): readonly string[];
  runModel(run: ModelRun, options: { readonly signal: AbortSignal; readonly onProgress: (progress: number, note: string) => void }): Promise<Analysis>;
  /**
   * Writes SR, SEG and reports and ends the job, in one transaction; a repeat makes the same bytes and a finished job is a no-op.
   * Resolves false when the lease was lost meanwhile and nothing was written.
   */
  writeResults(job: Job, analysis: Analysis): Promise<boolean>;
}

const LEASE_MS = 30_000;
const HEARTBEAT_MS = 5_000;
const POLL_MS = 2_000;

/** Claims jobs, has the models run them, hands the findings on. A job lost with its worker is back within its lease. */
export class JobWorker {
  readonly name = 'job-worker';
  readonly #deps: JobWorkerDependencies;
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #stopListening: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> | undefined;
  #again = false;

  constructor(deps: JobWorkerDependencies) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    await this.#reclaim(this.#deps.worker);
    this.#stopListening = this.#deps.database.listen('isocenter_job', () => this.#wake());
    this.#wake();
  }

  /** No new claims; running models are cancelled and their jobs go back into the queue. */
  async stop(): Promise<void> {
    this.#stop.abort(new GatewayError('SHUTTING_DOWN', 'the gateway is stopping', { failure: 'transient' }));
    clearTimeout(this.#timer);
    await this.#stopListening?.();
    await this.#filling;
    await Promise.allSettled(this.#running);
  }

  #wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#again = true;
    this.#filling ??= this.#fill().finally(() => (this.#filling = undefined));
  }

  async #fill(): Promise<void> {
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false;
      clearTimeout(this.#timer);
      try {
        await this.#reclaim(null);
        while (this.#running.size < this.#deps.slots && (await this.#startOne()));
      } catch (thrown) {
        this.#say('inference.claim-failed', thrown);
      }
      this.#timer = setTimeout(() => this.#wake(), POLL_MS);
    }
  }

  async #startOne(): Promise<boolean> {
    const { database, worker } = this.#deps;
    const job = await database.transaction(async (tx) => {
      const at = this.#now();
      const claimed = await claimJob(tx, worker, new Date(at.getTime() + LEASE_MS), at, this.#deps.runnableModels());
      if (claimed !== undefined) await this.#leaveClaim(tx, claimed, at);
      return claimed;
    });
    if (job === undefined || this.#stop.signal.aborted) return false;
    const run = this.#work(job).finally(() => {
      this.#running.delete(run);
      this.#wake();
    });
    this.#running.add(run);
    return true;
  }

  async #leaveClaim(tx: Tx, job: Job, at: Date): Promise<void> {
    await recordHop(tx, { traceId: job.trace_id, studyInstanceUid: job.study_instance_uid, hop: 9, event: 'job-worker.claimed', at, subject: job.job_key, detail: { model: job.model_id, attempt: job.attempts } });
    await moveWorkitem(tx, job.id, 'IN PROGRESS', derivedUid('ups-transaction', job.job_key), {}, at);
    await recordAudit(tx, { at, actor: this.#deps.worker, action: 'job.claimed', outcome: 0, objectType: 'job', objectId: job.job_key, studyInstanceUid: job.study_instance_uid, detail: { attempt: job.attempts } });
    await notify(tx, 'isocenter_page', job.study_instance_uid);
  }

  async #work(job: Job): Promise<void> {
    const lost = new AbortController();
    const progress = { value: 0, note: 'reading images' };
    const heartbeat = setInterval(() => void this.#beat(job, progress, lost), HEARTBEAT_MS);
    try {
      const analysis = await this.#run(job, AbortSignal.any([this.#stop.signal, lost.signal]), progress, lost);
      const written = await this.#deps.writeResults(job, analysis);
      if (written) await resolveAlert(this.#deps.database, alertKey(job), this.#now());
      else this.#deps.log.warn('inference.lease-lost', { jobKey: job.job_key });
    } catch (thrown) {
      await this.#failed(job, asGatewayError(thrown));
    } finally {
      clearInterval(heartbeat);
    }
  }

  async #run(job: Job, signal: AbortSignal, progress: { value: number; note: string }, lost: AbortController): Promise<Analysis> {
    const { database } = this.#deps;
    const images = await imagesByUid(database, job.input.instances);
    if (images.length !== job.input.instances.length) {
      throw new GatewayError('JOB_INPUT_GONE', 'images of the job are no longer in the index', { failure: 'permanent', context: { wanted: job.input.instances.length, found: images.length } });
    }
    const analysis = await this.#deps.runModel({ job, images }, {
      signal,
      onProgress: (value, note) => {
        const stepped = note !== progress.note || value - progress.value >= 0.05;
        if (!stepped) return;
        Object.assign(progress, { value, note });
        void this.#beat(job, progress, lost);
      },
    });
    const detail = { outcome: analysis.outcome, findings: analysis.findings.length, model: analysis.model.id, version: analysis.model.version };
    await recordHop(database, { traceId: job.trace_id, studyInstanceUid: job.study_instance_uid, hop: 10, event: 'model-child.analysed', at: this.#now(), subject: job.job_key, detail });
    return analysis;
  }

  async #beat(job: Job, progress: { readonly value: number; readonly note: string }, lost: AbortController): Promise<void> {
    const { database, worker } = this.#deps;
    try {
      const kept = await renewLease(database, job.id, worker, new Date(this.#deps.clock.now() + LEASE_MS), progress.value, progress.note);
      if (!kept) lost.abort(new GatewayError('LEASE_LOST', 'the job was taken back', { failure: 'transient' }));
      else await notify(database, 'isocenter_page', job.study_instance_uid);
    } catch (thrown) {
      // A missed heartbeat is not a lost lease: the next one may get through before the lease ends.
      this.#say('inference.heartbeat-failed', thrown);
    }
  }

  async #failed(job: Job, error: GatewayError): Promise<void> {
    const shutdown = this.#stop.signal.aborted;
    const retry = shutdown ? { retryInMs: 0, reason: 'the gateway stopped' } : decideJobRetry({ code: error.code, failure: error.failure, attempts: job.attempts, maxAttempts: job.max_attempts });
    const at = this.#now();
    this.#deps.log[retry.retryInMs === null ? 'error' : 'warn']('inference.failed', { jobKey: job.job_key, code: error.code, message: error.message, ...error.context, retryInMs: retry.retryInMs });
    try {
      await this.#deps.database.transaction(async (tx) => {
        const retryAt = retry.retryInMs === null ? null : new Date(at.getTime() + retry.retryInMs);
        const ours = await failAttempt(tx, job, this.#deps.worker, { code: error.code, failure: error.failure, message: error.message }, retryAt, at);
        if (ours) await this.#leaveFailure(tx, job, error, retry, at);
      });
    } catch (thrown) {
      // The lease ends by itself and the job comes back.
      this.#say('inference.failure-not-recorded', thrown);
    }
  }

  async #leaveFailure(tx: Tx, job: Job, error: GatewayError, retry: { readonly retryInMs: number | null; readonly reason: string }, at: Date): Promise<void> {
    const final = retry.retryInMs === null;
    const detail = { code: error.code, failure: error.failure, attempt: job.attempts, retry: retry.reason };
    await recordAudit(tx, { at, actor: this.#deps.worker, action: final ? 'job.failed' : 'job.attempt-failed', outcome: final ? 8 : 4, objectType: 'job', objectId: job.job_key, studyInstanceUid: job.study_instance_uid, detail });
    await notify(tx, 'isocenter_page', job.study_instance_uid);
    if (!final) return;
    await moveWorkitem(tx, job.id, 'CANCELED', null, {}, at);
    await raiseAlert(tx, {
      kind: 'JOB_FAILED',
      severity: 'critical',
      dedupeKey: alertKey(job),
      studyInstanceUid: job.study_instance_uid,
      message: `${job.model_id} could not analyse the study: ${error.message}`,
      advice: `Nothing was reported for this study. Mend the cause (${error.code}), then re-run the job.`,
      detail,
      at,
    });
  }

  async #reclaim(worker: string | null): Promise<void> {
    const at = this.#now();
    await this.#deps.database.transaction(async (tx) => {
      for (const job of await reclaimJobs(tx, worker, at)) {
        this.#deps.log.warn('inference.reclaimed', { jobId: job.id, state: job.state });
        await recordAudit(tx, { at, actor: this.#deps.worker, action: 'job.worker-lost', outcome: 4, objectType: 'job', objectId: String(job.id), studyInstanceUid: job.study_instance_uid });
        if (job.state === 'failed') {
          await moveWorkitem(tx, job.id, 'CANCELED', null, {}, at);
          await raiseAlert(tx, {
            kind: 'JOB_FAILED', severity: 'critical', dedupeKey: `job-failed:${job.id}`, studyInstanceUid: job.study_instance_uid,
            message: 'the worker died at every attempt of this job', advice: 'Nothing was reported for this study. Look at the log of the work process, then re-run the job.', at,
          });
        }
      }
    });
  }

  #now(): Date {
    return new Date(this.#deps.clock.now());
  }

  #say(event: string, thrown: unknown): void {
    const error = asGatewayError(thrown);
    this.#deps.log.error(event, { code: error.code, message: error.message, ...error.context });
  }
}

function alertKey(job: Job): string {
  return `job-failed:${job.id}`;
}
