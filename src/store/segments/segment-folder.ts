import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { alignedMemory } from './aligned-memory.ts';
import { segmentFileName, segmentNumberOf } from './blob-address.ts';
import { syncFolder, type Durability, type DurableFile, type OpenDurableFile } from './durable-file.ts';
import { BLOCK, FIRST_RECORD, recordBytes, writeSegmentHeader, type SegmentHeader } from './record-format.ts';
import { SegmentScan } from './segment-scan.ts';

/** A segment that takes records. One record at a time is written to it, at `position`. */
export interface OpenSegment {
  readonly header: SegmentHeader;
  readonly file: DurableFile;
  /** Where the next record goes. */
  position: number;
  /** Bytes of the file that are written already (zeros count): beyond them the file system must allocate. */
  readonly preparedBytes: number;
}

/** A segment of an earlier process. */
export interface FoundSegment {
  readonly segment: number;
  /** No record begins at or behind this offset. */
  readonly end: number;
}

export interface SegmentFolderOptions {
  readonly folder: string;
  readonly writer: string;
  readonly durability: Durability;
  readonly openFile: OpenDurableFile;
  readonly clock: Clock;
  /** Segments are prepared this large; one large object may make its segment larger. */
  readonly segmentBytes: number;
  /** Zero-filled files kept ready: overwriting them is twice as fast as growing a file, and needs no space that may be gone. */
  readonly spareSegments: number;
}

const SPARE = '.spare';
const ZEROS_PER_WRITE = 4 << 20;

/** The segment files of one writer. Its caller holds the writer's lock. */
export class SegmentFolder {
  readonly #options: SegmentFolderOptions;
  readonly #idle: OpenSegment[] = [];
  readonly #spares: string[] = [];
  readonly #zeros = Buffer.from(alignedMemory(ZEROS_PER_WRITE));
  #lastNumber = 0;
  #preparing: Promise<void> | undefined;
  #stopped = false;
  readonly #found: FoundSegment[] = [];

  constructor(options: SegmentFolderOptions) {
    this.#options = options;
  }

  /** Finds spares, and the segments that still take records. */
  async open(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true });
    for (const name of (await readdir(this.#options.folder)).sort()) {
      const file = path.join(this.#options.folder, name);
      const number = segmentNumberOf(name);
      if (number !== undefined) await this.#adopt(file, number);
      else if (name.endsWith(SPARE)) this.#spares.push(file);
      // Drafts of segments and spares; those of the lock belong to whoever tries to take it this moment.
      else if (name.endsWith('.tmp') && !name.startsWith('LOCK')) await rm(file, { force: true });
    }
  }

  /** The segments that were there at `open`. */
  get found(): readonly FoundSegment[] {
    return this.#found;
  }

  get spares(): number {
    return this.#spares.length;
  }

  /** A segment for the caller alone, until `release` or `retire`. `bytes` is what is known to be needed; more may be written. */
  async lease(bytes: number): Promise<OpenSegment> {
    const fits = this.#idle.findIndex((segment) => this.fits(segment, bytes));
    if (fits >= 0) return this.#idle.splice(fits, 1)[0]!;
    return this.#create();
  }

  /** True when `bytes` more stay within the prepared size. */
  fits(segment: OpenSegment, bytes: number): boolean {
    return segment.position + bytes <= this.#options.segmentBytes;
  }

  /** Gives a segment back; a full one is sealed. */
  async release(segment: OpenSegment): Promise<void> {
    if (this.fits(segment, 16 * BLOCK)) this.#idle.push(segment);
    else await this.retire(segment);
  }

  /** Seals a segment for good, also one whose last write failed. */
  async retire(segment: OpenSegment): Promise<void> {
    try {
      await segment.file.write([headerBlock({ ...segment.header, sealed: true })], 0);
    } finally {
      await segment.file.close();
    }
  }

  /** Prepares spares in the background until there are enough; rejects with the system's error (ENOSPC). */
  prepareSpares(): Promise<void> {
    this.#preparing ??= this.#fillSpares().finally(() => {
      this.#preparing = undefined;
    });
    return this.#preparing;
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.#preparing?.catch(() => undefined);
    for (const segment of this.#idle.splice(0)) await segment.file.close();
  }

  async #adopt(file: string, number: number): Promise<void> {
    this.#lastNumber = Math.max(this.#lastNumber, number);
    const scan = await SegmentScan.open(file);
    if (scan === undefined) return;
    try {
      if (scan.header.segment !== number) return;
      if (scan.header.sealed) {
        this.#found.push({ segment: number, end: scan.size });
        return;
      }
      let position = FIRST_RECORD;
      for await (const { header } of scan.records()) position = Math.max(position, header.offset + recordBytes(header.dataLength));
      const opened = await this.#options.openFile(file, this.#options.durability);
      this.#found.push({ segment: number, end: position });
      await this.release({ header: scan.header, file: opened, position, preparedBytes: scan.size });
    } finally {
      await scan.close();
    }
  }

  async #create(): Promise<OpenSegment> {
    const { folder, writer, clock } = this.#options;
    // Numbers only grow, also when the newest segments were deleted: an address never means other bytes later.
    const segment = Math.max(this.#lastNumber + 1, Math.floor(clock.now() / 1000));
    this.#lastNumber = segment;
    const header: SegmentHeader = { segment, writer, salt: randomBytes(8).readBigUInt64LE(), sealed: false, createdAt: clock.now() };
    const spare = this.#spares.shift();
    const name = path.join(folder, segmentFileName(segment));
    const made = spare ?? `${name}.tmp`;
    const file = await this.#options.openFile(made, this.#options.durability);
    try {
      await file.write([headerBlock(header)], 0);
      await rename(made, name);
      await syncFolder(folder);
    } catch (thrown) {
      await file.close();
      if (spare === undefined) await rm(made, { force: true });
      throw thrown;
    }
    return { header, file, position: FIRST_RECORD, preparedBytes: spare === undefined ? 0 : this.#options.segmentBytes };
  }

  async #fillSpares(): Promise<void> {
    while (!this.#stopped && this.#spares.length < this.#options.spareSegments) {
      const name = path.join(this.#options.folder, `${randomBytes(8).toString('hex')}${SPARE}`);
      const made = `${name}.tmp`;
      try {
        await this.#writeZeros(made);
        if (this.#stopped) return await rm(made, { force: true });
        await rename(made, name);
        await syncFolder(this.#options.folder);
      } catch (thrown) {
        await rm(made, { force: true });
        throw thrown;
      }
      this.#spares.push(name);
    }
  }

  async #writeZeros(name: string): Promise<void> {
    const file = await this.#options.openFile(name, this.#options.durability);
    try {
      for (let at = 0; at < this.#options.segmentBytes && !this.#stopped; at += ZEROS_PER_WRITE) {
        await file.writeUnsynced([this.#zeros.subarray(0, Math.min(ZEROS_PER_WRITE, this.#options.segmentBytes - at))], at);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

function headerBlock(header: SegmentHeader): Buffer {
  const block = Buffer.from(alignedMemory(BLOCK), 0, BLOCK);
  writeSegmentHeader(block, header);
  return block;
}
