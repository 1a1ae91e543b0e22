import { AggregatorRegistry, Registry } from 'prom-client';
import type { Metrics } from '../foundation/metrics.ts';
import type { Role } from './ipc.ts';

/** The metrics of all processes of a gateway, as /metrics shows them. Counters and gauges of one name are summed. */
export class SharedMetrics {
  readonly #own: Metrics;
  readonly #others = new Map<Role, object[]>();

  constructor(own: Metrics) {
    this.#own = own;
  }

  /** What this process reports to the others. */
  report(): Promise<object[]> {
    return this.#own.registry.getMetricsAsJSON();
  }

  take(role: Role, metrics: unknown): void {
    if (Array.isArray(metrics)) this.#others.set(role, metrics as object[]);
  }

  async text(): Promise<{ contentType: string; text: string }> {
    const all = [await this.report(), ...this.#others.values()];
    const merged = AggregatorRegistry.aggregate(all);
    return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text: await merged.metrics() };
  }
}
