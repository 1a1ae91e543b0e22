import type { Destination, Payload } from '../../destinations/destination.ts';
import { admission, afterAnswer, afterFailure, closedCircuit, type Circuit, type CircuitPolicy } from '../../domain/circuit.ts';
import type { DeliveryFailure, DeliveryOutcome } from '../../domain/delivery.ts';
import type { RetryPolicy } from '../../domain/retry.ts';
import type { Clock } from '../../foundation/clock.ts';
import { delay } from '../../foundation/deadline.ts';
import { asGatewayError, GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import type { Database, Tx } from '../../store/database.ts';
import { claimOutbox, nextDueAt, renewOutboxLeases, type LeasedMessage } from '../../store/outbox.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { recordCircuit } from './record-circuit.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import { loadPayloads } from './load-payloads.ts';
import { recordOutcomes, type Delivered } from './record-outcomes.ts';

export interface LoopDependencies {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  /** Names this process in leases; the same after a restart. */
  readonly owner: string;
  /** In [0, 1). */
  readonly random: () => number;
  readonly retry: RetryPolicy;
  readonly circuit: CircuitPolicy;
  readonly leaseMs: number;
  readonly pollMs: number;
}

/**
 * Sends what waits for one destination. Each destination has a loop of its own, so that a dead one costs the others nothing: at most
 * `concurrency` exchanges at a time, one probe at a time while its circuit is open.
 */
export class DestinationLoop {
  readonly destination: Destination;
  readonly #deps: LoopDependencies;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #circuit: Circuit;
  #quiet = false;
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> | undefined;
  #again = false;

  /** @param wasOpen  the circuit was open when the last process stopped: begin with a probe */
  constructor(destination: Destination, deps: LoopDependencies, wasOpen = false) {
    this.destination = destination;
    this.#deps = deps;
    this.#log = deps.log.child({ destination: destination.name });
    this.#circuit = wasOpen ? { state: 'open', failures: deps.circuit.failuresToOpen, openings: 0, probeAt: 0 } : closedCircuit;
    deps.metrics.circuit(destination.name, wasOpen);
  }

  wake(): void {
    if (this.#quiet) return;
    this.#again = true;
    this.#filling ??= this.#fill().finally(() => (this.#filling = undefined));
  }

  /** Claims nothing more; exchanges under way go on. */
  quiesce(): void {
    this.#quiet = true;
    clearTimeout(this.#timer);
  }

  /** Waits for exchanges under way at most `deadlineMs`, then cuts them off; their messages are due again at once. */
  async stop(deadlineMs: number): Promise<void> {
    this.quiesce();
    await this.#filling;
    const cut = setTimeout(() => this.#stop.abort(new GatewayError('SHUTTING_DOWN', 'the gateway is stopping', { failure: 'transient' })), deadlineMs);
    await Promise.allSettled(this.#running);
    clearTimeout(cut);
    await this.destination.close();
  }

  async #fill(): Promise<void> {
    while (this.#again && !this.#quiet) {
      this.#again = false;
      clearTimeout(this.#timer);
      let waitMs = this.#deps.pollMs;
      try {
        while (!this.#quiet && (await this.#sendNext()));
        waitMs = await this.#untilNext();
      } catch (thrown) {
        const error = asGatewayError(thrown);
        this.#log.error('delivery.claim-failed', { code: error.code, message: error.message, ...error.context });
      }
      if (!this.#quiet) this.#timer = setTimeout(() => this.wake(), waitMs);
    }
  }

  /** Starts one exchange. False: nothing is due, or no more may leave now. */
  async #sendNext(): Promise<boolean> {
    const { database, clock, owner, leaseMs } = this.#deps;
    const now = clock.now();
    const admitted = admission(this.#circuit, now);
    if (admitted === 'none' || this.#running.size >= (admitted === 'probe' ? 1 : this.destination.concurrency)) return false;
    const messages = await claimOutbox(database, {
      destination: this.destination.name,
      owner,
      limit: admitted === 'probe' ? 1 : this.destination.batchSize,
      leaseUntil: new Date(now + leaseMs),
      // The circuit knows best when to try a destination again; the back-off of a single message is for one that fails alone.
      dueBy: admitted === 'probe' ? FAR_FUTURE : new Date(now),
      at: new Date(now),
    });
    if (messages.length === 0) return false;
    const run = this.#exchange(messages).finally(() => {
      this.#running.delete(run);
      this.wake();
    });
    this.#running.add(run);
    return true;
  }

  async #exchange(messages: readonly LeasedMessage[]): Promise<void> {
    const heartbeat = setInterval(() => void this.#renew(messages), this.#deps.leaseMs / 3);
    try {
      const payloads = await loadPayloads(this.#deps.database, this.#deps.segments, messages);
      const began = this.#deps.clock.monotonic();
      const outcomes = await this.#deliver(payloads);
      this.#deps.metrics.exchanged(this.destination.name, (this.#deps.clock.monotonic() - began) / 1_000, outcomes);
      await this.#record(messages.map((message, index) => ({ message, outcome: outcomes[index]!, ...subjectOf(payloads[index]) })));
    } catch (thrown) {
      // Nothing could be written down: the lease ends by itself and the messages come back.
      const error = asGatewayError(thrown);
      this.#log.error('delivery.not-recorded', { code: error.code, message: error.message, ...error.context });
    } finally {
      clearInterval(heartbeat);
    }
  }

  /** One outcome per payload, in order, whatever happens. */
  async #deliver(payloads: readonly (Payload | undefined)[]): Promise<DeliveryOutcome[]> {
    const present = payloads.filter((payload) => payload !== undefined);
    const outcomes = present.length === 0 ? [] : await this.#deliverBatch(present);
    let next = 0;
    return payloads.map((payload) => (payload === undefined ? gone : (outcomes[next++] ?? forgotten)));
  }

  async #deliverBatch(payloads: readonly Payload[]): Promise<readonly DeliveryOutcome[]> {
    try {
      return await this.destination.deliver(payloads, this.#stop.signal);
    } catch (thrown) {
      const error = asGatewayError(thrown);
      this.#log.error('delivery.threw', { code: error.code, message: error.message, ...error.context });
      if (payloads.length === 1) return [{ kind: 'failed', failure: error.code === 'UNEXPECTED' ? 'ambiguous' : error.failure, code: error.code, message: `could not be sent: ${error.message}`, peerIsAtFault: false }];
      // One object of the batch cannot be read or written; the others must not share its fate.
      const outcomes: DeliveryOutcome[] = [];
      for (const payload of payloads) outcomes.push(...(await this.#deliverBatch([payload])));
      return outcomes;
    }
  }

  async #record(batch: readonly Delivered[]): Promise<void> {
    const { clock, owner, random, retry } = this.#deps;
    const stopping = this.#stop.signal.aborted;
    const at = new Date(clock.now());
    const before = this.#circuit;
    const after = stopping ? before : this.#nextCircuit(batch.map((delivered) => delivered.outcome), at.getTime());
    // Set before the first await: exchanges that end together must each count.
    this.#circuit = after;
    this.#deps.metrics.circuit(this.destination.name, after.state === 'open');
    const failure = batch.map((delivered) => delivered.outcome).find((outcome): outcome is DeliveryFailure => outcome.kind === 'failed' && outcome.peerIsAtFault);
    try {
      await this.#persistently(async (tx) => {
        await recordOutcomes(tx, batch, { owner, policy: retry, random, at, stopping });
        await recordCircuit(tx, { destination: this.destination.name, before, after, failure: failure ?? null, at });
      });
    } catch (thrown) {
      // The rows do not know of the change: let the next exchange bring it again.
      if (this.#circuit === after) this.#circuit = before;
      throw thrown;
    }
    for (const { message, outcome } of batch) this.#say(message, outcome);
  }

  /** The peer has answered: a database that is away for a moment must not make us send again. Gives up when the lease must be over. */
  async #persistently(work: (tx: Tx) => Promise<void>): Promise<void> {
    const giveUpAt = this.#deps.clock.monotonic() + this.#deps.leaseMs;
    for (let wait = 200; ; wait *= 2) {
      try {
        return await this.#deps.database.transaction(work);
      } catch (thrown) {
        if (asGatewayError(thrown).failure === 'permanent' || this.#deps.clock.monotonic() + wait > giveUpAt || this.#stop.signal.aborted) throw thrown;
        await delay(wait, this.#stop.signal);
      }
    }
  }

  #nextCircuit(outcomes: readonly DeliveryOutcome[], now: number): Circuit {
    const failures = outcomes.filter((outcome): outcome is DeliveryFailure => outcome.kind === 'failed' && outcome.peerIsAtFault);
    if (failures.length < outcomes.length) return afterAnswer();
    const asked = failures.map((failure) => failure.retryAfterMs).filter((ms) => ms !== undefined);
    return afterFailure(this.#circuit, now, this.#deps.random(), asked.length === 0 ? undefined : Math.max(...asked), this.#deps.circuit);
  }

  async #renew(messages: readonly LeasedMessage[]): Promise<void> {
    const { database, clock, owner, leaseMs } = this.#deps;
    try {
      await renewOutboxLeases(database, messages.map((message) => message.id), owner, new Date(clock.now() + leaseMs));
    } catch (thrown) {
      // A missed heartbeat is not a lost lease: the next one may get through before the lease ends.
      this.#log.warn('delivery.heartbeat-failed', { code: asGatewayError(thrown).code });
    }
  }

  /** Milliseconds until there may be something to do: a message due, or a probe. Never longer than the slow poll. */
  async #untilNext(): Promise<number> {
    const { database, clock, pollMs } = this.#deps;
    const due = await nextDueAt(database, this.destination.name);
    if (due === undefined) return pollMs;
    const at = this.#circuit.state === 'open' ? this.#circuit.probeAt : due.getTime();
    return Math.min(pollMs, Math.max(20, at - clock.now()));
  }

  #say(message: LeasedMessage, outcome: DeliveryOutcome): void {
    const facts = { messageId: message.id, attempt: message.attempts, status: outcome.status ?? null };
    if (outcome.kind === 'delivered') this.#log.info('delivery.delivered', facts);
    else this.#log[outcome.failure === 'permanent' ? 'error' : 'warn']('delivery.failed', { ...facts, code: outcome.code, failure: outcome.failure, message: outcome.message });
  }
}

const FAR_FUTURE = new Date(Date.UTC(9999, 0));

const gone: DeliveryFailure = { kind: 'failed', failure: 'permanent', code: 'PAYLOAD_GONE', message: 'is waiting for an object that is no longer stored', peerIsAtFault: false };
const forgotten: DeliveryFailure = { kind: 'failed', failure: 'ambiguous', code: 'PEER_NO_OUTCOME', message: 'gave no outcome', peerIsAtFault: true };

function subjectOf(payload: Payload | undefined): { subject: string; mediaType: string } {
  if (payload === undefined) return { subject: '', mediaType: 'application/dicom' };
  return { subject: payload.mediaType === 'application/dicom' ? payload.sopInstanceUid : payload.name, mediaType: payload.mediaType };
}
