import type { DicomScpEvent } from '../edges/dicom-scp/dicom-scp.ts';
import { BoundedQueue } from '../foundation/bounded-queue.ts';
import type { Clock } from '../foundation/clock.ts';
import { asGatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import { recordAudit, type AuditEvent } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { recordHop, type Hop } from '../store/hop.ts';
import type { Component } from './component.ts';

/** Enough for hours of a quiet port, bounded for a busy one. */
const MOST_WAITING = 10_000;
const RETRY_MS = 2_000;
const BATCH = 200;

/**
 * Writes what happens at the DICOM port into the audit log, and hops 1 to 5 of each association (ARCHITECTURE §4). These events have no effect of their own whose transaction they could
 * share; while PostgreSQL is away they wait, and beyond 10,000 they are counted and the count is written instead.
 */
export class DicomAudit implements Component {
  readonly name = 'dicom-audit';
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting: BoundedQueue<DicomScpEvent & { readonly seenAt: number }>;
  #lost = 0;
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(database: Database, clock: Clock, log: Log, mostWaiting = MOST_WAITING) {
    this.#waiting = new BoundedQueue(mostWaiting);
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
  }

  async start(): Promise<void> {}

  readonly take = (event: DicomScpEvent): void => {
    if (!this.#waiting.push({ ...event, seenAt: this.#clock.now() })) this.#lost += 1;
    this.#write();
  };

  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#writing;
    if (this.#waiting.size > 0) await this.#flush().catch(() => undefined);
  }

  #write(): void {
    this.#writing ??= this.#flush()
      .catch((thrown: unknown) => {
        this.#log.warn('audit.waits', { code: asGatewayError(thrown).code, events: this.#waiting.size });
        this.#retry = setTimeout(() => this.#write(), RETRY_MS);
        this.#retry.unref();
      })
      .finally(() => (this.#writing = undefined));
  }

  async #flush(): Promise<void> {
    while (this.#waiting.size > 0 || this.#lost > 0) {
      const batch: (DicomScpEvent & { readonly seenAt: number })[] = [];
      for (let event = this.#waiting.shift(); event !== undefined; event = batch.length < BATCH ? this.#waiting.shift() : undefined) batch.push(event);
      const lost = this.#lost;
      try {
        await this.#database.transaction(async (tx) => {
          for (const event of batch) {
            const audit = auditEventOf(event, new Date(event.seenAt));
            if (audit !== undefined) await recordAudit(tx, audit);
            for (const hop of hopsOf(event)) await recordHop(tx, hop);
          }
          if (lost > 0) await recordAudit(tx, { at: new Date(this.#clock.now()), actor: 'intake', action: 'audit.events-lost', outcome: 8, detail: { events: lost } });
        });
        this.#lost -= lost;
      } catch (thrown) {
        for (const event of batch) if (!this.#waiting.push(event)) this.#lost += 1;
        throw thrown;
      }
    }
  }
}

function hopsOf(event: DicomScpEvent & { readonly seenAt: number }): Hop[] {
  if (event.kind === 'storing-began') return [hop(event.associationId, 5, 'message-assembler.began', event.seenAt, {})];
  if (event.kind !== 'association-opened') return [];
  const { connectedAt, requestedAt, acceptedAt } = event.times ?? { connectedAt: event.seenAt, requestedAt: event.seenAt, acceptedAt: event.seenAt };
  return [
    hop(event.associationId, 1, 'association-server.connected', connectedAt, { tls: event.isTls }),
    hop(event.associationId, 2, 'pdu-decoder.associate-requested', requestedAt, {}),
    hop(event.associationId, 3, 'state-machine.awaits-answer', requestedAt, {}),
    hop(event.associationId, 4, 'admission.accepted', acceptedAt, { callingAe: event.callingAe, calledAe: event.calledAe, contexts: event.contexts }),
  ];
}

function hop(traceId: string, number: number, event: string, at: number, detail: Record<string, unknown>): Hop {
  return { traceId, studyInstanceUid: null, hop: number, event, at: new Date(at), detail };
}

function auditEventOf(event: DicomScpEvent, at: Date): AuditEvent | undefined {
  const base = { at, actor: event.callingAe };
  switch (event.kind) {
    case 'association-opened':
      return { ...base, action: 'association.opened', outcome: 0, objectType: 'association', objectId: event.associationId, detail: { calledAe: event.calledAe, from: event.remoteAddress, tls: event.isTls } };
    case 'storing-began':
      return undefined;
    case 'association-rejected':
      return { ...base, action: 'association.rejected', outcome: 4, detail: { reason: event.reason, calledAe: event.calledAe, from: event.remoteAddress } };
    case 'connection-failed':
      return { at, actor: 'unknown', action: 'connection.failed', outcome: 4, detail: { from: event.remoteAddress, detail: event.detail } };
    case 'association-aborted':
      return { ...base, action: 'association.aborted', outcome: 4, objectType: 'association', objectId: event.associationId, detail: { how: event.how, detail: event.detail, calledAe: event.calledAe, from: event.remoteAddress } };
    case 'instance-refused':
      return {
        ...base, action: 'instance.refused', outcome: 4, objectType: 'instance', objectId: event.sopInstanceUid,
        detail: { association: event.associationId, status: `${event.status.toString(16).toUpperCase().padStart(4, '0')}H`, from: event.remoteAddress },
      };
  }
}
