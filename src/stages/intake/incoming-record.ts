import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import type { RecordHeader } from '../../store/segments/record-format.ts';
import type { RecordSink } from '../../store/segments/record-sink.ts';
import { classifyInstance, otherContent, truncated, type Refusal } from './classify-instance.ts';
import type { ArrivedRecord } from './decide-batch.ts';
import type { ScanLimits } from '../../standards/dicom/header-scan.ts';
import { HeaderReader } from './header-reader.ts';
import type { Content, KnownContents } from './known-contents.ts';
import { PixelDataWatch } from './pixel-data-watch.ts';
import type { ArrivalGroup, IncomingInstance, InstanceArrival, StoreOutcome } from './receive-instance.ts';

export interface IncomingRecordParts {
  readonly sink: RecordSink;
  readonly group: ArrivalGroup;
  readonly arrival: InstanceArrival;
  readonly known: KnownContents;
  /** What a header may hold; more is quarantined. */
  readonly limits?: Partial<ScanLimits>;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether a durable record says the same as what is served under its UID; asked when their bytes differ. Never rejects. */
  readonly isCopy: (record: RecordHeader) => Promise<boolean>;
  /** The record is durable; the answer leaves right after. */
  readonly onDurable: (arrived: ArrivedRecord) => void;
  /** The store could not write it. */
  readonly onFailure: (error: unknown) => void;
}

/** One instance on its way into a segment: its header is read as it passes, its answer waits for the disk. */
export class IncomingRecord implements IncomingInstance {
  readonly #parts: IncomingRecordParts;
  readonly #reader: HeaderReader;
  #pixelData: PixelDataWatch | undefined;

  constructor(parts: IncomingRecordParts) {
    this.#parts = parts;
    this.#reader = new HeaderReader(parts.arrival.transferSyntaxUid, parts.limits);
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const { sink } = this.#parts;
    if (this.#reader.wantsMore) {
      this.#reader.push(chunk);
      const place = this.#reader.pixelData;
      if (place !== undefined) this.#pixelData = new PixelDataWatch(place);
    }
    this.#pixelData?.push(chunk, sink.dataLength);
    return sink.write(chunk);
  }

  async finish(): Promise<StoreOutcome> {
    const { sink, arrival, known, onFailure, log } = this.#parts;
    try {
      const read = this.#reader.finish(sink.dataLength);
      const refusal = classifyInstance(arrival, read, sink.dataLength) ?? (this.#pixelData?.endsInside(sink.dataLength) === true ? truncated : undefined);
      if (refusal !== undefined) return await this.#store(read, refusal);
      const learning = known.learnSeries(read.header.series.seriesInstanceUid!);
      if (learning !== undefined) await learning;
      return await this.#storeUnlessOther(read);
    } catch (thrown) {
      onFailure(thrown);
      const { code } = asGatewayError(thrown);
      log.error('receive-instance.failed', { code, sopInstanceUid: arrival.sopInstanceUid });
      return { kind: 'refused', reason: code === 'STORE_FULL' ? 'out-of-resources' : 'processing-failure', comment: code.slice(0, 64) };
    }
  }

  abandon(): void {
    void this.#parts.sink.abandon();
  }

  async #storeUnlessOther(read: ReadHeaderResult): Promise<StoreOutcome> {
    const { sink, known } = this.#parts;
    const uid = read.header.sopInstanceUid!;
    const content: Content = { length: sink.dataLength, crc32: sink.crc32 };
    const served = known.get(uid);
    if (served !== undefined) {
      const isSame = served.length === content.length && served.crc32 === content.crc32;
      if (!isSame) return this.#storeOther(read);
      const outcome = await this.#store(read, undefined);
      return outcome.kind === 'stored' ? { kind: 'duplicate' } : outcome;
    }
    known.remember(uid, content);
    try {
      return await this.#store(read, undefined);
    } catch (thrown) {
      known.forget(uid, content);
      throw thrown;
    }
  }

  /**
   * Other bytes under a UID that is served. The record carries the verdict of quarantine before it is compared: after a kill in between
   * it lies there, which loses nothing.
   */
  async #storeOther(read: ReadHeaderResult): Promise<StoreOutcome> {
    const record = await this.#commit(read, otherContent.reason);
    const isCopy = await this.#parts.isCopy(record);
    this.#parts.onDurable(isCopy ? { record: { ...record, verdict: '' }, header: read.header, isCopy } : { record, header: read.header });
    return isCopy ? { kind: 'duplicate' } : { kind: 'refused', ...otherContent };
  }

  async #store(read: ReadHeaderResult, refusal: Refusal | undefined): Promise<StoreOutcome> {
    const record = await this.#commit(read, refusal?.reason ?? '');
    this.#parts.onDurable({ record, header: read.header });
    return refusal === undefined ? { kind: 'stored' } : { kind: 'refused', ...refusal };
  }

  #commit(read: ReadHeaderResult, verdict: string): Promise<RecordHeader> {
    const { sink, arrival, group, clock } = this.#parts;
    return sink.commit({
      transferSyntaxUid: arrival.transferSyntaxUid,
      sopClassUid: arrival.sopClassUid,
      sopInstanceUid: arrival.sopInstanceUid,
      studyInstanceUid: read.header.study.studyInstanceUid ?? '',
      seriesInstanceUid: read.header.series.seriesInstanceUid ?? '',
      groupId: group.groupId,
      protocol: group.protocol,
      callingAe: group.callingAe,
      calledAe: group.calledAe,
      remoteAddress: group.remoteAddress,
      verdict,
      origin: 'received',
      receivedAt: clock.now(),
      headerLength: read.headerLength,
    });
  }
}

type ReadHeaderResult = ReturnType<HeaderReader['finish']>;

/** Takes the bytes of an instance that cannot be stored now, and says so. */
export function refusedInstance(outcome: StoreOutcome): IncomingInstance {
  return { write: () => undefined, finish: () => Promise.resolve(outcome), abandon() {} };
}
