import type { BlockChain } from './block-chain.ts';
import { BLOCK_BYTES, type Block, type BlockPool } from './block-pool.ts';
import { recordBytes, writeRecordHeader, type RecordDescription, type RecordHeader } from './record-format.ts';
import type { OpenSegment, SegmentFolder } from './segment-folder.ts';
import { asStoreError } from './store-error.ts';

const BLOCKS_PER_WRITE = 16;
const MAX_OUTSTANDING_BLOCKS = 64;

/**
 * A record too large to be held: it has a segment to itself while it arrives and is written as it comes, so it lies in one piece
 * whatever its length. Its first block, with the header, is written last; until then it does not exist.
 */
export class LargeRecord {
  readonly #chain: BlockChain;
  readonly #folder: SegmentFolder;
  readonly #pool: BlockPool;
  readonly #segment: Promise<OpenSegment>;
  #first: Block | undefined;
  #writtenBlocks = 0;
  #outstanding = 0;
  #tail: Promise<void>;
  #failure: unknown;

  /** @param chain  at least one full block; still filled by the caller */
  constructor(chain: BlockChain, folder: SegmentFolder, pool: BlockPool) {
    this.#chain = chain;
    this.#folder = folder;
    this.#pool = pool;
    this.#segment = folder.lease(recordBytes(chain.dataLength));
    this.#tail = this.#segment.then(() => undefined);
    this.#tail.catch((thrown: unknown) => {
      this.#failure ??= thrown;
    });
  }

  /** Writes out what is full. Returns what to wait for before more is read, when the disk is behind. */
  flush(): Promise<void> | undefined {
    const atLeast = this.#pool.isOver ? 2 : BLOCKS_PER_WRITE;
    while (this.#chain.fullBlocks >= atLeast) this.#send(this.#chain.detach(Math.min(BLOCKS_PER_WRITE, this.#chain.fullBlocks)));
    const most = this.#pool.isOver ? 0 : MAX_OUTSTANDING_BLOCKS;
    return this.#outstanding > most ? this.#tail.catch(() => undefined) : undefined;
  }

  /** Resolves when the record is durable; rejects with a GatewayError, and the record does not exist. */
  async commit(description: RecordDescription): Promise<RecordHeader> {
    const chain = this.#chain;
    chain.finish();
    const segment = await this.#drained(chain.buffers());
    const header: RecordHeader = { ...description, segment: segment.header.segment, offset: segment.position, dataLength: chain.dataLength, crc32: chain.crc32 };
    const first = this.#first!;
    try {
      writeRecordHeader(first, header, segment.header.salt);
      await segment.file.writeUnsynced([first], segment.position);
      await segment.file.sync();
      segment.position += recordBytes(chain.dataLength);
    } catch (thrown) {
      // Header and data may both have reached the disk although the peer will hear of a failure: the segment gets no more records.
      await this.#folder.retire(segment).catch(() => undefined);
      throw asStoreError(thrown);
    } finally {
      this.#pool.give([first]);
    }
    await this.#folder.release(segment);
    return header;
  }

  /** Gives memory and segment back; what was written lies behind the segment's end and will be overwritten. */
  async abandon(): Promise<void> {
    this.#chain.free();
    await this.#tail.catch(() => undefined);
    if (this.#first !== undefined) this.#pool.give([this.#first]);
    const segment = await this.#segment.catch(() => undefined);
    if (segment !== undefined) await this.#folder.release(segment);
  }

  #send(blocks: Block[]): void {
    const isFirst = this.#first === undefined;
    if (isFirst) {
      this.#first = blocks[0]!;
      this.#writtenBlocks = 1;
    }
    const rest = isFirst ? blocks.slice(1) : blocks;
    const at = this.#writtenBlocks * BLOCK_BYTES;
    this.#writtenBlocks += rest.length;
    this.#outstanding += rest.length;
    this.#enqueue(rest, at, () => {
      this.#outstanding -= rest.length;
      this.#pool.give(rest);
    });
  }

  #enqueue(buffers: readonly Buffer[], at: number, done: () => void): void {
    this.#tail = this.#writeAfter(this.#tail, buffers, at).finally(done);
    this.#tail.catch((thrown: unknown) => {
      this.#failure ??= thrown;
    });
  }

  async #writeAfter(before: Promise<void>, buffers: readonly Buffer[], at: number): Promise<void> {
    await before;
    const segment = await this.#segment;
    await segment.file.writeUnsynced(buffers, segment.position + at);
  }

  /** Writes the last blocks, waits for all, frees them. */
  async #drained(last: readonly Buffer[]): Promise<OpenSegment> {
    if (this.#first === undefined) this.#send(this.#chain.detach(1));
    const rest = last.length > this.#chain.blockCount ? last.slice(last.length - this.#chain.blockCount) : last;
    if (rest.length > 0) this.#enqueue(rest, this.#writtenBlocks * BLOCK_BYTES, () => this.#chain.free());
    try {
      await this.#tail;
      if (this.#failure !== undefined) throw this.#failure;
      return await this.#segment;
    } catch (thrown) {
      await this.abandon();
      throw asStoreError(thrown);
    }
  }
}
