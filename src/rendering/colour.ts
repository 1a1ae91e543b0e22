import type { DecodedFrame } from '../codecs/frame.ts';
import type { Picture } from './picture.ts';

/** Colour pixels of 8 or 16 bits as RGB of 8. YBR is converted by PS3.3 §C.7.6.3.1.2. */
export function colourPicture(frame: DecodedFrame): Picture {
  const count = frame.rows * frame.columns;
  const channels = frame.samplesPerPixel;
  const samples = new Uint8Array(count * 3);
  const wide = frame.bitsAllocated > 8;
  const shift = Math.max(0, frame.bitsStored - 8);
  const ybr = frame.photometricInterpretation.startsWith('YBR');
  for (let i = 0; i < count; i += 1) {
    const at = i * channels;
    const a = sample(frame.pixels, at, wide, shift);
    const b = sample(frame.pixels, at + 1, wide, shift);
    const c = sample(frame.pixels, at + 2, wide, shift);
    if (ybr) {
      samples[i * 3] = clamp(a + 1.402 * (c - 128));
      samples[i * 3 + 1] = clamp(a - 0.344136 * (b - 128) - 0.714136 * (c - 128));
      samples[i * 3 + 2] = clamp(a + 1.772 * (b - 128));
    } else {
      samples[i * 3] = a;
      samples[i * 3 + 1] = b;
      samples[i * 3 + 2] = c;
    }
  }
  return { width: frame.columns, height: frame.rows, channels: 3, samples };
}

function sample(pixels: Uint8Array, at: number, wide: boolean, shift: number): number {
  return wide ? Math.min(255, (pixels[at * 2]! | (pixels[at * 2 + 1]! << 8)) >> shift) : pixels[at]!;
}

function clamp(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value);
}
