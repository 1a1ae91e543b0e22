import { within } from '../../foundation/deadline.ts';
import { readDataSet } from '../../standards/dicom/data-set-reader.ts';
import { sameContent } from '../../standards/dicom/same-content.ts';
import type { Database } from '../../store/database.ts';
import { servedInstancesByKeys } from '../../store/retrieval.ts';
import { blobAddressOf } from '../../store/segments/blob-address.ts';
import { RECORD_HEADER_BYTES, type RecordHeader } from '../../store/segments/record-format.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';

/** Larger ones count as another content when their bytes differ: two of them are held in memory for the comparison. */
const MAX_BYTES = 128 << 20;
const DEADLINE_MS = 10_000;

/**
 * True when a record whose bytes differ from what is served under its UID says the same all the same: senders re-encode (sequences with
 * or without lengths, another byte order, group lengths) and mean no other image. Read from the disk again; false when in doubt. Never
 * rejects.
 *
 * @param writer  whose segments the record lies in
 */
export async function isCopyOfStored(database: Database, segments: SegmentReader, writer: string, record: RecordHeader): Promise<boolean> {
  const compare = async (): Promise<boolean> => {
    const [served] = await servedInstancesByKeys(database, { level: 'instance', uids: [record.sopInstanceUid] });
    if (served === undefined || Math.max(served.data_length, record.dataLength) > MAX_BYTES) return false;
    const one = readDataSet(await segments.readRange(blobAddressOf(served)), served.transfer_syntax_uid);
    const other = readDataSet(await segments.readRange({ writer, segment: record.segment, offset: record.offset + RECORD_HEADER_BYTES, length: record.dataLength }), record.transferSyntaxUid);
    return one.ok && other.ok && sameContent(one.value, other.value);
  };
  return within(compare(), DEADLINE_MS, 'the comparison of two contents').catch(() => false);
}
