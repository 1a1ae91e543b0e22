import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import type { ImageFrames } from '../model-steps/image-frames.ts';
import { storedValues, type StoredValues } from '../model-steps/modality-lut.ts';
import { fault, ok, type Result } from '../foundation/result.ts';

/**
 * Gives the stored values of one frame.
 *
 * @param frame  0-based
 * @returns      rows × columns × samples values
 * Fault: a sentence; the frame is not there or cannot be decoded.
 */
export function frameValues(image: DataSet, transferSyntaxUid: string, facts: ImageFrames, frame: number): Result<StoredValues, string> {
  const count = facts.rows * facts.columns * facts.samplesPerPixel;
  const element = image.get(tags.PixelData);
  if (element === undefined) return fault('an image has no pixel data');
  if (element.value instanceof Uint8Array) {
    const size = count * (facts.format.bitsAllocated / 8);
    const bytes = element.value.subarray(frame * size, (frame + 1) * size);
    return bytes.byteLength < size ? fault('the pixel data of an image end early') : ok(storedValues(bytes, count, facts.format));
  }
  return fault(`transfer syntax ${transferSyntaxUid} cannot be decoded`);
}
