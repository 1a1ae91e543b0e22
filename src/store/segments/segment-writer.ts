import path from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { BlockPool } from './block-pool.ts';
import { isWriterName, type BlobAddress } from './blob-address.ts';
import { DiskSpace, type SpaceState } from './disk-space.ts';
import { openDurableFile, probeDurability, type Durability, type OpenDurableFile } from './durable-file.ts';
import { fileSystemFacts } from './file-system.ts';
import { GroupCommit } from './group-commit.ts';
import { RECORD_HEADER_BYTES, type RecordHeader } from './record-format.ts';
import { RecordSink } from './record-sink.ts';
import { SegmentFolder, type FoundSegment } from './segment-folder.ts';
import { WriterLock } from './writer-lock.ts';

const MiB = 1 << 20;
const DEFAULT_SEGMENT_BYTES = 256 * MiB;
const DEFAULT_LOW_BYTES = 1024 * MiB;
const SPARE_RETRY_MS = 30_000;

export interface SegmentWriterOptions {
  /** The store's `segments` folder; the writer has `<folder>/<writer>/` for itself. */
  readonly folder: string;
  readonly writer: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default 256 MiB. */
  readonly segmentBytes?: number;
  /** Zero-filled segments kept ready; default 2. */
  readonly spareSegments?: number;
  /** Memory for objects on their way to disk; default 48 MiB. */
  readonly memoryBytes?: number;
  /** Larger objects are written while they arrive; default 4 MiB. */
  readonly largeBytes?: number;
  /** Most bytes of one group commit; default 8 MiB. */
  readonly batchBytes?: number;
  /** Below this much free space no new senders are taken; default 1 GiB. */
  readonly lowBytes?: number;
  /** Below this much no new objects; default a quarter of lowBytes. */
  readonly fullBytes?: number;
  /** Refuse to open on a file system not known to be durable, instead of warning. */
  readonly requireDurable?: boolean;
  readonly onSpaceChange?: (state: SpaceState, freeBytes: number) => void;
  /** Default: what the file system can do. */
  readonly durability?: Durability;
  /** How files are opened; tests inject faults here. */
  readonly openFile?: OpenDurableFile;
}

/**
 * The only way bytes get into the store. Appends objects to this writer's segments; an object is acknowledged when it would survive a
 * power cut. Hold one per process and writer name.
 *
 * Errors of `open`: `STORE_LOCKED`, `STORE_NOT_DURABLE` (permanent).
 */
export class SegmentWriter {
  readonly writer: string;
  /** Folder of this writer's segments. */
  readonly place: string;
  readonly durability: Durability;
  /** Why the file system is not known to be durable; undefined when nothing speaks against it. */
  readonly doubt: string | undefined;
  readonly #lock: WriterLock;
  readonly #folder: SegmentFolder;
  readonly #pool: BlockPool;
  readonly #groupCommit: GroupCommit;
  readonly #space: DiskSpace;
  readonly #largeBytes: number;
  readonly #log: Log;
  readonly #clock: Clock;
  /** Spares are made only where they leave the low-water mark alone. */
  readonly #spareFloor: number;
  #largeRecords = 0;
  #noSparesBefore = 0;

  private constructor(options: SegmentWriterOptions, lock: WriterLock, folder: SegmentFolder, space: DiskSpace, facts: { durability: Durability; doubt: string | undefined }) {
    this.writer = options.writer;
    this.place = path.join(options.folder, options.writer);
    this.durability = facts.durability;
    this.doubt = facts.doubt;
    this.#lock = lock;
    this.#folder = folder;
    this.#space = space;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#spareFloor = (options.lowBytes ?? DEFAULT_LOW_BYTES) + (options.segmentBytes ?? DEFAULT_SEGMENT_BYTES);
    this.#largeBytes = Math.max(options.largeBytes ?? 4 * MiB, 256 * 1024);
    this.#pool = new BlockPool(options.memoryBytes ?? 48 * MiB);
    this.#groupCommit = new GroupCommit({ folder, batchBytes: options.batchBytes ?? 8 * MiB, onIdle: () => this.#wrote(), clock: options.clock });
  }

