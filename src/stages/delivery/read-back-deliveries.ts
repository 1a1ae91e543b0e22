import type { Destination } from '../../destinations/destination.ts';
import type { Clock } from '../../foundation/clock.ts';
import { delay } from '../../foundation/deadline.ts';
import { asGatewayError, GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { raiseAlert, resolveAlert } from '../../store/alert.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database, Tx } from '../../store/database.ts';
import { recordHop } from '../../store/hop.ts';
import { notify } from '../../store/notify.ts';
import { askLater, markProven, readBackCandidates, sendAgain, type ReadBackCandidate } from '../../store/read-back.ts';

export interface ReadBackOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Those without `prove` are passed over. */
  readonly destinations: readonly Destination[];
  readonly pollMs?: number;
  /** Time a destination has to show what it took before it is asked. */
  readonly settleMs?: number;
  /** Time after which what it does not show is sent again. */
  readonly missingMs?: number;
}

const POLL_MS = 2_000;
const SETTLE_MS = 1_000;
const MISSING_MS = 10 * 60_000;
const ASK_AGAIN_MS = 30_000;
const MOST_OBJECTS = 5_000;
const MOST_ATTEMPTS = 5;

/**
 * Proof by reading back: a destination that offers it is asked, in a request of its own, whether it has what it answered for. What it names is
 * proven; what it does not name within ten minutes is sent again with the same identifiers, five times at most.
 */
export class ReadBackDeliveries {
  readonly name = 'read-back-deliveries';
  readonly #options: ReadBackOptions;
  readonly #stop = new AbortController();
  #loops: readonly Promise<void>[] = [];

  constructor(options: ReadBackOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#loops = this.#options.destinations.filter((destination) => destination.prove !== undefined).map((destination) => this.#loop(destination));
  }

  async stop(): Promise<void> {
    this.#stop.abort(new GatewayError('SHUTTING_DOWN', 'the gateway is stopping', { failure: 'transient' }));
    await Promise.all(this.#loops);
  }

  async #loop(destination: Destination): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        while (!this.#stop.signal.aborted && (await this.#askNext(destination)));
      } catch (thrown) {
        this.#options.log.warn('read-back.failed', { destination: destination.name, code: asGatewayError(thrown).code });
      }
      await delay(this.#options.pollMs ?? POLL_MS, this.#stop.signal).catch(() => undefined);
    }
  }

  /** Asks for the objects of one study. False: nothing is due. */
  async #askNext(destination: Destination): Promise<boolean> {
    const { database, clock, settleMs, missingMs } = this.#options;
    const now = clock.now();
    const due = await readBackCandidates(database, destination.name, new Date(now - (settleMs ?? SETTLE_MS)), new Date(now), MOST_OBJECTS);
    if (due.length === 0) return false;
    const outcomes = await destination.prove!(due.map((one) => ({ studyInstanceUid: one.study_instance_uid, sopInstanceUid: one.sop_instance_uid })), this.#stop.signal);
    if (this.#stop.signal.aborted) return false;
    const there = due.filter((_one, index) => outcomes[index] === 'there');
    const missing = due.filter((one, index) => outcomes[index] === 'missing' && now - one.delivered_at.getTime() >= (missingMs ?? MISSING_MS));
    const rest = due.filter((one) => !there.includes(one) && !missing.includes(one));
    await database.transaction((tx) => this.#record(tx, destination.name, { there, missing, rest }, new Date(clock.now())));
    return true;
  }

  async #record(tx: Tx, destination: string, { there, missing, rest }: Sorted, at: Date): Promise<void> {
    if (rest.length > 0) await askLater(tx, idsOf(rest), new Date(at.getTime() + ASK_AGAIN_MS));
    const [first] = [...there, ...missing];
    if (first === undefined) return;
    const facts = { destination, proven: await markProven(tx, idsOf(there), at), missing: missing.length };
    const again = await sendAgain(tx, idsOf(missing), at, MOST_ATTEMPTS);
    const study = first.study_instance_uid;
    await recordAudit(tx, { at, actor: 'delivery', action: 'delivery.proven', outcome: missing.length === 0 ? 0 : 4, objectType: 'read-back', objectId: destination, studyInstanceUid: study, detail: facts });
    if (there.length > 0) await recordHop(tx, { traceId: first.trace_id, studyInstanceUid: study, hop: 12, event: 'read-back.proven', at, subject: destination, detail: facts });
    await notify(tx, 'isocenter_page', study);
    const dedupeKey = `read-back-missing:${destination}`;
    if (missing.length === 0) return resolveAlert(tx, dedupeKey, at);
    await notify(tx, 'isocenter_outbox', destination);
    await raiseAlert(tx, {
      kind: 'READ_BACK_MISSING', severity: again.some((message) => message.state === 'dead') ? 'critical' : 'warning', dedupeKey, studyInstanceUid: study,
      message: `${destination} answered for ${missing.length} objects and does not have them`,
      advice: 'They are sent again by themselves, five times at most. Look at the destination: does it drop, merge or rename what it takes?',
      detail: facts, at,
    });
  }
}

interface Sorted {
  readonly there: readonly ReadBackCandidate[];
  readonly missing: readonly ReadBackCandidate[];
  readonly rest: readonly ReadBackCandidate[];
}

function idsOf(candidates: readonly ReadBackCandidate[]): number[] {
  return candidates.map((one) => one.message_id);
}
