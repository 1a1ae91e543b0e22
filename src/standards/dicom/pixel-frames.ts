import { fault, ok, type Result } from '../../foundation/result.ts';
import type { DataSet, Fragments } from './data-set.ts';
import { dicomFault, type DicomFault } from './dicom-fault.ts';
import { tags } from './tags.ts';

/** The Image Pixel Module, PS3.3 §C.7.6.3, as far as decoding needs it. */
export interface PixelDescription {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  /** 0 unsigned, 1 two's complement. */
  readonly pixelRepresentation: number;
  readonly photometricInterpretation: string;
  /** 0 colour by pixel, 1 colour by plane. */
  readonly planarConfiguration: number;
  readonly numberOfFrames: number;
}

/** Reads the description; BAD_LENGTH when the attributes contradict each other or describe more than 4 GiB a frame. */
export function describePixels(dataSet: DataSet): Result<PixelDescription, DicomFault> {
  const rows = dataSet.number(tags.Rows) ?? 0;
  const columns = dataSet.number(tags.Columns) ?? 0;
  const bitsAllocated = dataSet.number(tags.BitsAllocated) ?? 0;
  const bitsStored = dataSet.number(tags.BitsStored) ?? bitsAllocated;
  const samplesPerPixel = dataSet.number(tags.SamplesPerPixel) ?? 1;
  const numberOfFrames = Math.max(1, dataSet.number(tags.NumberOfFrames) ?? 1);
  if (rows < 1 || columns < 1) return bad('Rows or Columns is missing');
  if (![1, 8, 16, 24, 32, 64].includes(bitsAllocated)) return bad('Bits Allocated is missing or odd');
  if (bitsStored < 1 || bitsStored > bitsAllocated) return bad('Bits Stored does not fit Bits Allocated');
  if (samplesPerPixel < 1 || samplesPerPixel > 4) return bad('Samples per Pixel is out of range');
  if (!Number.isInteger(numberOfFrames) || (rows * columns * samplesPerPixel * bitsAllocated) / 8 > 2 ** 32) return bad('more pixels than can be');
  return ok({
    rows, columns, samplesPerPixel, bitsAllocated, bitsStored, numberOfFrames,
    pixelRepresentation: dataSet.number(tags.PixelRepresentation) ?? 0,
    photometricInterpretation: dataSet.string(tags.PhotometricInterpretation) ?? (samplesPerPixel === 1 ? 'MONOCHROME2' : 'RGB'),
    planarConfiguration: samplesPerPixel === 1 ? 0 : (dataSet.number(tags.PlanarConfiguration) ?? 0),
  });
}

/** Bits of one native frame. YBR_FULL_422 shares its chrominance between two pixels (PS3.3 §C.7.6.3.1.2). */
export function nativeFrameBits(pixels: PixelDescription): number {
  const samples = pixels.photometricInterpretation === 'YBR_FULL_422' && pixels.samplesPerPixel === 3 ? 2 : pixels.samplesPerPixel;
  return pixels.rows * pixels.columns * samples * pixels.bitsAllocated;
}

export interface PixelFrames {
  readonly description: PixelDescription;
  readonly encapsulated: boolean;
  /** Bytes of one frame, 1-based: native pixels (a view where they lie on byte borders), or the joined fragments of its bit stream. */
  frame(number: number): Result<Uint8Array, DicomFault>;
}

/**
 * The frames of a data set, PS3.5 §8 and §A.4.
 *
 * Errors: UNSUPPORTED without integer Pixel Data; BAD_LENGTH when fewer bytes are there than the frames need, or when nothing says
 * which fragments belong to which frame.
 */
export function pixelFrames(dataSet: DataSet): Result<PixelFrames, DicomFault> {
  const value = dataSet.get(tags.PixelData)?.value ?? dataSet.get(tags.FloatPixelData)?.value ?? dataSet.get(tags.DoubleFloatPixelData)?.value;
  if (value === undefined) return fault(dicomFault('UNSUPPORTED', 'no pixel data', -1, tags.PixelData));
  const described = describePixels(dataSet);
  if (!described.ok) return described;
  const description = described.value;
  if (value instanceof Uint8Array) return nativeFrames(value, description);
  if (Array.isArray(value)) return bad('pixel data are no bytes');
  const groups = fragmentsOfFrames(value as Fragments, description.numberOfFrames, dataSet);
  if (groups === undefined) return bad('nothing says which fragments belong to which frame');
  return ok({
    description,
    encapsulated: true,
    frame: (number) => (groups[number - 1] === undefined ? noSuchFrame() : ok(joined(groups[number - 1]!))),
  });
}

