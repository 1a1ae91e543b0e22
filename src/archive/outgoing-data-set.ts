import { part10Header } from '../standards/dicom/part10.ts';
import { writeDataSet } from '../standards/dicom/data-set-writer.ts';
import { assumedTransferSyntax, deflatedExplicitLittleEndian, explicitBigEndian, explicitLittleEndian, implicitLittleEndian } from '../standards/dicom/transfer-syntaxes.ts';
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

/** What an uncompressed data set can be re-encoded to, best first. */
const NATIVE: readonly string[] = [explicitLittleEndian, implicitLittleEndian, deflatedExplicitLittleEndian, explicitBigEndian];

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
  const target = NATIVE.find((syntax) => acceptable.includes(syntax));
  const compressed = assumedTransferSyntax(instance.transfer_syntax_uid).encapsulated && instance.header_length < instance.data_length;
  if (target === undefined || compressed || instance.data_length > MAX_REENCODED_BYTES) return undefined;
  const bytes = writeDataSet(await readWhole(segments, instance, MAX_REENCODED_BYTES), target);
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
