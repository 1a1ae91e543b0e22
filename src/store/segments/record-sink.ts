import { BlockChain } from './block-chain.ts';
import type { BlockPool } from './block-pool.ts';
import type { GroupCommit } from './group-commit.ts';
import { LargeRecord } from './large-record.ts';
import type { RecordDescription, RecordHeader } from './record-format.ts';
import type { SegmentFolder } from './segment-folder.ts';

export interface RecordSinkParts {
  readonly pool: BlockPool;
  readonly folder: SegmentFolder;
  readonly groupCommit: GroupCommit;
  /** Records that grow beyond this are written while they arrive. */
  readonly largeBytes: number;
  /** Told of every large record's beginning (+1) and end (-1). */
  readonly countLarge: (change: 1 | -1) => void;
  /** True while a write is under way that will give memory back. */
  readonly isWriting: () => boolean;
}

/** A record below this size waits for memory rather than taking a segment for itself; so few bytes cannot use up the budget. */
const SMALLEST_LARGE_BLOCKS = 4;

/**
 * One record on its way to the disk: small ones wait in memory for the group commit, large ones stream into a segment of their own.
 * `commit` or `abandon` ends it, once.
 */
export class RecordSink {
  readonly #parts: RecordSinkParts;
  readonly #chain: BlockChain;
  #large: LargeRecord | undefined;
  #ended = false;

  constructor(parts: RecordSinkParts) {
    this.#parts = parts;
    this.#chain = new BlockChain(parts.pool);
  }

  /** Bytes of data set so far. */
  get dataLength(): number {
    return this.#chain.dataLength;
  }

  /** CRC-32 of the bytes so far. */
  get crc32(): number {
    return this.#chain.crc32;
  }

  /** Copies the bytes before it returns. Returns what to wait for before more is read, when memory or disk is behind; never rejects. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#ended) return undefined;
    this.#chain.append(chunk);
    if (this.#large === undefined && this.#chain.dataLength > this.#parts.largeBytes) this.#grow();
    if (this.#large !== undefined) return this.#large.flush();
    if (!this.#parts.pool.isOver || this.#chain.blockCount < SMALLEST_LARGE_BLOCKS) return undefined;
    return this.#makeRoom();
  }

  /** Resolves when the record is durable; rejects with `STORE_FULL` or `STORE_WRITE_FAILED`, and the record does not exist. */
  async commit(description: RecordDescription): Promise<RecordHeader> {
    if (this.#ended) throw new Error('this record has ended');
    this.#ended = true;
    if (this.#large === undefined) {
      this.#chain.finish();
      return this.#parts.groupCommit.append(this.#chain, description);
    }
    try {
      return await this.#large.commit(description);
    } finally {
      this.#parts.countLarge(-1);
    }
  }

  /** Nothing of it stays visible. */
  async abandon(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#large === undefined) {
      this.#chain.free();
      return;
    }
    await this.#large.abandon();
    this.#parts.countLarge(-1);
  }

  async #makeRoom(): Promise<void> {
    if (this.#parts.isWriting() && (await this.#parts.pool.room()) === 'room') return;
    // Only unfinished records hold the memory: this one helps itself.
    if (this.#ended || this.#large !== undefined) return;
    this.#grow();
    await this.#large!.flush();
  }

  #grow(): void {
    this.#large = new LargeRecord(this.#chain, this.#parts.folder, this.#parts.pool);
    this.#parts.countLarge(1);
  }
}
