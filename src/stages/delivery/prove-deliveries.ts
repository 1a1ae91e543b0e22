import { recordCommitmentResult } from '../../archive/commitment-results.ts';
import type { Clock } from '../../foundation/clock.ts';
import { delay } from '../../foundation/deadline.ts';
import { asGatewayError, GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { randomUid } from '../../foundation/uid.ts';
import { askCommitment } from '../../peers/dimse/ask-commitment.ts';
import { CommitmentResultService } from '../../peers/dimse/commitment-result-service.ts';
import type { DimsePeer } from '../../peers/dimse/dimse-peer.ts';
import { raiseAlert } from '../../store/alert.ts';
import { expireCommitmentsAsked, insertCommitmentAsked, refuseCommitmentAsked, type UnprovenDelivery, unprovenDeliveries } from '../../store/commitment-asked.ts';
import type { Database } from '../../store/database.ts';

/** A destination whose deliveries are to be proven by Storage Commitment. */
export interface CommittingDestination {
  readonly name: string;
  readonly peer: DimsePeer;
}

export interface ProveDeliveriesOptions {
  readonly database: Database;
  readonly destinations: readonly CommittingDestination[];
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs?: number;
  /** How long the association that asked stays open for the result; it may come on one of the peer's later. */
  readonly hearMs?: number;
  /** How long a result may take before it is asked for again, under a new transaction. */
  readonly expireMs?: number;
}

const POLL_MS = 2_000;
const HEAR_MS = 10_000;
const EXPIRE_MS = 3_600_000;
const CALL_MS = 60_000;
const MOST_OBJECTS = 500;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/**
 * Storage Commitment SCU for dimse-store destinations: asks the peer to commit what it took (PS3.4 §J.3.2), so that `delivered` becomes
 * `proven`. The transaction is a row before it is asked; the result is taken on the same association or, by the DICOM listener, on one
 * that the peer opens.
 */
export class ProveDeliveries {
  readonly name = 'prove-deliveries';
  readonly #options: ProveDeliveriesOptions;
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];

  constructor(options: ProveDeliveriesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    for (const destination of this.#options.destinations) this.#loops.push(this.#loop(destination));
  }

  async stop(): Promise<void> {
    this.#stop.abort(new GatewayError('SHUTTING_DOWN', 'the gateway is stopping', { failure: 'transient' }));
    await Promise.all(this.#loops);
  }

  async #loop(destination: CommittingDestination): Promise<void> {
    const { log, pollMs } = this.#options;
    let pause = FIRST_PAUSE_MS;
    while (!this.#stop.signal.aborted) {
      let wait = pollMs ?? POLL_MS;
      try {
        await this.#expire();
        while (!this.#stop.signal.aborted && (await this.#askNext(destination)));
        pause = FIRST_PAUSE_MS;
      } catch (thrown) {
        const error = asGatewayError(thrown);
        log.warn('commitment.not-asked', { destination: destination.name, code: error.code, message: error.message });
        wait = pause;
        pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
      }
      await delay(wait, this.#stop.signal).catch(() => undefined);
    }
  }

  /** Asks for the next batch. False: nothing is left to be asked for. */
  async #askNext({ name, peer }: CommittingDestination): Promise<boolean> {
    const { database, clock, log, hearMs, expireMs } = this.#options;
    const deliveries = await unprovenDeliveries(database, name, MOST_OBJECTS);
    if (deliveries.length === 0) return false;
    const transactionUid = randomUid();
    const now = clock.now();
    await database.transaction((tx) => insertCommitmentAsked(tx, { transactionUid, destination: name, peer: peer.aeTitle, deliveries, at: new Date(now), expiresAt: new Date(now + (expireMs ?? EXPIRE_MS)) }));
    let heard: () => void = () => {};
    const result = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const results = new CommitmentResultService({
      log,
      record: async (event) => {
        const kind = await recordCommitmentResult(database, event, clock.now());
        if (event.transactionUid === transactionUid) heard();
        return kind;
      },
    });
    const waited = new AbortController();
    const untilHeard = (): Promise<void> => Promise.race([result, delay(hearMs ?? HEAR_MS, waited.signal).catch(() => undefined)]);
    try {
      await askCommitment(peer, { transactionUid, objects: objectsOf(deliveries) }, { results, untilHeard, clock, log, signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(CALL_MS)]) });
    } catch (thrown) {
      // Whether the peer has it or not: a result under this UID still counts, and the objects are asked for again under another.
      await database.transaction((tx) => refuseCommitmentAsked(tx, transactionUid, asGatewayError(thrown).code, new Date(clock.now())));
      throw thrown;
    } finally {
      waited.abort();
    }
    return true;
  }

  async #expire(): Promise<void> {
    const { database, clock } = this.#options;
    const at = new Date(clock.now());
    await database.transaction(async (tx) => {
      for (const { transaction_uid: transactionUid, destination } of await expireCommitmentsAsked(tx, at)) {
        await raiseAlert(tx, {
          kind: 'COMMITMENT_OVERDUE', severity: 'warning', dedupeKey: `commitment-overdue:${destination}`,
          message: `${destination} took a request for storage commitment and never told the result`,
          advice: 'It is asked again by itself. Look whether the peer knows our address and AE title, so that it can report on an association of its own.',
          detail: { transactionUid }, at,
        });
      }
    });
  }
}

/** One reference per object, however many deliveries brought it. */
function objectsOf(deliveries: readonly UnprovenDelivery[]): (readonly [string, string])[] {
  return [...new Map(deliveries.map((delivery) => [delivery.sop_instance_uid, [delivery.sop_class_uid, delivery.sop_instance_uid] as const])).values()];
}
