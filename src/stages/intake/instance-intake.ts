import type { Clock } from '../../foundation/clock.ts';
import { delay } from '../../foundation/deadline.ts';
import type { Log } from '../../foundation/log.ts';
import type { Metrics } from '../../foundation/metrics.ts';
import type { ScanLimits } from '../../standards/dicom/header-scan.ts';
import type { Database } from '../../store/database.ts';
import { FIRST_RECORD } from '../../store/segments/record-format.ts';
import { SegmentWriter, type SegmentWriterOptions } from '../../store/segments/segment-writer.ts';
import { SegmentReader } from '../../store/segments/segment-reader.ts';
import { ArrivalGroups } from './arrival-groups.ts';
import type { ArrivedRecord } from './decide-batch.ts';
import { IncomingRecord, refusedInstance } from './incoming-record.ts';
import { Indexer } from './indexer.ts';
import { intakeMetrics, type IntakeMetrics } from './intake-metrics.ts';
import { KnownContents } from './known-contents.ts';
import type { ArrivalGroup, IncomingInstance, InstanceArrival, InstanceReceiver } from './receive-instance.ts';
import { SpaceAlert } from './space-alert.ts';
import { isCopyOfStored } from './stored-copy.ts';

export interface InstanceIntakeOptions {
  readonly database: Database;
  /** Which protocol this process alone speaks: groups of it that are open at start were left by a kill. */
  readonly protocol: 'dimse' | 'stow';
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Folder, writer name and sizes of the segments. */
  readonly segments: Omit<SegmentWriterOptions, 'clock' | 'log' | 'onSpaceChange'>;
  /** What the header of an instance may hold; more is quarantined. Default: 128 nested sequences, no limit of lengths. */
  readonly limits?: Partial<ScanLimits>;
  /** How long the end of an association may wait for the index; default 5,000 ms. */
  readonly settleMs?: number;
  /** More records than this without a row (PostgreSQL away too long): no new instances; default 2,000,000. */
  readonly maxLag?: number;
  /** Records kept in memory for the index; default 5,000. */
  readonly maxQueued?: number;
}

/**
 * Takes instances in: bytes into segments, an answer when they are durable, rows into the index soon after (ADR 0003). Used by the
 * DIMSE and the STOW-RS edge, one per process.
 */
export class InstanceIntake implements InstanceReceiver {
  readonly #options: InstanceIntakeOptions;
  readonly #writer: SegmentWriter;
  readonly #groups: ArrivalGroups;
  readonly #indexer: Indexer;
  readonly #known: KnownContents;
  readonly #metrics: IntakeMetrics;
  readonly #space: SpaceAlert;
  readonly #segments: SegmentReader;

  private constructor(options: InstanceIntakeOptions, writer: SegmentWriter, space: SpaceAlert) {
    const { database, protocol, clock, log } = options;
    this.#options = options;
    this.#writer = writer;
    this.#space = space;
    this.#segments = new SegmentReader(options.segments.folder);
    this.#groups = new ArrivalGroups(clock);
    this.#metrics = intakeMetrics(options.metrics, { writer, lag: () => this.lag, groups: () => this.#groups.size });
    this.#indexer = new Indexer({
      database, groups: this.#groups, folder: writer.place, writer: writer.writer, protocol, clock, log, onIndexed: (indexed) => this.#metrics.indexed(indexed),
      ...(options.maxQueued === undefined ? {} : { maxQueued: options.maxQueued }),
    });
    this.#known = new KnownContents({ database });
  }

  /**
   * Opens the segments and begins to index what earlier processes left; `recovered` says when that is done.
   *
   * Errors: `STORE_LOCKED` (transient), `STORE_NOT_DURABLE` (permanent).
   */
  static async start(options: InstanceIntakeOptions): Promise<InstanceIntake> {
    const { database, clock, log } = options;
    const space = new SpaceAlert({ database, writer: options.segments.writer, clock, log });
    const writer = await SegmentWriter.open({ ...options.segments, clock, log, onSpaceChange: (state, freeBytes) => space.become(state, freeBytes) });
    const intake = new InstanceIntake(options, writer, space);
    intake.#indexer.start(writer.found.map(({ segment, end }) => ({ segment, from: FIRST_RECORD, to: end, isRecovery: true })));
    return intake;
  }

  /** False = accept no new associations and requests: the disk is nearly full, or the index lags too far. */
  hasRoom(): boolean {
    return this.#writer.space === 'ample' && this.lag <= this.#maxLag;
  }

  /** True once everything that was durable at start is indexed. */
  get recovered(): boolean {
    return this.#indexer.recovered;
  }

  /** Durable records without a row yet. */
  get lag(): number {
    return this.#indexer.lag;
  }

  get writer(): SegmentWriter {
    return this.#writer;
  }

  opened(group: ArrivalGroup): void {
    this.#groups.opened(group);
  }

  begin(arrival: InstanceArrival): IncomingInstance {
    const group = this.#groups.get(arrival.groupId);
    if (group === undefined) return refusedInstance({ kind: 'refused', reason: 'processing-failure', comment: 'its group is not open' });
    if (this.#writer.space === 'full') return this.#refused('no space left');
    if (this.lag > this.#maxLag) return this.#refused('the index lags too far behind');
    const { clock, log, limits } = this.#options;
    return new IncomingRecord({
      sink: this.#writer.newRecord(), group, arrival, known: this.#known, clock, log,
      ...(limits === undefined ? {} : { limits }),
      isCopy: (record) => isCopyOfStored(this.#options.database, this.#segments, this.#writer.writer, record),
      onDurable: (arrived) => this.#durable(arrived),
      onFailure: (error) => this.#failed(error),
    });
  }

  async settle(groupId: string, how: 'released' | 'aborted', signal: AbortSignal): Promise<void> {
    const settled = this.#groups.close(groupId, how);
    this.#indexer.poke();
    await endOf(settled, this.#options.settleMs ?? 5_000, signal);
  }

  /** Ends within `deadlineMs`; what is not indexed by then is found at the next start. */
  async stop(deadlineMs: number): Promise<void> {
    this.#space.stop();
    await this.#indexer.stop(deadlineMs);
    await this.#writer.close();
    this.#segments.close();
  }

  get #maxLag(): number {
    return this.#options.maxLag ?? 2_000_000;
  }

  #durable(arrived: ArrivedRecord): void {
    this.#metrics.durable(arrived.record);
    this.#groups.noteDurable(arrived.record.groupId);
    this.#indexer.add(arrived);
  }

  #failed(error: unknown): void {
    this.#metrics.failed();
    this.#writer.noteFailure(error);
  }

  #refused(comment: string): IncomingInstance {
    this.#metrics.failed();
    return refusedInstance({ kind: 'refused', reason: 'out-of-resources', comment });
  }
}

/** Resolves when `promise` does, after `ms`, or when `signal` aborts. */
async function endOf(promise: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  await Promise.race([promise, delay(ms, AbortSignal.any([signal, over.signal])).catch(() => undefined)]);
  over.abort();
}
