import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Prometheus metrics of one process. Names carry their unit (`_seconds`, `_bytes`, `_total`); labels never hold a UID or patient data. */
export class Metrics {
  readonly registry = new Registry();

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return (this.#existing(name) as Counter | undefined) ?? new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** `read`, when given, is asked at every scrape. */
  gauge(name: string, help: string, read?: () => number): Gauge {
    const existing = this.#existing(name) as Gauge | undefined;
    if (existing) return existing;
    const collect = read === undefined ? {} : { collect(this: Gauge) { this.set(read()); } };
    return new Gauge({ name, help, registers: [this.registry], ...collect });
  }

  histogram(name: string, help: string, buckets: readonly number[], labelNames: readonly string[] = []): Histogram {
    return (this.#existing(name) as Histogram | undefined) ?? new Histogram({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [this.registry] });
  }

  #existing(name: string): unknown {
    return this.registry.getSingleMetric(name);
  }
}
