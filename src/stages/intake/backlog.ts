import path from 'node:path';
import type { Log } from '../../foundation/log.ts';
import { segmentFileName } from '../../store/segments/blob-address.ts';
import { recordBytes, type RecordHeader } from '../../store/segments/record-format.ts';
import { SegmentScan } from '../../store/segments/segment-scan.ts';
import type { ArrivedRecord } from './decide-batch.ts';
import { HeaderReader } from './header-reader.ts';

/** A stretch of a segment whose records are durable and not indexed yet. */
export interface BacklogStretch {
  readonly segment: number;
  from: number;
  /** Exclusive. */
  to: number;
  /** Left by an earlier process: the checksum of each record is verified, and records may have rows already. */
  readonly isRecovery: boolean;
}

export interface BacklogBatch {
  readonly records: readonly ArrivedRecord[];
  /** Everything of the segment before this offset is in this batch or an earlier one. */
  readonly upTo: number;
}

export interface BacklogReaderOptions {
  /** Folder of the writer's segments. */
  readonly folder: string;
  readonly log: Log;
  readonly batchRecords: number;
}

const HEADER_PIECE = 256 * 1024;
/** A header longer than this is not read again in one go; it is indexed from what came before. */
const MAX_HEADER = 64 << 20;

/**
 * Reads records back from a segment, headers and all, in order. Results of the gateway itself are passed over: a transaction made them
 * visible, or nothing does. Records that are torn or damaged were never acknowledged, or are the business of `store check`.
 */
export async function* readBacklog(stretch: BacklogStretch, options: BacklogReaderOptions): AsyncGenerator<BacklogBatch, void, undefined> {
  const scan = await SegmentScan.open(path.join(options.folder, segmentFileName(stretch.segment)));
  if (scan === undefined) {
    yield { records: [], upTo: stretch.to };
    return;
  }
  try {
    let records: ArrivedRecord[] = [];
    for await (const { header: record, state } of scan.records({ from: stretch.from, verifyData: stretch.isRecovery })) {
      if (record.offset >= stretch.to) break;
      if (state !== 'whole') options.log.warn('backlog.record_unreadable', { segment: record.segment, offset: record.offset, state });
      else if (record.origin === 'received') records.push({ record, header: await headerOf(scan, record) });
      if (records.length >= options.batchRecords) {
        yield { records, upTo: record.offset + recordBytes(record.dataLength) };
        records = [];
      }
    }
    yield { records, upTo: stretch.to };
  } finally {
    await scan.close();
  }
}

/** Reads the header of a record again, as far as it reaches. */
export async function headerOf(scan: SegmentScan, record: RecordHeader): Promise<ArrivedRecord['header']> {
  const reader = new HeaderReader(record.transferSyntaxUid);
  const end = Math.min(record.dataLength, Math.max(record.headerLength + 16, HEADER_PIECE), MAX_HEADER);
  for (let at = 0; at < end && reader.wantsMore; at += HEADER_PIECE) reader.push(await scan.read(record, at, Math.min(end, at + HEADER_PIECE)));
  return reader.finish(record.dataLength).header;
}
