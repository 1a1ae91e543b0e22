import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { BLOCK, FIRST_RECORD, isTrailer, readRecordHeader, readSegmentHeader, recordBytes, RECORD_HEADER_BYTES, RECORD_TRAILER_BYTES, trailerOffset, type RecordHeader, type SegmentHeader } from './record-format.ts';

/**
 * - `whole`: header and trailer fit together (and the data have their checksum, when asked for).
 * - `torn`: the header is there, the end is not: never acknowledged, or cut off later.
 * - `damaged`: whole, but the data do not have their checksum.
 */
export interface ScannedRecord {
  readonly header: RecordHeader;
  readonly state: 'whole' | 'torn' | 'damaged';
}

export interface ScanOptions {
  /** Where to begin: 0, or the end of a record. */
  readonly from?: number;
  /** Reads every data set and checks its checksum. */
  readonly verifyData?: boolean;
}

const WINDOW = 256 * 1024;
const PIECE = 1 << 20;

/**
 * Walks the records of one segment file. Bytes that are no record (zeros of preallocated space, a torn write, a flipped header) are
 * stepped over block by block, so that one bad record never hides those behind it.
 */
export class SegmentScan {
  readonly header: SegmentHeader;
  /** Bytes of the file. */
  readonly size: number;
  readonly #handle: FileHandle;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  private constructor(handle: FileHandle, header: SegmentHeader, size: number) {
    this.#handle = handle;
    this.header = header;
    this.size = size;
  }

  /** Undefined when the file is no segment (a spare never used, a torn first block). */
  static async open(file: string): Promise<SegmentScan | undefined> {
    const handle = await open(file, 'r');
    try {
      const first = Buffer.alloc(BLOCK);
      await handle.read(first, 0, BLOCK, 0);
      const header = readSegmentHeader(first);
      if (header !== undefined) return new SegmentScan(handle, header, (await handle.stat()).size);
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
    await handle.close();
    return undefined;
  }

  async *records(options: ScanOptions = {}): AsyncGenerator<ScannedRecord, void, undefined> {
    let at = Math.max(FIRST_RECORD, options.from ?? 0);
    let step = BLOCK;
    while (at + RECORD_HEADER_BYTES <= this.size) {
      const bytes = await this.#blockAt(at, step);
      const header = readRecordHeader(bytes, { salt: this.header.salt, segment: this.header.segment, offset: at });
      if (header === undefined) {
        at += BLOCK;
        step = BLOCK;
        continue;
      }
      const state = await this.#stateOf(header, options.verifyData ?? false);
      yield { header, state };
      // A record whose end is in doubt hides nothing behind its beginning.
      step = state === 'whole' ? recordBytes(header.dataLength) : BLOCK;
      at += step;
    }
  }

  /** The data set of a record found here, or a part of it. */
  async read(header: RecordHeader, start: number, end: number): Promise<Buffer> {
    const target = Buffer.allocUnsafe(end - start);
    await this.#readAt(target, header.offset + RECORD_HEADER_BYTES + start);
    return target;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #stateOf(header: RecordHeader, verifyData: boolean): Promise<ScannedRecord['state']> {
    const trailer = Buffer.alloc(RECORD_TRAILER_BYTES);
    if ((await this.#readAt(trailer, header.offset + trailerOffset(header.dataLength))) < trailer.length || !isTrailer(trailer, header)) return 'torn';
    if (!verifyData) return 'whole';
    return (await this.#dataCrc32(header)) === header.crc32 ? 'whole' : 'damaged';
  }

  async #dataCrc32(header: RecordHeader): Promise<number> {
    let sum = 0;
    for (let start = 0; start < header.dataLength; start += PIECE) {
      sum = crc32(await this.read(header, start, Math.min(header.dataLength, start + PIECE)), sum);
    }
    return sum;
  }

  /** The block at `at`. Small records and gaps are read many at a time, the headers of large records one by one. */
  async #blockAt(at: number, step: number): Promise<Buffer> {
    const within = at - this.#windowAt;
    if (within >= 0 && within + BLOCK <= this.#window.length) return this.#window.subarray(within, within + BLOCK);
    const window = Buffer.allocUnsafe(step > WINDOW ? BLOCK : WINDOW);
    const bytesRead = await this.#readAt(window, at);
    this.#window = window.subarray(0, bytesRead);
    this.#windowAt = at;
    return this.#window.subarray(0, BLOCK);
  }

  async #readAt(target: Buffer, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const { bytesRead } = await this.#handle.read(target, done, target.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }
}
