import type { Clock } from '../../foundation/clock.ts';
import { delay } from '../../foundation/deadline.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { closeOrphanGroups, type GroupArrival } from '../../store/arrival.ts';
import { isUniqueViolation, type Database } from '../../store/database.ts';
import { watermarksOf, type SegmentWatermark } from '../../store/segment-index.ts';
import { recordBytes } from '../../store/segments/record-format.ts';
import type { ArrivalGroups } from './arrival-groups.ts';
import { readBacklog, type BacklogStretch } from './backlog.ts';
import type { ArrivedRecord } from './decide-batch.ts';
import { indexBatch, type IndexedBatch } from './index-batch.ts';

export interface IndexerOptions {
  readonly database: Database;
  readonly groups: ArrivalGroups;
  /** Folder of the writer's segments. */
  readonly folder: string;
  readonly writer: string;
  readonly protocol: 'dimse' | 'stow';
  readonly clock: Clock;
  readonly log: Log;
  readonly onIndexed?: (indexed: IndexedBatch) => void;
  /** Records kept in memory for the index; more are read back from the segments later. Default 5,000. */
  readonly maxQueued?: number;
  readonly batchRecords?: number;
  /** How long a lone record waits for others to share its transaction; default 40 ms. */
  readonly lingerMs?: number;
}

/**
 * Brings durable records into PostgreSQL, in batches, in the background. While PostgreSQL is away it waits and tries again; what does
 * not fit its bounded queue meanwhile is read back from the segments.
 *
 * Order: records of one segment are marked as indexed in their order, so that after a kill everything behind the mark, and only that,
 * is looked at again.
 */
export class Indexer {
  readonly #options: IndexerOptions;
  readonly #maxQueued: number;
  readonly #batchRecords: number;
  #queue: ArrivedRecord[] = [];
  /** What an earlier process left; done before `recovered` resolves. */
  #recovery: BacklogStretch[] = [];
  /** What did not fit the queue. While there is any, new records join it, so that none is counted twice. */
  readonly #overflow = new Map<number, BacklogStretch>();
  #overflowed = 0;
  #wake: (() => void) | undefined;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isAway = false;
  /** The last attempt of a batch may have been committed without an answer. */
  #mayBeKnown = false;
  #recovered = false;

  constructor(options: IndexerOptions) {
    this.#options = options;
    this.#maxQueued = options.maxQueued ?? 5_000;
    this.#batchRecords = options.batchRecords ?? 500;
  }

  /** Durable records without a row yet, as far as this process knows. */
  get lag(): number {
    return this.#queue.length + this.#overflowed;
  }

  /** True once everything that earlier processes left is indexed. */
  get recovered(): boolean {
    return this.#recovered;
  }

  /** True while PostgreSQL does not answer. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** @param stretches  what lies in the segments at start; what is indexed already is found out first */
  start(stretches: readonly BacklogStretch[]): void {
    this.#recovery = [...stretches];
    this.#running = this.#run();
  }

