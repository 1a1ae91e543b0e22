import type { PixelDescription } from '../standards/dicom/pixel-frames.ts';

/** How the pixels of one frame are described: the Image Pixel Module without the number of frames. */
export type FrameShape = Omit<PixelDescription, 'numberOfFrames'>;

export interface EncodedFrame extends FrameShape {
  readonly transferSyntaxUid: string;
  /** Native pixels, or one whole bit stream (its fragments joined). */
  readonly bytes: Uint8Array;
}

/**
 * Native pixels, little endian, rows from the top: shape [rows, columns, samplesPerPixel], colour by pixel (planarConfiguration 0),
 * `bitsAllocated` bits a sample; frames of single bits are packed, lowest bit first (PS3.5 §8.1.1).
 */
export interface DecodedFrame extends FrameShape {
  readonly pixels: Uint8Array;
}

/**
 * - `UNSUPPORTED`: we have no codec for the transfer syntax, or not for this form of it.
 * - `CORRUPT`: the bit stream is broken, ends early, or says another shape than the data set.
 * - `LIMIT`: it took more time or memory than allowed; `CRASH`: the codec died. One frame is lost, nothing else.
 */
export interface CodecFault {
  readonly code: 'UNSUPPORTED' | 'CORRUPT' | 'LIMIT' | 'CRASH' | 'CANCELLED';
  readonly message: string;
}

export function codecFault(code: CodecFault['code'], message: string): CodecFault {
  return { code, message };
}

/** Bytes of a decoded frame. */
export function frameLength(shape: FrameShape): number {
  return Math.ceil((shape.rows * shape.columns * shape.samplesPerPixel * shape.bitsAllocated) / 8);
}

/** The shape without whatever else the object carries. */
export function shapeOf(frame: FrameShape): FrameShape {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, pixelRepresentation, photometricInterpretation, planarConfiguration } = frame;
  return { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, pixelRepresentation, photometricInterpretation, planarConfiguration };
}
