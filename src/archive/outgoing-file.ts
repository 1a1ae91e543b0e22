import { part10Header } from '../standards/dicom/part10.ts';
import { writeDataSet } from '../standards/dicom/data-set-writer.ts';
import { assumedTransferSyntax, explicitLittleEndian } from '../standards/dicom/transfer-syntaxes.ts';
import type { SegmentReader } from '../store/segments/segment-reader.ts';
import type { ServedInstance } from '../store/retrieval.ts';
import { readWhole, storedFile, type OutgoingFile } from './retrieve-instance.ts';

// A data set that must be re-encoded is held in memory; larger ones leave as they are stored.
const MAX_REENCODED_BYTES = 512 * 1024 * 1024;

/**
 * The file of an instance in the transfer syntax a client asked for (PS3.18 §8.7.3.5).
 *
 * @param wanted  a UID, `*` for as stored, undefined for the default: Explicit VR Little Endian
 * @returns undefined when the instance cannot be given in it
 */
export async function fileInTransferSyntax(segments: SegmentReader, instance: ServedInstance, wanted: string | undefined): Promise<OutgoingFile | undefined> {
  const stored = assumedTransferSyntax(instance.transfer_syntax_uid);
  if (wanted === '*' || wanted === instance.transfer_syntax_uid) return storedFile(segments, instance);
  if (wanted !== undefined && wanted !== explicitLittleEndian) return undefined;
  if (instance.transfer_syntax_uid === explicitLittleEndian || stored.encapsulated) return storedFile(segments, instance);
  const dataSet = await readWhole(segments, instance, MAX_REENCODED_BYTES);
  const body = writeDataSet(dataSet, explicitLittleEndian);
  const head = part10Header({ sopClassUid: instance.sop_class_uid, sopInstanceUid: instance.sop_instance_uid, transferSyntaxUid: explicitLittleEndian });
  return {
    transferSyntaxUid: explicitLittleEndian,
    length: head.length + body.length,
    pieces: async function* pieces() {
      yield head;
      yield body;
    },
  };
}