  /** A record became durable. */
  add(arrived: ArrivedRecord): void {
    if (this.#overflow.size === 0 && this.#queue.length < this.#maxQueued) this.#queue.push(arrived);
    else this.#spill(arrived);
    this.poke();
  }

  /** There is something to do: records, or a group that ended. */
  poke(): void {
    this.#wake?.();
  }

  /** Indexes what is queued if PostgreSQL answers before `deadlineMs`; the rest is found again at the next start. */
  async stop(deadlineMs: number): Promise<void> {
    const deadline = this.#options.clock.monotonic() + deadlineMs;
    while (this.lag > 0 && !this.#isAway && this.#options.clock.monotonic() < deadline) await delay(10);
    this.#stopping.abort();
    this.poke();
    await this.#running;
  }

  #spill(arrived: ArrivedRecord): void {
    const { segment, offset, dataLength } = arrived.record;
    const to = offset + recordBytes(dataLength);
    const stretch = this.#overflow.get(segment);
    if (stretch === undefined) this.#overflow.set(segment, { segment, from: offset, to, isRecovery: false });
    else stretch.to = Math.max(stretch.to, to);
    this.#overflowed += 1;
  }

  async #run(): Promise<void> {
    if (!(await this.#prepareRecovery())) return;
    while (!this.#stopping.signal.aborted) {
      await this.#somethingToDo();
      if (this.#queue.length > 0 || this.#options.groups.hasClosing) await this.#indexQueued();
      const stretch = this.#recovery[0] ?? this.#overflow.values().next().value;
      if (stretch !== undefined) await this.#indexStretch(stretch);
      this.#recovered ||= this.#recovery.length === 0 && !this.#stopping.signal.aborted;
    }
  }

  /** Forgets the part of the stretches that is indexed, closes groups that a kill left open. False when stopped before that. */
  async #prepareRecovery(): Promise<boolean> {
    const { database, writer, protocol, clock } = this.#options;
    const outcome = await this.#untilDone(async () => {
      await closeOrphanGroups(database, protocol, new Date(clock.now()));
      const marks = await watermarksOf(database, writer);
      for (const stretch of this.#recovery) stretch.from = Math.max(stretch.from, marks.get(stretch.segment) ?? 0);
      this.#recovery = this.#recovery.filter((stretch) => stretch.from < stretch.to);
    });
    this.#recovered = outcome === 'done' && this.#recovery.length === 0;
    return outcome !== 'stopped';
  }

  async #somethingToDo(): Promise<void> {
    const { groups, lingerMs = 40 } = this.#options;
    const isUrgent = (): boolean => this.#queue.length >= this.#batchRecords || groups.hasClosing || this.#recovery.length + this.#overflow.size > 0 || this.#stopping.signal.aborted;
    while (this.#queue.length === 0 && !isUrgent()) await this.#woken();
    if (isUrgent()) return;
    const linger = new AbortController();
    const timer = delay(lingerMs, linger.signal).then(() => true, () => true);
    while (!isUrgent() && !(await Promise.race([timer, this.#woken().then(() => false)])));
    linger.abort();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #indexQueued(): Promise<void> {
    const records = this.#queue.slice(0, this.#batchRecords);
    if (!(await this.#indexRecords(records, false))) return;
    this.#queue = this.#queue.slice(records.length);
  }

  /** Indexes one stretch to its end, or to what it was when it was begun. */
  async #indexStretch(stretch: BacklogStretch): Promise<void> {
    try {
      for await (const { records, upTo } of readBacklog({ ...stretch }, { folder: this.#options.folder, log: this.#options.log, batchRecords: this.#batchRecords })) {
        if (!(await this.#indexRecords(records, stretch.isRecovery, { segment: stretch.segment, indexedTo: upTo }))) return;
        stretch.from = upTo;
        if (!stretch.isRecovery) this.#overflowed = Math.max(0, this.#overflowed - records.length);
        // Senders that wait for their association to settle are not kept waiting by a long backlog.
        if (this.#queue.length > 0 && stretch.isRecovery) await this.#indexQueued();
      }
    } catch (thrown) {
      this.#options.log.error('indexer.backlog_unreadable', { segment: stretch.segment, code: asGatewayError(thrown).code });
      await delay(1_000, this.#stopping.signal).catch(() => undefined);
      return;
    }
    if (stretch.from < stretch.to) return;
    if (stretch.isRecovery) this.#recovery = this.#recovery.filter((one) => one !== stretch);
    else this.#overflow.delete(stretch.segment);
    if (this.#overflow.size === 0) this.#overflowed = 0;
  }

  /** One batch, repeated until it is in. False when stopped before. */
  async #indexRecords(records: readonly ArrivedRecord[], mayBeKnown: boolean, mark?: SegmentWatermark): Promise<boolean> {
    const { groups, writer, clock, database } = this.#options;
    let rows: readonly GroupArrival[] = [];
    const outcome = await this.#untilDone(async () => {
      rows = groups.rowsFor(records);
      const watermarks = mark === undefined ? this.#marksOf(records) : [mark];
      if (records.length + rows.length + watermarks.length === 0) return;
      const batch = { writer, records, groups: rows, watermarks, mayBeKnown: mayBeKnown || this.#mayBeKnown, at: new Date(clock.now()) };
      const indexed = await database.transaction((tx) => indexBatch(tx, batch));
      this.#options.onIndexed?.(indexed);
    });
    if (outcome === 'stopped') return false;
    if (outcome === 'refused' && records.length > 1) return this.#inHalves(records);
    // A single record that PostgreSQL refuses for good must not stop the others; its bytes stay, and `store check` names it.
    groups.noteIndexed(records);
    groups.noteClosed(rows);
    return true;
  }

  async #inHalves(records: readonly ArrivedRecord[]): Promise<boolean> {
    const middle = records.length >> 1;
    return (await this.#indexRecords(records.slice(0, middle), true)) && (await this.#indexRecords(records.slice(middle), true));
  }

  /** Marks of the segments these records lie in; none where an older stretch is still to be done. */
  #marksOf(records: readonly ArrivedRecord[]): SegmentWatermark[] {
    const marks = new Map<number, number>();
    for (const { record } of records) marks.set(record.segment, Math.max(marks.get(record.segment) ?? 0, record.offset + recordBytes(record.dataLength)));
    const open = new Set([...this.#recovery.map((stretch) => stretch.segment), ...this.#overflow.keys()]);
    return [...marks].filter(([segment]) => !open.has(segment)).map(([segment, indexedTo]) => ({ segment, indexedTo }));
  }

  /** Tries until it works, PostgreSQL's absence included. `refused`: it can never work. */
  async #untilDone(work: () => Promise<void>): Promise<'done' | 'refused' | 'stopped'> {
    for (let pause = 50; !this.#stopping.signal.aborted; pause = Math.min(pause * 2, 2_000)) {
      try {
        await work();
        if (this.#isAway) this.#options.log.info('indexer.database_back', { lag: this.lag });
        this.#isAway = false;
        this.#mayBeKnown = false;
        return 'done';
      } catch (thrown) {
        const error = asGatewayError(thrown);
        this.#mayBeKnown = true;
        // Another writer stored the same UID in this moment: the next attempt sees it.
        const isRace = isUniqueViolation(error);
        if (error.failure === 'permanent' && !isRace) {
          this.#options.log.error('indexer.refused', { code: error.code, ...error.context });
          return 'refused';
        }
        if (!this.#isAway && !isRace) this.#options.log.warn('indexer.database_away', { code: error.code });
        this.#isAway = !isRace;
        await delay(pause, this.#stopping.signal).catch(() => undefined);
      }
    }
    return 'stopped';
  }
}
