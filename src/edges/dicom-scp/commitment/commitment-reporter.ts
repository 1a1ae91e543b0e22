import type { Clock } from '../../../foundation/clock.ts';
import { asGatewayError, GatewayError } from '../../../foundation/errors.ts';
import type { Log } from '../../../foundation/log.ts';
import type { DimsePeer } from '../../../peers/dimse/dimse-peer.ts';
import { reportCommitment, reportOn } from '../../../peers/dimse/report-commitment.ts';
import { raiseAlert, resolveAlert } from '../../../store/alert.ts';
import { recordAudit } from '../../../store/audit.ts';
import { type CommitmentRequestRow, type CommitmentResult, decideCommitmentRequest, dueCommitmentRequests, markCommitmentReported, retryCommitmentReport } from '../../../store/commitment.ts';
import type { Database } from '../../../store/database.ts';
import type { SegmentReader } from '../../../store/segments/segment-reader.ts';
import type { DimseRequest } from '../../../transport/dicom/dimse-service.ts';
import { decideCommitment } from './decide-commitment.ts';

export interface CommitmentReporterOptions {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly clock: Clock;
  readonly log: Log;
  /** Where an AE that asked is reached; undefined = it is no peer of the configuration. */
  readonly peer: (aeTitle: string) => DimsePeer | undefined;
  /** The AE hears results on an association of ours only. */
  readonly wantsNewAssociation?: (aeTitle: string) => boolean;
  readonly pollMs?: number;
}

const POLL_MS = 5_000;
const CALL_MS = 30_000;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** A peer that has not taken its result in this time has asked somebody else, or is gone. */
const GIVE_UP_MS = 7 * 24 * 3_600_000;
const AT_A_TIME = 16;

/**
 * Finds the results of storage commitments and tells them, on the association that asked or on one of ours, until the peer has
 * acknowledged. Everything it has to do is a row: a restart loses nothing.
 */
export class CommitmentReporter {
  readonly #options: CommitmentReporterOptions;
  readonly #stop = new AbortController();
  readonly #underWay = new Map<number, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CommitmentReporterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.sweep(), this.#options.pollMs ?? POLL_MS);
    this.#timer.unref();
    void this.sweep();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new GatewayError('SHUTTING_DOWN', 'the gateway is stopping', { failure: 'transient' }));
    await Promise.allSettled(this.#underWay.values());
  }

  /** A request that was just answered. */
  readonly take = (row: CommitmentRequestRow, request: DimseRequest): void => {
    this.#begin(row, request);
  };

  /** Everything that is due. */
  async sweep(): Promise<void> {
    const { database, clock, log } = this.#options;
    try {
      for (const row of await dueCommitmentRequests(database, new Date(clock.now()), AT_A_TIME)) this.#begin(row, undefined);
    } catch (thrown) {
      log.warn('commitment.sweep-failed', { code: asGatewayError(thrown).code });
    }
  }

  #begin(row: CommitmentRequestRow, request: DimseRequest | undefined): void {
    if (this.#underWay.has(row.id) || this.#stop.signal.aborted) return;
    const work = this.#work(row, request)
      .catch((thrown: unknown) => this.#options.log.warn('commitment.failed', { code: asGatewayError(thrown).code, transactionUid: row.transaction_uid }))
      .finally(() => this.#underWay.delete(row.id));
    this.#underWay.set(row.id, work);
  }

  async #work(row: CommitmentRequestRow, request: DimseRequest | undefined): Promise<void> {
    const { database, segments } = this.#options;
    let { result } = row;
    if (result === null) {
      result = await decideCommitment(database, segments, row.objects);
      await decideCommitmentRequest(database, row.id, result);
    }
    try {
      await this.#tell(row, result, request);
    } catch (thrown) {
      return this.#failed(row, thrown);
    }
    await this.#told(row, result);
  }

  async #tell(row: CommitmentRequestRow, result: CommitmentResult, request: DimseRequest | undefined): Promise<void> {
    const { clock, log, peer, wantsNewAssociation } = this.#options;
    const event = { transactionUid: row.transaction_uid, ...result };
    const signal = AbortSignal.any([AbortSignal.timeout(CALL_MS), this.#stop.signal]);
    if (request !== undefined && !request.association.signal.aborted && wantsNewAssociation?.(row.calling_ae) !== true) {
      try {
        return await reportOn(request.association, request.context, event, signal);
      } catch (thrown) {
        log.debug('commitment.not-on-this-association', { transactionUid: row.transaction_uid, code: asGatewayError(thrown).code });
      }
    }
    const known = peer(row.calling_ae);
    if (known === undefined) throw new GatewayError('PEER_UNKNOWN', `${row.calling_ae} is none of dimse.peers, so its result cannot be told once it has hung up`, { failure: 'transient' });
    await reportCommitment({ ...known, callingAe: row.called_ae }, event, { clock, log, signal });
  }

  async #told(row: CommitmentRequestRow, result: CommitmentResult): Promise<void> {
    const { database, clock, log } = this.#options;
    const at = new Date(clock.now());
    const facts = { transactionUid: row.transaction_uid, committed: result.committed.length, failed: result.failed.length };
    await database.transaction(async (tx) => {
      await markCommitmentReported(tx, row.id, at);
      await recordAudit(tx, { at, actor: row.calling_ae, action: 'commitment.reported', outcome: result.failed.length === 0 ? 0 : 4, objectType: 'commitment', objectId: row.transaction_uid, detail: facts });
      await resolveAlert(tx, alertKey(row.calling_ae), at);
    });
    log.info('commitment.reported', { callingAe: row.calling_ae, ...facts });
  }

  async #failed(row: CommitmentRequestRow, thrown: unknown): Promise<void> {
    const { database, clock, log } = this.#options;
    if (this.#stop.signal.aborted) return;
    const error = asGatewayError(thrown);
    const now = clock.now();
    const isOver = now - row.requested_at.getTime() > GIVE_UP_MS;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(row.attempts, 10));
    log.warn('commitment.not-reported', { callingAe: row.calling_ae, transactionUid: row.transaction_uid, code: error.code, attempt: row.attempts + 1 });
    await database.transaction(async (tx) => {
      await retryCommitmentReport(tx, row.id, error.code, isOver ? null : new Date(now + pause));
      await raiseAlert(tx, {
        kind: 'COMMITMENT_UNREPORTED',
        severity: isOver ? 'critical' : 'warning',
        dedupeKey: alertKey(row.calling_ae),
        message: `${row.calling_ae} asked for a storage commitment and does not take the result: ${error.message}`,
        advice: `Add ${row.calling_ae} to dimse.peers with the address it listens on, or mend its listener; the result is told again by itself${isOver ? ' no more' : ''}.`,
        detail: { transactionUid: row.transaction_uid, attempts: row.attempts + 1 },
        at: new Date(now),
      });
    });
  }
}

function alertKey(aeTitle: string): string {
  return `commitment-unreported:${aeTitle}`;
}