  static async open(options: SegmentWriterOptions): Promise<SegmentWriter> {
    if (!isWriterName(options.writer)) throw new RangeError('a writer has a plain lower-case name');
    const place = path.join(options.folder, options.writer);
    const lock = await WriterLock.acquire(place);
    try {
      const { doubt } = await fileSystemFacts(place);
      if (doubt !== undefined) {
        if (options.requireDurable === true) throw new GatewayError('STORE_NOT_DURABLE', `the store lies on a file system that is not known to be durable: ${doubt}`, { failure: 'permanent' });
        options.log.warn('store.not_durable', { writer: options.writer, doubt });
      }
      const durability = options.durability ?? (await probeDurability(place));
      const folder = new SegmentFolder({
        folder: place, writer: options.writer, durability, openFile: options.openFile ?? openDurableFile, clock: options.clock,
        segmentBytes: options.segmentBytes ?? DEFAULT_SEGMENT_BYTES, spareSegments: options.spareSegments ?? 2,
      });
      await folder.open();
      const lowBytes = options.lowBytes ?? DEFAULT_LOW_BYTES;
      const space = new DiskSpace({ facts: () => fileSystemFacts(place), lowBytes, fullBytes: options.fullBytes ?? lowBytes / 4, onChange: options.onSpaceChange ?? (() => undefined) });
      await space.look();
      const writer = new SegmentWriter(options, lock, folder, space, { durability, doubt });
      writer.#prepareSpares();
      return writer;
    } catch (thrown) {
      await lock.release();
      throw thrown;
    }
  }

  /** The segments of earlier processes: what is not indexed in them must be looked at again. */
  get found(): readonly FoundSegment[] {
    return this.#folder.found;
  }

  /** Begins one object. End it with `commit` or `abandon`. */
  newRecord(): RecordSink {
    return new RecordSink({
      pool: this.#pool,
      folder: this.#folder,
      groupCommit: this.#groupCommit,
      largeBytes: this.#largeBytes,
      countLarge: (change) => this.#countLarge(change),
      isWriting: () => !this.#groupCommit.isIdle,
    });
  }

  /** Tells the watch over the free space of an error that `commit` threw. */
  noteFailure(error: unknown): void {
    if (error instanceof GatewayError && error.code === 'STORE_FULL') this.#space.sawNoSpace();
  }

  get space(): SpaceState {
    return this.#space.state;
  }

  /** For metrics: what waits and what is used. */
  get load(): { readonly queuedRecords: number; readonly memoryBytes: number; readonly largeRecords: number; readonly spareSegments: number; readonly freeBytes: number; readonly batches: number; readonly records: number; readonly writingMs: number } {
    const { queued, batches, records, writingMs } = this.#groupCommit;
    return { queuedRecords: queued, memoryBytes: this.#pool.takenBytes, largeRecords: this.#largeRecords, spareSegments: this.#folder.spares, freeBytes: this.#space.freeBytes, batches, records, writingMs };
  }

  /** Resolves when the spare segments are ready, or could not be made; for benchmarks and tests. */
  async sparesReady(): Promise<void> {
    await this.#folder.prepareSpares().catch(() => undefined);
  }

  /** Waits for the objects under way, closes the files and lets go of the folder. */
  async close(): Promise<void> {
    this.#space.stop();
    await this.#groupCommit.close();
    await this.#folder.close();
    await this.#lock.release();
  }

  #countLarge(change: 1 | -1): void {
    this.#largeRecords += change;
    if (change === -1) this.#wrote();
  }

  /** A write ended: memory that nobody will give back must not keep sockets waiting, and a used spare is replaced. */
  #wrote(): void {
    if (this.#groupCommit.isIdle) this.#pool.stuck();
    this.#prepareSpares();
  }

  #prepareSpares(): void {
    if (this.#space.freeBytes < this.#spareFloor || this.#clock.monotonic() < this.#noSparesBefore) return;
    this.#folder.prepareSpares().catch((thrown: unknown) => {
      this.#noSparesBefore = this.#clock.monotonic() + SPARE_RETRY_MS;
      this.#log.warn('store.no_spare_segment', { writer: this.writer, code: (thrown as { code?: unknown }).code });
    });
  }
}

/** Where the data set of a record lies. */
export function addressOf(writer: string, header: RecordHeader): BlobAddress {
  return { writer, segment: header.segment, offset: header.offset + RECORD_HEADER_BYTES, length: header.dataLength };
}
