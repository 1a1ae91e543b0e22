import type { DataSet } from '../../standards/dicom/data-set.ts';
import { readDataSet } from '../../standards/dicom/data-set-reader.ts';
import { GatewayError } from '../../foundation/errors.ts';
import { blobAddressOf } from '../../store/segments/blob-address.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import type { StoredImage } from '../../store/study.ts';

// Reads are small (a few kilobytes each); this many at once keep the disk busy without holding a whole study in memory.
const PARALLEL_READS = 16;

/**
 * The data sets of stored images up to their pixel data.
 * Errors: `HEADER_UNREADABLE` (permanent) when a record no longer parses; intake refused such bytes, so this is damage.
 */
export async function readHeaders(segments: SegmentReader, images: readonly StoredImage[]): Promise<DataSet[]> {
  const headers: DataSet[] = [];
  for (let start = 0; start < images.length; start += PARALLEL_READS) {
    headers.push(...(await Promise.all(images.slice(start, start + PARALLEL_READS).map((image) => readHeader(segments, image)))));
  }
  return headers;
}

async function readHeader(segments: SegmentReader, image: StoredImage): Promise<DataSet> {
  const bytes = await segments.readRange(blobAddressOf(image), 0, Math.min(image.header_length, image.data_length));
  const parsed = readDataSet(bytes, image.transfer_syntax_uid);
  if (parsed.ok) return parsed.value;
  throw new GatewayError('HEADER_UNREADABLE', 'a stored header does not parse', { failure: 'permanent', context: { sopInstanceUid: image.sop_instance_uid, fault: parsed.fault.code } });
}
