import { crc32 } from 'node:zlib';
import { asGatewayError } from '../foundation/errors.ts';
import { blobAddressOf, type BlobColumns } from '../store/segments/blob-address.ts';
import type { SegmentReader } from '../store/segments/segment-reader.ts';

export type Verification = 'intact' | 'damaged' | 'unreadable-now';

/** Reads the stored bytes of an object again and compares them with the checksum they had when they were acknowledged. */
export async function verifyInstance(segments: SegmentReader, instance: BlobColumns & { readonly crc32: number }): Promise<Verification> {
  try {
    let sum = 0;
    for await (const piece of segments.stream(blobAddressOf(instance))) sum = crc32(piece, sum);
    return sum === instance.crc32 ? 'intact' : 'damaged';
  } catch (thrown) {
    return asGatewayError(thrown).failure === 'permanent' ? 'damaged' : 'unreadable-now';
  }
}
