import { fault, ok, type Result } from '../foundation/result.ts';
import type { ImageFrames } from '../model-steps/image-frames.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';

/**
 * The stored bytes of one frame, little endian, decoded.
 *
 * @param frame  0-based
 * @returns      rows × columns × samples values of Bits Allocated
 * Fault: a sentence; the frame is not there or cannot be decoded.
 */
export function frameBytes(image: DataSet, transferSyntaxUid: string, facts: ImageFrames, frame: number): Result<Uint8Array, string> {
  const size = facts.rows * facts.columns * facts.samplesPerPixel * (facts.format.bitsAllocated / 8);
  const element = image.get(tags.PixelData);
  if (element === undefined) return fault('an image has no pixel data');
  if (!(element.value instanceof Uint8Array)) return fault(`transfer syntax ${transferSyntaxUid} cannot be decoded`);
  const bytes = element.value.subarray(frame * size, (frame + 1) * size);
  return bytes.byteLength < size ? fault('the pixel data of an image end early') : ok(bytes);
}
