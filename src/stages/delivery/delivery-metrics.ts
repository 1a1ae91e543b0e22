import { Gauge, type Counter, type Histogram } from 'prom-client';
import type { DeliveryOutcome } from '../../domain/delivery.ts';
import type { Metrics } from '../../foundation/metrics.ts';
import type { WaitingCount } from '../../store/outbox.ts';

/** What operators watch of delivery. Labels are names out of the configuration, never UIDs. */
export class DeliveryMetrics {
  readonly #attempts: Counter;
  readonly #seconds: Histogram;
  readonly #waiting: Gauge;
  readonly #oldest: Gauge;
  readonly #open: Gauge;

  constructor(metrics: Metrics) {
    this.#attempts = metrics.counter('isocenter_delivery_attempts_total', 'Objects handed to a destination, by what came of it', ['destination', 'outcome']);
    this.#seconds = metrics.histogram('isocenter_delivery_exchange_seconds', 'One exchange with a destination, whatever its size', [0.05, 0.2, 1, 5, 20, 60, 300], ['destination']);
    const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
      (metrics.registry.getSingleMetric(name) as Gauge | undefined) ?? new Gauge({ name, help, labelNames, registers: [metrics.registry] });
    this.#waiting = gauge('isocenter_outbox_messages', 'Objects not delivered yet', ['destination', 'state']);
    this.#oldest = gauge('isocenter_outbox_oldest_seconds', 'Age of the oldest object not delivered yet', ['destination', 'state']);
    this.#open = gauge('isocenter_delivery_circuit_open', '1 while a destination is not being sent to', ['destination']);
  }

  exchanged(destination: string, seconds: number, outcomes: readonly DeliveryOutcome[]): void {
    this.#seconds.observe({ destination }, seconds);
    for (const outcome of outcomes) this.#attempts.inc({ destination, outcome: outcome.kind === 'delivered' ? 'delivered' : outcome.failure });
  }

  circuit(destination: string, open: boolean): void {
    this.#open.set({ destination }, open ? 1 : 0);
  }

  waiting(counts: readonly WaitingCount[], now: number): void {
    this.#waiting.reset();
    this.#oldest.reset();
    for (const { destination, state, count, oldest_at: oldestAt } of counts) {
      this.#waiting.set({ destination, state }, count);
      this.#oldest.set({ destination, state }, Math.max(0, (now - oldestAt.getTime()) / 1_000));
    }
  }
}
