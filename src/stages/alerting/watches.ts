import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Gauge } from 'prom-client';
import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import type { Metrics } from '../../foundation/metrics.ts';
import { isAlertOpen, raiseAlert, resolveAlert } from '../../store/alert.ts';
import { verifyAuditChain } from '../../store/audit-chain.ts';
import type { Database } from '../../store/database.ts';
import { unprovenByDestination } from '../../store/ledger.ts';
import { checkAccount, type CheckAccountOptions, type SegmentCount } from './check-account.ts';

export interface WatchOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Destinations that prove what they took. */
  readonly proving: readonly string[];
  /** A delivery that is not proven for so long raises an alert, milliseconds. */
  readonly unprovenAfterMs: number;
  /** PEM files that are looked at for their end. */
  readonly certificates: readonly string[];
  readonly certificateDays: number;
  readonly account: Omit<CheckAccountOptions, 'database' | 'clock' | 'sealed'>;
}

const DAY_MS = 24 * 3_600_000;

/** Looks after what no event tells: deliveries that stay unproven, certificates that end, the audit chain, the nothing-lost account. */
export class Watches {
  readonly name = 'watches';
  readonly #options: WatchOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #sealed = new Map<string, SegmentCount>();
  readonly #unproven: Gauge;
  readonly #since: Gauge;
  readonly #unaccounted: Gauge;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
      (options.metrics.registry.getSingleMetric(name) as Gauge | undefined) ?? new Gauge({ name, help, labelNames, registers: [options.metrics.registry] });
    this.#unproven = gauge('isocenter_unproven_messages', 'Deliveries a destination answered for and has not proven', ['destination']);
    this.#since = gauge('isocenter_unproven_oldest_seconds', 'Time since the oldest delivery that is not proven was answered for', ['destination']);
    this.#unaccounted = gauge('isocenter_unaccounted', 'Faults of the last nothing-lost check; 0 = all that was acknowledged is accounted for');
  }

  async start(): Promise<void> {
    this.#every(5_000, 2_000, 'unproven', () => this.unproven());
    this.#every(600_000, 30_000, 'account', () => this.account());
    this.#every(6 * 3_600_000, 60_000, 'audit-chain', () => this.auditChain());
    this.#every(6 * 3_600_000, 5_000, 'certificates', () => this.certificates());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#running;
  }

  async unproven(): Promise<void> {
    const { database, clock, proving, unprovenAfterMs } = this.#options;
    const now = clock.now();
    const counts = await unprovenByDestination(database, proving);
    for (const destination of proving) {
      const { count, since } = counts.find((entry) => entry.destination === destination) ?? { count: 0, since: undefined };
      const age = since === undefined ? 0 : now - since.getTime();
      this.#unproven.set({ destination }, count);
      this.#since.set({ destination }, age / 1_000);
      const dedupeKey = `unproven:${destination}`;
      const at = new Date(now);
      if (age < unprovenAfterMs) await resolveAlert(database, dedupeKey, at);
      else if (!(await isAlertOpen(database, dedupeKey))) {
        await raiseAlert(database, {
          kind: 'UNPROVEN', severity: 'warning', dedupeKey,
          message: `${destination} answered for ${count} objects and has not proven that it keeps them, the oldest since ${since!.toISOString().slice(0, 16)}Z`,
          advice: 'See at the destination whether the objects are there (isocenter ledger names them). If they are, look why it does not commit; if not, send them again by hand.',
          detail: { destination, count }, at,
        });
      }
    }
  }

  async account(): Promise<void> {
    const { database, clock } = this.#options;
    const report = await checkAccount({ ...this.#options.account, database, clock, sealed: this.#sealed });
    this.#unaccounted.set(report.faults.length);
    const at = new Date(clock.now());
    if (report.faults.length === 0) return resolveAlert(database, 'unaccounted', at);
    const kinds = [...new Set(report.faults.map((fault) => fault.kind))].sort();
    await raiseAlert(database, {
      kind: 'UNACCOUNTED', severity: 'critical', dedupeKey: 'unaccounted',
      message: `something that was acknowledged or made is not accounted for: ${kinds.join(', ')}`,
      advice: 'isocenter ledger --check names each; isocenter store check repairs the index. Keep the data folder as it is until it is explained.',
      detail: { faults: report.faults.slice(0, 20) }, at,
    });
  }

  async auditChain(): Promise<void> {
    const { database, clock } = this.#options;
    const { faults } = await verifyAuditChain(database);
    const at = new Date(clock.now());
    if (faults.length === 0) return resolveAlert(database, 'audit-chain', at);
    await raiseAlert(database, {
      kind: 'AUDIT_CHAIN_BROKEN', severity: 'critical', dedupeKey: 'audit-chain',
      message: 'the hash chain of the audit log does not hold: rows were changed, removed or put in',
      advice: 'isocenter audit verify names the rows. Treat it as an incident: find out who had access to the database, compare with a backup.',
      detail: { faults: faults.slice(0, 5) }, at,
    });
  }

  async certificates(): Promise<void> {
    const { database, clock, certificateDays } = this.#options;
    const now = clock.now();
    for (const file of this.#options.certificates) {
      const dedupeKey = `certificate:${file}`;
      const ends = await endOf(file);
      if (ends === undefined || ends - now >= certificateDays * DAY_MS) {
        await resolveAlert(database, dedupeKey, new Date(now));
        continue;
      }
      if (await isAlertOpen(database, dedupeKey)) continue;
      await raiseAlert(database, {
        kind: 'CERTIFICATE_EXPIRING', severity: ends <= now ? 'critical' : 'warning', dedupeKey,
        message: `the certificate in ${file} ${ends <= now ? 'has expired' : 'expires'} on ${new Date(ends).toISOString().slice(0, 10)}`,
        advice: 'Put a new certificate in its place, then reload (SIGHUP) or restart the gateway.',
        detail: { file }, at: new Date(now),
      });
    }
  }

  /** One watch at a time: none is in a hurry, and together they must not fill the pool. */
  #every(ms: number, firstMs: number, watch: string, work: () => Promise<void>): void {
    const index = this.#timers.length;
    const again = (): void => {
      this.#running = this.#running
        .then(work)
        .catch((thrown: unknown) => this.#options.log.warn('alerting.watch-failed', { watch, code: asGatewayError(thrown).code }))
        .finally(() => {
          if (!this.#stopped) this.#timers[index] = setTimeout(again, ms).unref();
        });
    };
    this.#timers[index] = setTimeout(again, firstMs).unref();
  }
}

/** When the first certificate that ends in a PEM file does; undefined when there is none to read. */
async function endOf(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const ends = [...text.matchAll(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)].flatMap(([pem]) => {
    try {
      return [Date.parse(new X509Certificate(pem).validTo)];
    } catch {
      return [];
    }
  });
  return ends.length === 0 ? undefined : Math.min(...ends);
}
