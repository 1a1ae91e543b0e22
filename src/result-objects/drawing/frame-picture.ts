import type { DecodedFrame } from '../../codecs/frame.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { functionalGroups } from '../source-geometry.ts';
import type { Picture } from './canvas.ts';

/**
 * A decoded frame as a viewer would first show it: Modality LUT by slope and intercept, the first window of the header (else the range of its
 * values), MONOCHROME1 inverted (PS3.3 §C.11.1, §C.11.2); colour as it is.
 *
 * @param frameNumber 1-based; null for a single-frame image
 * @returns undefined for what has no plain picture: palettes, floats, bits
 */
export function framePicture(frame: DecodedFrame, header: DataSet, frameNumber: number | null): Picture | undefined {
  const { rows, columns, samplesPerPixel, bitsAllocated, photometricInterpretation } = frame;
  if (samplesPerPixel === 3 && bitsAllocated === 8) {
    return { width: columns, height: rows, rgb: photometricInterpretation.startsWith('YBR') ? fromYbr(frame.pixels) : frame.pixels };
  }
  if (samplesPerPixel !== 1 || !photometricInterpretation.startsWith('MONOCHROME') || ![8, 16].includes(bitsAllocated)) return undefined;
  const values = greyValues(frame);
  const { slope, intercept, window } = transformation(header, frameNumber);
  const [low, high] = window ?? rangeOf(values, slope, intercept);
  const inverse = photometricInterpretation.trim() === 'MONOCHROME1';
  const rgb = new Uint8Array(rows * columns * 3);
  values.forEach((stored, index) => {
    const share = Math.min(1, Math.max(0, (stored * slope + intercept - low) / Math.max(1e-9, high - low)));
    rgb.fill(Math.round(255 * (inverse ? 1 - share : share)), 3 * index, 3 * index + 3);
  });
  return { width: columns, height: rows, rgb };
}

/** Stored values, masked to Bits Stored and signed where the frame says so. */
function greyValues({ pixels, rows, columns, bitsAllocated, bitsStored, pixelRepresentation }: DecodedFrame): Int32Array {
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const unused = 32 - bitsStored;
  return Int32Array.from({ length: rows * columns }, (_, index) => {
    const raw = bitsAllocated === 8 ? view.getUint8(index) : view.getUint16(2 * index, true);
    return pixelRepresentation === 1 ? (raw << unused) >> unused : (raw << unused) >>> unused;
  });
}

function transformation(header: DataSet, frameNumber: number | null): { slope: number; intercept: number; window: readonly [number, number] | undefined } {
  const find = functionalGroups(header, frameNumber);
  const rescale = find(tags.PixelValueTransformationSequence) ?? header;
  const voi = find(tags.FrameVOILUTSequence) ?? header;
  const centre = voi.numbers(tags.WindowCenter)[0];
  const width = voi.numbers(tags.WindowWidth)[0];
  return {
    slope: rescale.number(tags.RescaleSlope) ?? 1,
    intercept: rescale.number(tags.RescaleIntercept) ?? 0,
    // PS3.3 §C.11.2.1.2.1: the linear function runs from c − 0.5 − (w − 1)/2 to c − 0.5 + (w − 1)/2.
    window: centre === undefined || width === undefined || width < 1 ? undefined : [centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2],
  };
}

/** From the first to the last hundredth of the values: a marker of metal or a black rim does not darken the rest. */
function rangeOf(values: Int32Array, slope: number, intercept: number): readonly [number, number] {
  const sorted = values.slice().sort();
  const at = (share: number): number => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * slope + intercept;
  return [Math.min(at(0.01), at(0.99)), Math.max(at(0.01), at(0.99))];
}

/** PS3.3 §C.7.6.3.1.2: full range YCbCr of ITU-R BT.601. */
function fromYbr(ybr: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(ybr.length);
  for (let i = 0; i + 2 < ybr.length; i += 3) {
    const [y, cb, cr] = [ybr[i]!, ybr[i + 1]! - 128, ybr[i + 2]! - 128];
    rgb.set([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb].map((value) => Math.min(255, Math.max(0, Math.round(value)))), i);
  }
  return rgb;
}
