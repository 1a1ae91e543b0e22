import { transcode } from '../codecs/transcode.ts';
import { GatewayError } from '../foundation/errors.ts';
import { readDataSet } from '../standards/dicom/data-set-reader.ts';
import { writeDataSet } from '../standards/dicom/data-set-writer.ts';
import { assumedTransferSyntax } from '../standards/dicom/transfer-syntaxes.ts';
import { isTarget } from './outgoing-data-set.ts';

/** Held in memory while it is re-encoded. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * A data set without loss in the first of the acceptable transfer syntaxes that the codecs can make; undefined when there is none, or it
 * does not parse or decode. Errors: `OBJECT_TOO_LARGE` (permanent) over 512 MiB, and those of the source.
 */
export async function reencodeBytes(pieces: AsyncIterable<Uint8Array>, from: string, acceptable: readonly string[]): Promise<{ readonly transferSyntaxUid: string; readonly bytes: Uint8Array } | undefined> {
  const target = acceptable.find(isTarget);
  if (target === undefined) return undefined;
  const parsed = readDataSet(await gathered(pieces), from);
  const transcoded = parsed.ok ? await transcode(parsed.value, assumedTransferSyntax(from).uid, target) : undefined;
  return transcoded?.ok === true ? { transferSyntaxUid: target, bytes: writeDataSet(transcoded.value, target) } : undefined;
}

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > MAX_BYTES) throw new GatewayError('OBJECT_TOO_LARGE', 'an object of this size is not re-encoded', { failure: 'permanent', context: { limit: MAX_BYTES } });
    parts.push(piece);
  }
  return Buffer.concat(parts);
}
