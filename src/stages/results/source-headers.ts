import { GatewayError } from '../../foundation/errors.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { readDataSet } from '../../standards/dicom/data-set-reader.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { Tx } from '../../store/database.ts';
import { blobAddressOf } from '../../store/segments/blob-address.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { imagesByUid, type StoredImage } from '../../store/study.ts';

const PARALLEL_READS = 16;

/**
 * The headers of the analysed images by SOP Instance UID, without pixel data.
 * Errors: SOURCE_IMAGE_GONE, SOURCE_IMAGE_UNREADABLE (permanent); BLOB_UNREADABLE.
 */
export async function sourceHeaders(tx: Tx, segments: SegmentReader, sopInstanceUids: readonly string[]): Promise<ReadonlyMap<string, DataSet>> {
  const wanted = [...new Set(sopInstanceUids)];
  const images = await imagesByUid(tx, wanted);
  if (images.length < wanted.length) throw new GatewayError('SOURCE_IMAGE_GONE', 'an analysed image is no longer in the index', { failure: 'permanent', context: { wanted: wanted.length, found: images.length } });
  const headers = new Map<string, DataSet>();
  for (let start = 0; start < images.length; start += PARALLEL_READS) {
    const batch = images.slice(start, start + PARALLEL_READS);
    const parsed = await Promise.all(batch.map((image) => headerOf(segments, image)));
    batch.forEach((image, index) => headers.set(image.sop_instance_uid, parsed[index]!));
  }
  return headers;
}

async function headerOf(segments: SegmentReader, image: StoredImage): Promise<DataSet> {
  const bytes = await segments.readRange(blobAddressOf(image), 0, Math.min(image.header_length, image.data_length));
  const read = readDataSet(bytes, image.transfer_syntax_uid, { stopBefore: tags.PixelData });
  if (read.ok) return read.value;
  throw new GatewayError('SOURCE_IMAGE_UNREADABLE', 'the header of an analysed image does not parse', { failure: 'permanent', context: { sopInstanceUid: image.sop_instance_uid, fault: read.fault.code } });
}
