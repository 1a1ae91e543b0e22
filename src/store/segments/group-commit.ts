import type { Clock } from '../../foundation/clock.ts';
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
  readonly clock: Clock;
}

/** The segment that takes records now, and how many writes to it are under way. */
interface ActiveSegment {
  readonly segment: OpenSegment;
  writing: number;
  /** No more records: sealed once nothing is under way. */
  retiring: (() => void) | undefined;
}

// writev(2) takes 1024 pieces (IOV_MAX).
const MAX_PIECES = 1000;
/** Writes under way at a time: one fills the disk's queue while the other is being answered. */
const LANES = 2;

/**
 * Appends finished records of all associations to one segment: whatever is ready goes out in one durable write, and all its
 * acknowledgements after it. While batches are on their way to the disk the next one gathers.
 *
 * Records of one segment are acknowledged in the order they lie in it: what is indexed up to some offset is all there is before it.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #queue: Pending[] = [];
  #running: Promise<void> | undefined;
  #active: ActiveSegment | undefined;
  /** Settles when the batches begun so far are answered. */
  #answered: Promise<void> = Promise.resolve();
  #inFlight = 0;
  #wakeLane: (() => void) | undefined;
  /** Batches and records written; their ratio is how well commits are shared. */
  batches = 0;
  records = 0;
  /** Milliseconds during which at least one write was under way. */
  writingMs = 0;
  #writingSince = 0;

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
      if (this.#inFlight < LANES) this.#wakeLane?.();
      this.#running ??= this.#run();
    });
  }

  /** Waits for what was handed in, then gives the segment back. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const active = this.#active;
    this.#active = undefined;
    if (active !== undefined) await this.#options.folder.release(active.segment);
  }

  async #run(): Promise<void> {
    // Everything that the sockets deliver in this turn of the loop joins the first batch.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    while (this.#queue.length > 0 || this.#inFlight > 0) {
      if (this.#queue.length === 0 || this.#inFlight >= LANES) await this.#laneFree();
      else await this.#beginBatch();
    }
    await this.#answered;
    this.#running = undefined;
    this.#options.onIdle();
    if (this.#queue.length > 0) this.#running ??= this.#run();
  }

  /** Waits until a write ended, or a record came while a lane is free. */
  #laneFree(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeLane = resolve;
    });
  }

  async #beginBatch(): Promise<void> {
    let active: ActiveSegment;
    try {
      active = await this.#segmentFor(recordBytes(this.#queue[0]!.chain.dataLength));
    } catch (thrown) {
      fail(this.#queue.splice(0, 1), thrown);
      return;
    }
    const batch = this.#queue.splice(0, this.#batchLength(active.segment));
    const { headers, buffers, bytes } = layOut(batch, active.segment);
    const position = active.segment.position;
    active.segment.position += bytes;
    active.writing += 1;
    if (this.#inFlight === 0) this.#writingSince = this.#options.clock.monotonic();
    this.#inFlight += 1;
    const written = active.segment.file.write(buffers, position);
    this.#answered = this.#answer(written, this.#answered, batch, headers, active);
  }

  async #answer(written: Promise<void>, earlier: Promise<void>, batch: readonly Pending[], headers: readonly RecordHeader[], active: ActiveSegment): Promise<void> {
    let failure: unknown;
    try {
      await written;
    } catch (thrown) {
      failure = thrown;
    }
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.writingMs += this.#options.clock.monotonic() - this.#writingSince;
    active.writing -= 1;
    // What reached the disk of a failed batch is unknown: the segment gets no more records, those in it are found by a scan.
    if (failure !== undefined && this.#active === active) void this.#retire(active).catch(() => undefined);
    if (active.writing === 0) active.retiring?.();
    this.#wakeLane?.();
    await earlier;
    if (failure !== undefined) return fail(batch, failure);
    this.batches += 1;
    this.records += batch.length;
    for (const [i, pending] of batch.entries()) {
      pending.chain.free();
      pending.resolve(headers[i]!);
    }
  }

  async #segmentFor(bytes: number): Promise<ActiveSegment> {
    const { folder } = this.#options;
    if (this.#active !== undefined && !folder.fits(this.#active.segment, bytes)) await this.#retire(this.#active);
    this.#active ??= { segment: await folder.lease(bytes), writing: 0, retiring: undefined };
    return this.#active;
  }

  /** Seals a segment when nothing is being written to it any more. */
  async #retire(active: ActiveSegment): Promise<void> {
    this.#active = undefined;
    if (active.writing > 0) {
      await new Promise<void>((resolve) => {
        active.retiring = resolve;
      });
    }
    await this.#options.folder.retire(active.segment);
  }

  #batchLength(segment: OpenSegment): number {
    let bytes = 0;
    let pieces = 0;
    let length = 0;
    for (const { chain } of this.#queue) {
      bytes += recordBytes(chain.dataLength);
      pieces += chain.blockCount;
      if (length > 0 && (bytes > this.#options.batchBytes || pieces > MAX_PIECES || !this.#options.folder.fits(segment, bytes))) break;
      length += 1;
    }
    return length;
  }
}

function fail(batch: readonly Pending[], thrown: unknown): void {
  const error = asStoreError(thrown);
  for (const pending of batch) {
    pending.chain.free();
    pending.reject(error);
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
