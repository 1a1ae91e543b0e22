import type { DecodedFrame } from '../codecs/frame.ts';
import { colourPicture } from './colour.ts';
import { fullWindow, throughTable, windowed, type ModalityTransform, type VoiTable, type VoiWindow } from './grey-pipeline.ts';
import type { PaletteColours } from './palette.ts';
import type { Picture } from './picture.ts';

/** What of a data set decides how its pixels look. */
export interface RenderingFacts {
  readonly modality: ModalityTransform;
  /** The window or table of the data set, or the one asked for; undefined: the range of the values. */
  readonly voi: VoiWindow | VoiTable | undefined;
  /** The smallest stored value is white: MONOCHROME1 or Presentation LUT Shape INVERSE. */
  readonly inverse: boolean;
  readonly palette: PaletteColours | undefined;
  /** Stored values that are no measurement and do not count for the range (Pixel Padding Value, and its range limit). */
  readonly padding: { readonly from: number; readonly to: number } | undefined;
}

/** A decoded frame as a picture. Pure. */
export function renderFrame(frame: DecodedFrame, facts: RenderingFacts): Picture {
  if (frame.samplesPerPixel >= 3) return colourPicture(frame);
  const stored = storedValues(frame);
  if (facts.palette !== undefined) return facts.palette.apply(stored, frame.columns, frame.rows);
  return { width: frame.columns, height: frame.rows, channels: 1, samples: greys(stored, frame, facts) };
}

/** One number a pixel, signs applied, bits above Bits Stored dropped. */
export function storedValues(frame: DecodedFrame): Uint8Array | Uint16Array | Int16Array | Int32Array | Float64Array {
  const { pixels, bitsAllocated, bitsStored, pixelRepresentation } = frame;
  const count = frame.rows * frame.columns;
  if (bitsAllocated === 1) return Uint8Array.from({ length: count }, (_, i) => (pixels[i >> 3]! >> (i & 7)) & 1);
  const signed = pixelRepresentation === 1;
  if (bitsAllocated === 8 && !signed && bitsStored === 8) return pixels.subarray(0, count);
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.length);
  if (bitsAllocated <= 16) {
    const out = signed ? new Int16Array(count) : new Uint16Array(count);
    const [shift, mask] = [16 - bitsStored, 2 ** bitsStored - 1];
    for (let i = 0; i < count; i += 1) {
      const raw = bitsAllocated === 8 ? pixels[i]! : view.getUint16(i * 2, true);
      out[i] = signed ? ((raw & mask) << (16 + shift)) >> (16 + shift) : raw & mask;
    }
    return out;
  }
  const out = new Float64Array(count);
  for (let i = 0; i < count; i += 1) out[i] = signed ? view.getInt32(i * 4, true) : view.getUint32(i * 4, true);
  return out;
}

function greys(stored: ArrayLike<number>, frame: DecodedFrame, facts: RenderingFacts): Uint8Array {
  const { slope, intercept } = facts.modality;
  const voi = facts.voi ?? (frame.bitsAllocated === 1 ? fullWindow(0, 1) : rangeOf(stored, facts));
  const shade = (value: number): number => {
    const modality = value * slope + intercept;
    const bright = 'values' in voi ? throughTable(modality, voi) : windowed(modality, voi);
    return Math.round(255 * (facts.inverse ? 1 - bright : bright));
  };
  const out = new Uint8Array(stored.length);
  if (frame.bitsAllocated > 16) {
    for (let i = 0; i < stored.length; i += 1) out[i] = shade(stored[i]!);
    return out;
  }
  // At most 65,536 different values: each is computed once.
  const first = frame.pixelRepresentation === 1 ? -(2 ** 15) : 0;
  const table = new Int16Array(65_536).fill(-1);
  for (let i = 0; i < stored.length; i += 1) {
    const at = stored[i]! - first;
    let grey = table[at]!;
    if (grey < 0) {
      grey = shade(stored[i]!);
      table[at] = grey;
    }
    out[i] = grey;
  }
  return out;
}

function rangeOf(stored: ArrayLike<number>, { modality, padding }: RenderingFacts): VoiWindow {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < stored.length; i += 1) {
    const value = stored[i]!;
    if (padding !== undefined && value >= padding.from && value <= padding.to) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) [least, most] = [0, 1];
  const [a, b] = [least * modality.slope + modality.intercept, most * modality.slope + modality.intercept];
  return fullWindow(Math.min(a, b), Math.max(a, b));
}
