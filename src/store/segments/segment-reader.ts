import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { GatewayError } from '../../foundation/errors.ts';
import { isWriterName, segmentFileName, type BlobAddress } from './blob-address.ts';

/** Bytes of a data set, `start` included, `end` excluded. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

interface OpenSegment {
  readonly handle: Promise<FileHandle>;
  readers: number;
  retired: boolean;
}

const PIECE_BYTES = 1 << 20;

/**
 * Reads what any writer stored. Many processes may read while one writes; a row of the index exists only for durable records, so
 * what a row addresses can always be read in full. Keeps the last used segment files open.
 *
 * Errors: `BLOB_UNREADABLE` (transient for a lack of resources, else permanent) when the file is gone or shorter than the address says.
 */
export class SegmentReader {
  readonly #folder: string;
  readonly #maxOpen: number;
  readonly #open = new Map<string, OpenSegment>();

  /** @param folder  the store's `segments` folder, above the writers' */
  constructor(folder: string, options: { readonly maxOpenFiles?: number } = {}) {
    this.#folder = folder;
    this.#maxOpen = options.maxOpenFiles ?? 64;
  }

  /** The bytes of a data set, or of a range of it. Held in memory: for large objects prefer `stream`. */
  async readRange(address: BlobAddress, start = 0, end = address.length): Promise<Buffer> {
    const target = Buffer.allocUnsafe(checkedLength(address, start, end));
    await this.readInto(address, start, target);
    return target;
  }

  /** Fills `target` with the bytes of the data set from `start` on. */
  async readInto(address: BlobAddress, start: number, target: Uint8Array): Promise<void> {
    checkedLength(address, start, start + target.length);
    const segment = this.#segment(address);
    segment.readers += 1;
    try {
      await readFully(await segment.handle, target, address.offset + start);
    } catch (cause) {
      throw unreadable(address, cause);
    } finally {
      segment.readers -= 1;
      if (segment.retired && segment.readers === 0) closeQuietly(segment);
    }
  }

  /**
   * The bytes of a data set, or of a range of it, in pieces of at most `pieceBytes` (default 1 MiB), one read ahead of the consumer.
   * Each piece is a buffer of its own.
   */
  async *stream(address: BlobAddress, range: ByteRange = { start: 0, end: address.length }, pieceBytes = PIECE_BYTES): AsyncGenerator<Buffer, void, undefined> {
    checkedLength(address, range.start, range.end);
    const pieceAt = (at: number): Promise<Buffer> | undefined => (at < range.end ? this.readRange(address, at, Math.min(range.end, at + pieceBytes)) : undefined);
    let next = pieceAt(range.start);
    try {
      for (let at = range.start; next !== undefined; ) {
        const piece = await next;
        at += piece.length;
        next = pieceAt(at);
        yield piece;
      }
    } finally {
      // The consumer stopped early: the read ahead has an owner still.
      await next?.catch(() => undefined);
    }
  }

  /** Closes the files; reads in progress finish first. */
  close(): void {
    for (const key of this.#open.keys()) this.#retire(key);
  }

  #segment(address: BlobAddress): OpenSegment {
    if (!isWriterName(address.writer)) throw new GatewayError('BLOB_UNREADABLE', 'not a writer of this store', { failure: 'permanent' });
    const key = path.join(address.writer, segmentFileName(address.segment));
    const known = this.#open.get(key);
    if (known !== undefined) {
      // Re-inserted, so that the map's order is that of use.
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    const segment: OpenSegment = { handle: open(path.join(this.#folder, key), 'r'), readers: 0, retired: false };
    segment.handle.catch(() => this.#open.delete(key));
    this.#open.set(key, segment);
    if (this.#open.size > this.#maxOpen) this.#retire(this.#open.keys().next().value!);
    return segment;
  }

  #retire(key: string): void {
    const segment = this.#open.get(key);
    if (segment === undefined) return;
    this.#open.delete(key);
    segment.retired = true;
    if (segment.readers === 0) closeQuietly(segment);
  }
}

function checkedLength(address: BlobAddress, start: number, end: number): number {
  if (!(start >= 0 && start <= end && end <= address.length)) throw new RangeError(`range ${start}-${end} lies outside a data set of ${address.length} bytes`);
  return end - start;
}

async function readFully(handle: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw new Error('the segment file ends before the record does');
    done += bytesRead;
  }
}

function closeQuietly(segment: OpenSegment): void {
  segment.handle.then((handle) => handle.close()).catch(() => undefined);
}

function unreadable(address: BlobAddress, cause: unknown): GatewayError {
  const code = (cause as { code?: unknown }).code;
  const transient = code === 'EMFILE' || code === 'ENFILE' || code === 'EAGAIN' || code === 'ENOMEM';
  return new GatewayError('BLOB_UNREADABLE', 'a stored object cannot be read', {
    failure: transient ? 'transient' : 'permanent',
    context: { writer: address.writer, segment: address.segment, offset: address.offset, length: address.length, ...(typeof code === 'string' ? { code } : {}) },
    cause,
  });
}
