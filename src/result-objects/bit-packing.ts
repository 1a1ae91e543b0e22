/**
 * Packs binary frames for a BINARY segmentation: one bit a pixel, first pixel in the least significant bit, frames joined without padding
 * between them, the whole padded to even length (PS3.5 §8.1.1, §8.2; PS3.3 §C.8.20.2.1).
 *
 * @param frames one byte a pixel, 0 or 1; each `pixels` long
 * @param pixels rows × columns
 */
export function packFrames(frames: readonly Uint8Array[], pixels: number): Uint8Array {
  const length = Math.ceil((frames.length * pixels) / 8);
  const packed = new Uint8Array(length + (length % 2));
  frames.forEach((frame, index) => {
    if (frame.length !== pixels) throw new Error(`mask ${index} has ${frame.length} pixels instead of ${pixels}`);
    packFrame(frame, packed, index * pixels);
  });
  return packed;
}

/** The inverse of `packFrames` for one frame, 0-based. Pixels beyond the end of `packed` are 0. */
export function unpackFrame(packed: Uint8Array, frame: number, pixels: number): Uint8Array {
  const mask = new Uint8Array(pixels);
  const first = frame * pixels;
  for (let i = 0; i < pixels; i++) {
    const bit = first + i;
    mask[i] = ((packed[bit >>> 3] ?? 0) >>> (bit & 7)) & 1;
  }
  return mask;
}

export function isEmptyMask(mask: Uint8Array): boolean {
  if (mask.length < 16) return mask.every((value) => value === 0);
  const { head, words, tail } = aligned(mask);
  return head.every((v) => v === 0) && firstNonZero(words) === words.length && tail.every((v) => v === 0);
}

function packFrame(frame: Uint8Array, packed: Uint8Array, firstBit: number): void {
  if (firstBit % 8 === 0 && frame.byteOffset % 8 === 0) packAligned(frame, packed, firstBit >>> 3);
  else packByPixel(frame, packed, firstBit, 0);
}

/** Eight pixels at a time; most of a mask is empty and skipped. */
function packAligned(frame: Uint8Array, packed: Uint8Array, firstByte: number): void {
  const groups = frame.length >>> 3;
  const fours = new Uint32Array(frame.buffer, frame.byteOffset, groups * 2);
  for (let i = 0; i < groups; i++) {
    const low = fours[2 * i]!;
    const high = fours[2 * i + 1]!;
    if ((low | high) === 0) continue;
    packed[firstByte + i] = nibble(low) | (nibble(high) << 4);
  }
  packByPixel(frame, packed, firstByte * 8, groups * 8);
}

/** Four little-endian bytes of 0 or 1 → four bits: the product moves bits 0, 8, 16 and 24 to 28–31, and no two terms meet. */
function nibble(four: number): number {
  return Math.imul(four, 0x1020_4080) >>> 28;
}

function packByPixel(frame: Uint8Array, packed: Uint8Array, firstBit: number, from: number): void {
  for (let i = from; i < frame.length; i++) {
    if (frame[i] === 0) continue;
    const bit = firstBit + i;
    packed[bit >>> 3]! |= 1 << (bit & 7);
  }
}

function firstNonZero(words: Float64Array): number {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return i;
  return words.length;
}

function aligned(mask: Uint8Array): { head: Uint8Array; words: Float64Array; tail: Uint8Array } {
  const skip = (8 - (mask.byteOffset % 8)) % 8;
  const groups = (mask.length - skip) >>> 3;
  return {
    head: mask.subarray(0, skip),
    words: new Float64Array(mask.buffer, mask.byteOffset + skip, groups),
    tail: mask.subarray(skip + groups * 8),
  };
}
