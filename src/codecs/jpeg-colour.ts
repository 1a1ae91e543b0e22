import type { JpegHeader } from './jpeg-header.ts';

/**
 * Whether the three components of a JPEG frame are YCbCr. An Adobe marker says so itself, JFIF is YCbCr by definition; without
 * either the data set's Photometric Interpretation counts (PS3.5 §8.2.1).
 */
export function isYcbcr(header: JpegHeader, photometricInterpretation: string): boolean {
  if (header.components.length !== 3) return false;
  if (header.adobeTransform !== undefined) return header.adobeTransform !== 0;
  return header.jfif || photometricInterpretation !== 'RGB';
}

/** The stream with an Adobe marker that makes the codec convert YCbCr to RGB, or leave RGB alone, as `isYcbcr` says. */
export function withColourMarker(bytes: Uint8Array, header: JpegHeader, photometricInterpretation: string): Uint8Array {
  if (header.components.length !== 3 || header.adobeTransform !== undefined || header.jfif) return bytes.subarray(header.start - 2);
  const transform = isYcbcr(header, photometricInterpretation) ? 1 : 0;
  const marker = Uint8Array.of(0xff, 0xd8, 0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform);
  return Buffer.concat([marker, bytes.subarray(header.start)]);
}
