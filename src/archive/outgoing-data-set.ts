import { transcode } from '../codecs/transcode.ts';
import { part10Header } from '../standards/dicom/part10.ts';
import { writeDataSet } from '../standards/dicom/data-set-writer.ts';
import { assumedTransferSyntax, deflatedExplicitLittleEndian, explicitBigEndian, explicitLittleEndian, implicitLittleEndian, rleLossless } from '../standards/dicom/transfer-syntaxes.ts';
import { blobAddressOf } from '../store/segments/blob-address.ts';
import type { SegmentReader } from '../store/segments/segment-reader.ts';
import type { ServedInstance } from '../store/retrieval.ts';
import { readWhole } from './read-instance.ts';

/** A data set as it leaves, in pieces. */
export interface OutgoingDataSet {
  readonly transferSyntaxUid: string;
  readonly length: number;
  pieces(): AsyncIterable<Uint8Array>;
}

// A data set that must be re-encoded is held in memory; larger ones leave only as they are stored.
const MAX_REENCODED_BYTES = 512 * 1024 * 1024;

/** What a data set can be re-encoded to without loss, best first: JPEG-LS, JPEG 2000, HTJ2K and RLE where no native syntax is taken. */
const TARGETS: readonly string[] = [
  explicitLittleEndian, implicitLittleEndian, deflatedExplicitLittleEndian, explicitBigEndian,
  '1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.201', rleLossless,
];

/** True when `target` is a syntax that `inTransferSyntax` can produce. */
export function isTarget(target: string): boolean {
  return TARGETS.includes(target);
}

/** The data set byte for byte as it was received. */
export function asStored(segments: SegmentReader, instance: ServedInstance): OutgoingDataSet {
  return { transferSyntaxUid: instance.transfer_syntax_uid, length: instance.data_length, pieces: () => segments.stream(blobAddressOf(instance)) };
}

/**
 * The data set in one of the transfer syntaxes a peer takes: as stored when it takes that, else re-encoded without loss.
 *
 * @returns undefined when it can be given in none of them
 */
export async function inTransferSyntax(segments: SegmentReader, instance: ServedInstance, acceptable: readonly string[]): Promise<OutgoingDataSet | undefined> {
  if (acceptable.includes(instance.transfer_syntax_uid)) return asStored(segments, instance);
  const target = TARGETS.find((syntax) => acceptable.includes(syntax));
  if (target === undefined || instance.data_length > MAX_REENCODED_BYTES) return undefined;
  const whole = await readWhole(segments, instance, MAX_REENCODED_BYTES);
  const transcoded = await transcode(whole, assumedTransferSyntax(instance.transfer_syntax_uid).uid, target);
  if (!transcoded.ok) return undefined;
  const bytes = writeDataSet(transcoded.value, target);
  return { transferSyntaxUid: target, length: bytes.length, pieces: () => once(bytes) };
}

/** The same as a DICOM file: preamble and File Meta Information before it (PS3.10 §7.1). */
export function asFile(instance: ServedInstance, dataSet: OutgoingDataSet): OutgoingDataSet {
  const head = part10Header({ sopClassUid: instance.sop_class_uid, sopInstanceUid: instance.sop_instance_uid, transferSyntaxUid: dataSet.transferSyntaxUid });
  return {
    transferSyntaxUid: dataSet.transferSyntaxUid,
    length: head.length + dataSet.length,
    pieces: async function* pieces() {
      yield head;
      yield* dataSet.pieces();
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
