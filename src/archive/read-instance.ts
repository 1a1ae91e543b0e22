import { GatewayError } from '../foundation/errors.ts';
import { blobAddressOf } from '../store/segments/blob-address.ts';
import type { SegmentReader } from '../store/segments/segment-reader.ts';
import type { ServedInstance } from '../store/retrieval.ts';
import { readDataSet } from '../standards/dicom/data-set-reader.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';

/** The data set up to its pixel data. Errors: `HEADER_UNREADABLE` (permanent): the record no longer parses, which is damage. */
export async function readHeader(segments: SegmentReader, instance: ServedInstance): Promise<DataSet> {
  return parse(await segments.readRange(blobAddressOf(instance), 0, Math.min(instance.header_length, instance.data_length)), instance);
}

/** The whole data set, held in memory: at most `maxBytes`, else `OBJECT_TOO_LARGE` (permanent). */
export async function readWhole(segments: SegmentReader, instance: ServedInstance, maxBytes: number): Promise<DataSet> {
  if (instance.data_length > maxBytes) {
    throw new GatewayError('OBJECT_TOO_LARGE', `an object of ${instance.data_length} bytes is not read whole`, { failure: 'permanent', context: { limit: maxBytes } });
  }
  return parse(await segments.readRange(blobAddressOf(instance)), instance);
}

function parse(bytes: Uint8Array, instance: ServedInstance): DataSet {
  const parsed = readDataSet(bytes, instance.transfer_syntax_uid);
  if (parsed.ok) return parsed.value;
  throw new GatewayError('HEADER_UNREADABLE', 'a stored object does not parse', { failure: 'permanent', context: { sopInstanceUid: instance.sop_instance_uid, fault: parsed.fault.code } });
}
