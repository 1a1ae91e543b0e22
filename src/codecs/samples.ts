import type { FrameShape } from './frame.ts';

/** Samples by plane put by pixel; `bytes` is the size of a sample. */
export function byPixel(planes: Uint8Array, shape: FrameShape): Uint8Array {
  const bytes = shape.bitsAllocated / 8;
  const samples = shape.samplesPerPixel;
  const count = shape.rows * shape.columns;
  const out = new Uint8Array(count * samples * bytes);
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < count; i++) {
      const from = (sample * count + i) * bytes;
      const to = (i * samples + sample) * bytes;
      for (let b = 0; b < bytes; b++) out[to + b] = planes[from + b]!;
    }
  }
  return out;
}

/** YBR_FULL_422 as it lies (Y1 Y2 Cb Cr, 8 bits) to one triple a pixel: both pixels take the chrominance of the pair. */
export function fullChrominance(pairs: Uint8Array, pixels: number): Uint8Array {
  const out = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const pair = (i >> 1) * 4;
    out[i * 3] = pairs[pair + (i & 1)]!;
    out[i * 3 + 1] = pairs[pair + 2]!;
    out[i * 3 + 2] = pairs[pair + 3]!;
  }
  return out;
}

/** Numbers as little-endian samples of 8, 16 or 32 bits. */
export function packSamples(samples: Uint16Array | Uint8Array, bitsAllocated: number): Uint8Array {
  if (bitsAllocated === 8) return samples instanceof Uint8Array ? samples : Uint8Array.from(samples);
  const bytes = bitsAllocated / 8;
  const out = new Uint8Array(samples.length * bytes);
  for (let i = 0, to = 0; i < samples.length; i++, to += bytes) {
    out[to] = samples[i]! & 0xff;
    out[to + 1] = samples[i]! >> 8;
  }
  return out;
}

/** One sample a byte to one bit, lowest bit first (PS3.5 §8.1.1). */
export function packBits(samples: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(samples.length / 8));
  for (let i = 0; i < samples.length; i++) if (samples[i] !== 0) out[i >> 3]! |= 1 << (i & 7);
  return out;
}
