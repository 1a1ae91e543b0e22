import { createHash } from 'node:crypto';
import type { Destination, Payload } from '../../src/destinations/destination.ts';
import type { DeliveryOutcome } from '../../src/domain/delivery.ts';
import type { Clock } from '../../src/foundation/clock.ts';
import type { Database } from '../../src/store/database.ts';
import { insertOutboxMessage } from '../../src/store/outbox.ts';
import { insertResultObject } from '../../src/store/result-object.ts';

/** A clock that moves when told. */
export class HandClock implements Clock {
  #now = Date.UTC(2026, 0, 1, 12);

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return performance.now();
  }

  forward(ms: number): void {
    this.#now += ms;
  }
}

export interface SeededJob {
  readonly jobId: number;
  readonly studyInstanceUid: string;
}

/** A finished job of a study, as far as the outbox needs one. */
export async function seedJob(database: Database, studyInstanceUid: string): Promise<SeededJob> {
  const at = new Date(Date.UTC(2026, 0, 1, 11));
  const [study] = await database.query<{ id: number }>(
    { name: 'seed_study', text: `insert into study (study_instance_uid, state, first_received_at, last_received_at, changed_at) values ($1, 'complete', $2, $2, $2) returning id` },
    [studyInstanceUid, at],
  );
  const [job] = await database.query<{ id: number }>(
    {
      name: 'seed_job',
      text: `insert into inference_job (job_key, trace_id, study_id, study_instance_uid, series_instance_uid, rule, model_id, model_version, model_digest, state, input, input_digest, eligibility, not_before, created_at)
             values ($1, 'trace', $2, $1, '1.2.4', 'rule', 'model', '1', 'digest', 'done', '{}', 'digest', '{}', $3, $3) returning id`,
    },
    [studyInstanceUid, study!.id, at],
  );
  return { jobId: job!.id, studyInstanceUid };
}

export interface SeededMessage {
  readonly destination: string;
  readonly ordinal?: number;
  readonly orderingKey?: string;
  readonly text?: string;
}

/** A FHIR bundle in the outbox. */
export async function seedMessage(database: Database, job: SeededJob, seeded: SeededMessage, at: Date): Promise<number> {
  const bytes = Buffer.from(seeded.text ?? '{"resourceType":"Bundle","type":"transaction","entry":[]}');
  const ordinal = seeded.ordinal ?? 0;
  return database.transaction(async (tx) => {
    const resultObjectId = await insertResultObject(tx, {
      jobId: job.jobId, studyInstanceUid: job.studyInstanceUid, role: 'fhir-bundle', ordinal, mediaType: 'application/fhir+json', dicom: null,
      bytes, sha256: createHash('sha256').update(bytes).digest('hex'), length: bytes.length, at,
    });
    const id = await insertOutboxMessage(tx, {
      idempotencyKey: `${job.studyInstanceUid}/${ordinal}/${seeded.destination}`, destination: seeded.destination, kind: 'fhir', purpose: 'result',
      studyInstanceUid: job.studyInstanceUid, traceId: 'trace', jobId: job.jobId, resultObjectId, instanceId: null, orderingKey: seeded.orderingKey ?? null, state: 'pending', waitingFor: 'its turn', at,
    });
    return id!;
  });
}

/** A destination whose answers the test decides. */
export class ScriptedDestination implements Destination {
  readonly kind = 'scripted';
  readonly name: string;
  readonly concurrency: number;
  readonly batchSize: number;
  readonly seen: Payload[] = [];
  answer: (payload: Payload, signal: AbortSignal) => DeliveryOutcome | Promise<DeliveryOutcome> = () => ({ kind: 'delivered', proven: false, status: '200' });

  constructor(name: string, limits: { readonly concurrency?: number; readonly batchSize?: number } = {}) {
    this.name = name;
    this.concurrency = limits.concurrency ?? 1;
    this.batchSize = limits.batchSize ?? 1;
  }

  async deliver(payloads: readonly Payload[], signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
    this.seen.push(...payloads);
    return Promise.all(payloads.map(async (payload) => this.answer(payload, signal)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Waits for a condition with a deadline; there is no other waiting in tests. */
export async function until<T>(what: string, probe: () => Promise<T | undefined | false> | T | undefined | false, deadlineMs = 15_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface MessageRow {
  readonly id: number;
  readonly state: string;
  readonly attempts: number;
  readonly waiting_for: string | null;
  readonly next_attempt_at: Date;
  readonly lease_owner: string | null;
  readonly last_failure: { readonly code: string } | null;
}

export async function messageRow(database: Database, id: number): Promise<MessageRow> {
  const rows = await database.query<MessageRow>({ name: 'test_message', text: 'select id, state, attempts, waiting_for, next_attempt_at, lease_owner, last_failure from outbox_message where id = $1' }, [id]);
  return rows[0]!;
}
