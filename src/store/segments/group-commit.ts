import type { BlockChain } from './block-chain.ts';
import { asStoreError } from './store-error.ts';
import { recordBytes, writeRecordHeader, type RecordDescription, type RecordHeader } from './record-format.ts';
import type { OpenSegment, SegmentFolder } from './segment-folder.ts';

interface Pending {
  readonly chain: BlockChain;
  readonly description: RecordDescription;
  readonly resolve: (header: RecordHeader) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions {
  readonly folder: SegmentFolder;
  /** Most bytes of one write; more wait for the next. */
  readonly batchBytes: number;
  /** Called when everything handed in is on disk. */
  readonly onIdle: () => void;
}

// writev(2) takes 1024 pieces (IOV_MAX).
const MAX_PIECES = 1000;

/**
 * Appends finished records of all associations to one segment: whatever is ready goes out in one durable write, and all its
 * acknowledgements after it. While one batch is on its way to the disk the next one gathers.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #queue: Pending[] = [];
  #running: Promise<void> | undefined;
  #active: OpenSegment | undefined;
  /** Batches and records written; their ratio is how well commits are shared. */
  batches = 0;
  records = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Takes over a finished chain and frees it. Resolves when the record is durable; rejects with a GatewayError, and the record does not exist. */
  append(chain: BlockChain, description: RecordDescription): Promise<RecordHeader> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ chain, description, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Waits for what was handed in, then gives the segment back. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const segment = this.#active;
    this.#active = undefined;
    if (segment !== undefined) await this.#options.folder.release(segment);
  }

  async #run(): Promise<void> {
    // Everything that the sockets deliver in this turn of the loop joins the first batch.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    while (this.#queue.length > 0) await this.#writeBatch();
    this.#running = undefined;
    this.#options.onIdle();
  }

  async #writeBatch(): Promise<void> {
    let batch: Pending[] = this.#queue.slice(0, 1);
    let segment: OpenSegment | undefined;
    try {
      segment = await this.#segmentFor(recordBytes(batch[0]!.chain.dataLength));
      batch = this.#batchFor(segment);
      this.#queue = this.#queue.slice(batch.length);
      const { headers, buffers, bytes } = layOut(batch, segment);
      await segment.file.write(buffers, segment.position);
      segment.position += bytes;
      this.batches += 1;
      this.records += batch.length;
      for (const [i, pending] of batch.entries()) {
        pending.chain.free();
        pending.resolve(headers[i]!);
      }
    } catch (thrown) {
      // What reached the disk of a failed batch is unknown: the segment gets no more records, those in it are found by a scan.
      if (segment === undefined) this.#queue = this.#queue.slice(batch.length);
      else this.#giveUp(segment);
      const error = asStoreError(thrown);
      for (const pending of batch) {
        pending.chain.free();
        pending.reject(error);
      }
    }
  }

  async #segmentFor(bytes: number): Promise<OpenSegment> {
    const { folder } = this.#options;
    if (this.#active !== undefined && !folder.fits(this.#active, bytes)) {
      const full = this.#active;
      this.#active = undefined;
      await folder.retire(full);
    }
    this.#active ??= await folder.lease(bytes);
    return this.#active;
  }

  #batchFor(segment: OpenSegment): Pending[] {
    const batch: Pending[] = [];
    let bytes = 0;
    let pieces = 0;
    for (const pending of this.#queue) {
      bytes += recordBytes(pending.chain.dataLength);
      pieces += pending.chain.blockCount;
      const first = batch.length === 0;
      if (!first && (bytes > this.#options.batchBytes || pieces > MAX_PIECES || !this.#options.folder.fits(segment, bytes))) break;
      batch.push(pending);
    }
    return batch;
  }

  #giveUp(segment: OpenSegment): void {
    this.#active = undefined;
    this.#options.folder.retire(segment).catch(() => undefined);
  }
}

function layOut(batch: readonly Pending[], segment: OpenSegment): { headers: RecordHeader[]; buffers: Buffer[]; bytes: number } {
  const headers: RecordHeader[] = [];
  const buffers: Buffer[] = [];
  let bytes = 0;
  for (const { chain, description } of batch) {
    const header: RecordHeader = { ...description, segment: segment.header.segment, offset: segment.position + bytes, dataLength: chain.dataLength, crc32: chain.crc32 };
    writeRecordHeader(chain.first, header, segment.header.salt);
    buffers.push(...chain.buffers());
    headers.push(header);
    bytes += recordBytes(chain.dataLength);
  }
  return { headers, buffers, bytes };
}