function nativeFrames(bytes: Uint8Array, description: PixelDescription): Result<PixelFrames, DicomFault> {
  const bits = nativeFrameBits(description);
  if (bytes.length * 8 < bits * description.numberOfFrames) return bad('pixel data are shorter than their frames');
  const frame = (number: number): Result<Uint8Array, DicomFault> => {
    if (!Number.isInteger(number) || number < 1 || number > description.numberOfFrames) return noSuchFrame();
    const start = bits * (number - 1);
    if (bits % 8 === 0) return ok(bytes.subarray(start / 8, (start + bits) / 8));
    return ok(bitRange(bytes, start, bits)); // PS3.5 §8.1.1: frames of single bits follow each other without padding
  };
  return ok({ description, encapsulated: false, frame });
}

function bitRange(bytes: Uint8Array, start: number, bits: number): Uint8Array {
  const shift = start % 8;
  const first = Math.floor(start / 8);
  const out = new Uint8Array(Math.ceil(bits / 8));
  for (let i = 0; i < out.length; i++) out[i] = ((bytes[first + i]! >>> shift) | ((bytes[first + i + 1] ?? 0) << (8 - shift))) & 0xff;
  const rest = bits % 8;
  if (rest !== 0) out[out.length - 1]! &= (1 << rest) - 1;
  return out;
}

/** Which fragments make each frame: by Extended Offset Table, Basic Offset Table, one each, or by where bit streams begin. */
function fragmentsOfFrames(value: Fragments, frames: number, dataSet: DataSet): readonly (readonly Uint8Array[])[] | undefined {
  const { fragments } = value;
  if (fragments.length === 0) return undefined;
  if (frames === 1) return [fragments];
  const extended = dataSet.bytes(tags.ExtendedOffsetTable);
  const offsets = extended !== undefined && extended.length === frames * 8 ? wideOffsets(extended) : basicOffsets(value.offsetTable, frames);
  const byTable = offsets === undefined ? undefined : groupByOffset(fragments, offsets);
  if (byTable !== undefined) return byTable;
  if (fragments.length === frames) return fragments.map((fragment) => [fragment]);
  const starts = fragments.flatMap((fragment, i) => (beginsBitStream(fragment) ? [i] : []));
  if (starts.length !== frames || starts[0] !== 0) return undefined;
  return starts.map((start, i) => fragments.slice(start, starts[i + 1] ?? fragments.length));
}

function basicOffsets(table: Uint8Array, frames: number): number[] | undefined {
  if (table.length !== frames * 4) return undefined;
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  return Array.from({ length: frames }, (_, i) => view.getUint32(i * 4, true));
}

function wideOffsets(table: Uint8Array): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  return Array.from({ length: table.length / 8 }, (_, i) => Number(view.getBigUint64(i * 8, true)));
}

/** Offsets count from the first fragment's item tag; each item has 8 bytes of header. Undefined when one points into a fragment. */
function groupByOffset(fragments: readonly Uint8Array[], offsets: readonly number[]): Uint8Array[][] | undefined {
  const frameAt = new Map(offsets.map((offset, i) => [offset, i]));
  if (frameAt.size !== offsets.length) return undefined;
  const groups: Uint8Array[][] = offsets.map(() => []);
  let at = 0;
  let current = -1;
  let found = 0;
  for (const fragment of fragments) {
    const starting = frameAt.get(at);
    if (starting !== undefined) {
      current = starting;
      found++;
    }
    if (current < 0) return undefined;
    groups[current]!.push(fragment);
    at += 8 + fragment.length;
  }
  return found === offsets.length ? groups : undefined;
}

/** SOI of JPEG and JPEG-LS (FFD8), SOC of JPEG 2000 (FF4F), the JP2 signature box. */
function beginsBitStream(fragment: Uint8Array): boolean {
  return (fragment[0] === 0xff && (fragment[1] === 0xd8 || fragment[1] === 0x4f)) || (fragment[3] === 0x0c && fragment[4] === 0x6a && fragment[5] === 0x50);
}

function joined(fragments: readonly Uint8Array[]): Uint8Array {
  return fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments);
}

function bad(message: string): { readonly ok: false; readonly fault: DicomFault } {
  return fault(dicomFault('BAD_LENGTH', message, -1, tags.PixelData));
}

function noSuchFrame(): { readonly ok: false; readonly fault: DicomFault } {
  return fault(dicomFault('BAD_LENGTH', 'no such frame', -1, tags.PixelData));
}
