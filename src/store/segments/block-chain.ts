import { crc32 } from 'node:zlib';
import { BLOCK_BYTES, type Block, type BlockPool } from './block-pool.ts';
import { BLOCK, RECORD_HEADER_BYTES, RECORD_TRAILER_BYTES, recordBytes, trailerOffset, writeTrailer } from './record-format.ts';

/**
 * One record in memory, laid out in aligned blocks exactly as it will lie on disk: room for the header, the data set, the trailer.
 * Blocks in front may be detached (written out) while data still arrive.
 */
export class BlockChain {
  readonly #pool: BlockPool;
  readonly #blocks: Block[] = [];
  #detached = 0;
  #dataLength = 0;
  #crc32 = 0;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  get dataLength(): number {
    return this.#dataLength;
  }

  get crc32(): number {
    return this.#crc32;
  }

  /** Blocks in memory, the partly filled last one included. */
  get blockCount(): number {
    return this.#blocks.length;
  }

  append(chunk: Uint8Array): void {
    this.#crc32 = crc32(chunk, this.#crc32);
    let from = 0;
    while (from < chunk.length) {
      const at = RECORD_HEADER_BYTES + this.#dataLength;
      const block = this.#blockOf(at);
      const room = Math.min(BLOCK_BYTES - (at % BLOCK_BYTES), chunk.length - from);
      block.set(from === 0 && room === chunk.length ? chunk : chunk.subarray(from, from + room), at % BLOCK_BYTES);
      from += room;
      this.#dataLength += room;
    }
  }

  /** Ends the record: padding (zeros: memory is reused and must not leak) and trailer. */
  finish(): void {
    const dataEnd = RECORD_HEADER_BYTES + this.#dataLength;
    const trailerAt = trailerOffset(this.#dataLength);
    this.#fillZeros(dataEnd, trailerAt);
    // A trailer of 16 bytes at a multiple of 16 never crosses a block.
    writeTrailer(this.#blockOf(trailerAt), trailerAt % BLOCK_BYTES, this.#crc32, this.#dataLength);
    this.#fillZeros(trailerAt + RECORD_TRAILER_BYTES, recordBytes(this.#dataLength));
  }

  /** What is still in memory of a finished record, in order, cut to whole 4096-byte blocks. */
  buffers(): Buffer[] {
    const inMemory = recordBytes(this.#dataLength) - this.#detached * BLOCK_BYTES;
    return this.#blocks.map((block, i) => {
      const left = inMemory - i * BLOCK_BYTES;
      return left >= BLOCK_BYTES ? block : block.subarray(0, left);
    });
  }

  /** Takes full blocks off the front; the caller gives them back to the pool. */
  detach(count: number): Block[] {
    this.#detached += count;
    return this.#blocks.splice(0, count);
  }

  /** Full blocks in memory. */
  get fullBlocks(): number {
    return Math.floor((RECORD_HEADER_BYTES + this.#dataLength) / BLOCK_BYTES) - this.#detached;
  }

  /** The block that holds the header, while it is in memory. */
  get first(): Block {
    return this.#blocks[0]!;
  }

  free(): void {
    this.#pool.give(this.#blocks.splice(0));
  }

  #blockOf(at: number): Block {
    const index = Math.floor(at / BLOCK_BYTES) - this.#detached;
    while (this.#blocks.length <= index) this.#blocks.push(this.#pool.take());
    return this.#blocks[index]!;
  }

  #fillZeros(from: number, to: number): void {
    for (let at = from; at < to; ) {
      const end = Math.min(to, at - (at % BLOCK) + BLOCK);
      const within = at % BLOCK_BYTES;
      this.#blockOf(at).fill(0, within, within + (end - at));
      at = end;
    }
  }
}
