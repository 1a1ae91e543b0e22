import type { Destination } from '../../destinations/destination.ts';
import { defaultCircuitPolicy, type CircuitPolicy } from '../../domain/circuit.ts';
import { defaultRetryPolicy, type RetryPolicy } from '../../domain/retry.ts';
import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import type { Metrics } from '../../foundation/metrics.ts';
import type { Database } from '../../store/database.ts';
import { destinationStates } from '../../store/destination-state.ts';
import { takeBackOutbox, unfinishedDeliveries } from '../../store/outbox.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { DestinationLoop } from './destination-loop.ts';

export interface DeliveryDependencies {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Names this process in leases; the same after a restart, so that it takes its own messages back at once. */
  readonly owner: string;
  readonly destinations: readonly Destination[];
  /** In [0, 1), for jitter; Math.random unless told. */
  readonly random?: () => number;
  readonly retry?: RetryPolicy;
  readonly circuit?: CircuitPolicy;
  /** At most 30 s; renewed three times as often. */
  readonly leaseMs?: number;
  /** Slow poll beside LISTEN. */
  readonly pollMs?: number;
}

const LEASE_MS = 30_000;
const POLL_MS = 5_000;

/** Hands the outbox over to the destinations, each at its own pace. */
export class DeliveryStage {
  readonly name = 'delivery';
  readonly #deps: DeliveryDependencies;
  readonly #metrics: DeliveryMetrics;
  #loops: readonly DestinationLoop[] = [];
  #stopListening: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(deps: DeliveryDependencies) {
    this.#deps = deps;
    this.#metrics = new DeliveryMetrics(deps.metrics);
  }

  async start(): Promise<void> {
    const { database, clock, owner, destinations, random, retry, circuit, leaseMs, pollMs } = this.#deps;
    await takeBackOutbox(database, owner, new Date(clock.now()));
    const open = new Set((await destinationStates(database)).filter((state) => state.circuit === 'open').map((state) => state.destination));
    const shared = {
      ...this.#deps,
      metrics: this.#metrics,
      random: random ?? Math.random,
      retry: retry ?? defaultRetryPolicy,
      circuit: circuit ?? defaultCircuitPolicy,
      leaseMs: leaseMs ?? LEASE_MS,
      pollMs: pollMs ?? POLL_MS,
    };
    this.#loops = destinations.map((destination) => new DestinationLoop(destination, shared, open.has(destination.name)));
    this.#stopListening = database.listen('isocenter_outbox', (payload) => this.#wake(payload));
    this.#timer = setInterval(() => {
      this.#sweeping = this.#sweep();
    }, shared.pollMs);
    this.#wake('');
  }

  quiesce(): void {
    for (const loop of this.#loops) loop.quiesce();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.quiesce();
    clearInterval(this.#timer);
    await this.#stopListening?.();
    await Promise.all([this.#sweeping, ...this.#loops.map((loop) => loop.stop(deadlineMs))]);
  }

  /** @param payload a destination's name, or empty for all */
  #wake(payload: string): void {
    for (const loop of this.#loops) if (payload === '' || payload === loop.destination.name) loop.wake();
  }

  /** Takes back what other processes lost, and counts what waits. */
  async #sweep(): Promise<void> {
    const { database, clock, log } = this.#deps;
    try {
      const lost = await takeBackOutbox(database, null, new Date(clock.now()));
      for (const name of new Set(lost.map((message) => message.destination))) this.#wake(name);
      this.#metrics.waiting(await unfinishedDeliveries(database), clock.now());
    } catch (thrown) {
      log.warn('delivery.sweep-failed', { code: asGatewayError(thrown).code });
    }
  }
}
