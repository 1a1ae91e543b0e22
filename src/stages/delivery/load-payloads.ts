import type { Payload } from '../../destinations/destination.ts';
import { explicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import type { Tx } from '../../store/database.ts';
import type { LeasedMessage } from '../../store/outbox.ts';
import { payloadsOfMessages, type StoredPayload } from '../../store/result-object.ts';
import type { BlobAddress } from '../../store/segments/blob-address.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';

/** Objects up to this size are read at once; larger ones are streamed. */
const SMALL_BYTES = 1 << 20;

/** The payload of each message, in order; undefined where the object is no longer there. Bytes in segments are read while they are sent. */
export async function loadPayloads(tx: Tx, segments: SegmentReader, messages: readonly LeasedMessage[]): Promise<(Payload | undefined)[]> {
  const rows = await payloadsOfMessages(tx, messages.map((message) => message.id));
  const byMessage = new Map(rows.map((row) => [row.message_id, row]));
  return messages.map((message) => {
    const row = byMessage.get(message.id);
    return row === undefined ? undefined : payloadOf(message, row, segments);
  });
}

function payloadOf(message: LeasedMessage, row: StoredPayload, segments: SegmentReader): Payload | undefined {
  const studyInstanceUid = message.study_instance_uid;
  if (row.media_type === 'application/fhir+json' || row.media_type === 'application/hl7-v2') {
    if (row.bytes === null || row.job_key === null) return undefined;
    // The job key is the same on every retry, so it also serves as the request's id.
    return { mediaType: row.media_type, studyInstanceUid, name: `${row.role ?? 'bundle'}-${row.job_key}`.replaceAll(/[^A-Za-z0-9.-]/g, '-').slice(0, 128), bytes: row.bytes };
  }
  const { bytes } = row;
  if (bytes !== null && row.sop_class_uid !== null && row.sop_instance_uid !== null) return sparePayload(studyInstanceUid, bytes, { sopClassUid: row.sop_class_uid, sopInstanceUid: row.sop_instance_uid });
  const address = addressOf(row);
  if (address === undefined || row.sop_class_uid === null || row.sop_instance_uid === null || row.transfer_syntax_uid === null) return undefined;
  return {
    mediaType: 'application/dicom',
    studyInstanceUid,
    sopClassUid: row.sop_class_uid,
    sopInstanceUid: row.sop_instance_uid,
    transferSyntaxUid: row.transfer_syntax_uid,
    length: address.length,
    dataSet: () => (address.length <= SMALL_BYTES ? whole(segments, address) : segments.stream(address)),
  };
}

/** A rendition that was kept for the case that a better one is refused. */
function sparePayload(studyInstanceUid: string, bytes: Buffer, uids: { readonly sopClassUid: string; readonly sopInstanceUid: string }): Payload {
  return { mediaType: 'application/dicom', studyInstanceUid, ...uids, transferSyntaxUid: explicitLittleEndian, length: bytes.length, dataSet: () => once(bytes) };
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function* whole(segments: SegmentReader, address: BlobAddress): AsyncGenerator<Uint8Array, void, undefined> {
  yield await segments.readRange(address);
}

function addressOf(row: StoredPayload): BlobAddress | undefined {
  if (row.writer === null || row.segment === null || row.data_offset === null || row.data_length === null) return undefined;
  return { writer: row.writer, segment: row.segment, offset: row.data_offset, length: row.data_length };
}
