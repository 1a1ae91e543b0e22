import { decodeFrame } from '../codecs/decode-frame.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { pixelFrames, type PixelFrames } from '../standards/dicom/pixel-frames.ts';

/** The frames of one object, ready to be decoded one by one. */
export interface FrameSource {
  /**
   * The stored bytes of a frame, little endian, decoded.
   *
   * @param frame  0-based
   * Fault: a sentence; the frame is not there or cannot be decoded.
   */
  bytes(frame: number): Promise<Result<Uint8Array, string>>;
}

/** Finds the frames of an image object. Native ones are views of its bytes; the others are decoded in worker threads. */
export function frameSource(image: DataSet, transferSyntaxUid: string): Result<FrameSource, string> {
  const frames = pixelFrames(image);
  if (!frames.ok) return fault(`the pixel data of an image cannot be read (${frames.fault.code})`);
  return ok({ bytes: (frame) => decoded(frames.value, transferSyntaxUid, frame) });
}

async function decoded(frames: PixelFrames, transferSyntaxUid: string, frame: number): Promise<Result<Uint8Array, string>> {
  const bytes = frames.frame(frame + 1);
  if (!bytes.ok) return fault(`a frame of an image is not there (${bytes.fault.code})`);
  if (!frames.encapsulated) return bytes;
  const pixels = await decodeFrame({ ...frames.description, transferSyntaxUid, bytes: bytes.value });
  return pixels.ok ? ok(pixels.value.pixels) : fault(`a frame of an image cannot be decoded (${pixels.fault.code}: ${pixels.fault.message})`);
}
