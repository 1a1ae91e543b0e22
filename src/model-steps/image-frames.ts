import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import type { Point3 } from '../domain/findings.ts';
import type { FramePlane } from './geometry.ts';
import type { PixelFormat, Rescale } from './modality-lut.ts';

/** What pre-processing must know of one image object, single-frame or enhanced multi-frame, without its pixels. */
export interface ImageFrames {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly photometric: string;
  readonly format: PixelFormat;
  readonly frames: readonly FrameFacts[];
}

export interface FrameFacts {
  /** 1-based; null for a single-frame object. */
  readonly number: number | null;
  /** null when position, orientation or pixel spacing is missing. */
  readonly plane: FramePlane | null;
  /** null when the object has no rescale: its stored values are not in known units. */
  readonly rescale: Rescale | null;
  readonly imageType: readonly string[];
}

/**
 * Reads the facts of an image object. Enhanced objects: a functional group of the frame wins over the shared one, which wins over the
 * top level (PS3.3 §C.7.6.16).
 *
 * Fault: a sentence when the object has no pixel matrix that can be read.
 */
export function describeImage(image: DataSet): Result<ImageFrames, string> {
  const rows = image.number(tags.Rows);
  const columns = image.number(tags.Columns);
  const bitsAllocated = image.number(tags.BitsAllocated);
  if (rows === undefined || columns === undefined || rows < 1 || columns < 1) return fault('Rows or Columns is missing');
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) return fault(`Bits Allocated ${bitsAllocated ?? 'missing'} is not supported`);
  const bitsStored = image.number(tags.BitsStored) ?? bitsAllocated;
  if (bitsStored < 1 || bitsStored > bitsAllocated) return fault(`Bits Stored ${bitsStored} does not fit Bits Allocated ${bitsAllocated}`);
  const signed = image.number(tags.PixelRepresentation) === 1;
  return ok({
    sopClassUid: image.string(tags.SOPClassUID) ?? '',
    sopInstanceUid: image.string(tags.SOPInstanceUID) ?? '',
    rows,
    columns,
    samplesPerPixel: image.number(tags.SamplesPerPixel) ?? 1,
    photometric: image.string(tags.PhotometricInterpretation) ?? '',
    format: { bitsAllocated, bitsStored, signed, padding: paddingOf(image, signed) },
    frames: framesOf(image, rows, columns),
  });
}

function framesOf(image: DataSet, rows: number, columns: number): FrameFacts[] {
  const shared = image.items(tags.SharedFunctionalGroupsSequence)[0];
  const perFrame = image.items(tags.PerFrameFunctionalGroupsSequence);
  const count = Math.max(1, image.number(tags.NumberOfFrames) ?? 1);
  const isMultiFrame = image.has(tags.NumberOfFrames) && (count > 1 || perFrame.length > 0);
  return Array.from({ length: count }, (_, index) => {
    const group = (sequence: number) => perFrame[index]?.items(sequence)[0] ?? shared?.items(sequence)[0] ?? image;
    return {
      number: isMultiFrame ? index + 1 : null,
      plane: planeOf(group, rows, columns),
      rescale: rescaleOf(group(tags.PixelValueTransformationSequence)),
      imageType: image.strings(tags.ImageType),
    };
  });
}

function planeOf(group: (sequence: number) => DataSet, rows: number, columns: number): FramePlane | null {
  const position = point(group(tags.PlanePositionSequence).numbers(tags.ImagePositionPatient));
  const cosines = group(tags.PlaneOrientationSequence).numbers(tags.ImageOrientationPatient);
  const [rowSpacing, columnSpacing] = group(tags.PixelMeasuresSequence).numbers(tags.PixelSpacing);
  const rowDirection = point(cosines.slice(0, 3));
  const columnDirection = point(cosines.slice(3, 6));
  if (position === null || rowDirection === null || columnDirection === null) return null;
  if (rowSpacing === undefined || columnSpacing === undefined || !(rowSpacing > 0) || !(columnSpacing > 0)) return null;
  return { position, rowDirection, columnDirection, rowSpacing, columnSpacing, rows, columns };
}

function rescaleOf(group: DataSet): Rescale | null {
  const slope = group.number(tags.RescaleSlope);
  const intercept = group.number(tags.RescaleIntercept);
  return slope === undefined || intercept === undefined || slope === 0 ? null : { slope, intercept };
}

function paddingOf(image: DataSet, signed: boolean): PixelFormat['padding'] {
  const value = image.number(tags.PixelPaddingValue);
  if (value === undefined) return null;
  const limit = image.number(tags.PixelPaddingRangeLimit) ?? value;
  // The VR is "US or SS"; a reader that takes US gives 63536 for −2000 of a signed image.
  const [a, b] = [value, limit].map((v) => (signed && v >= 32768 ? v - 65536 : v)) as [number, number];
  return { low: Math.min(a, b), high: Math.max(a, b) };
}

function point(values: readonly number[]): Point3 | null {
  const [x, y, z] = values;
  return x === undefined || y === undefined || z === undefined ? null : [x, y, z];
}
