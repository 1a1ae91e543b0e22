import type { Voxels } from './volume.ts';

/** How stored pixel values lie in the bytes, PS3.3 §C.7.6.3. */
export interface PixelFormat {
  readonly bitsAllocated: 8 | 16 | 32;
  readonly bitsStored: number;
  /** Pixel Representation = 1. */
  readonly signed: boolean;
  /** Pixel Padding Value and, when there is one, Pixel Padding Range Limit: stored values from low to high are no measurement. */
  readonly padding: { readonly low: number; readonly high: number } | null;
}

export interface Rescale {
  /** Output units per stored value. */
  readonly slope: number;
  /** Output units at stored value 0. */
  readonly intercept: number;
}

export type StoredValues = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/**
 * Reads stored values out of little-endian bytes: signedness applied, bits above Bits Stored removed (some senders put overlays there).
 *
 * @param bytes   at least `count` values
 * @returns       exactly `count` values; a view when no bit has to change and the bytes are aligned, else a copy
 * Source: PS3.3 §C.7.6.3.1, PS3.5 §8.1.1. High Bit is taken to be Bits Stored − 1, as PS3.5 §8.1.1 requires.
 */
export function storedValues(bytes: Uint8Array, count: number, format: PixelFormat): StoredValues {
  const width = format.bitsAllocated / 8;
  if (bytes.byteLength < count * width) throw new RangeError(`pixel data has ${bytes.byteLength} bytes, ${count * width} are needed`);
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice(0, count * width);
  const values = viewAs(aligned, count, format);
  if (format.bitsStored === format.bitsAllocated) return values;
  return dropUnusedBits(values, format);
}

export interface ModalityOptions extends Rescale {
  /** What padding becomes, output units. */
  readonly paddingOutput: number;
  /** Lower results become this. */
  readonly floor: number;
}

/** Output value of every bit pattern of a stored value. */
export interface ModalityTable {
  readonly bitsAllocated: 8 | 16;
  readonly outputs: Voxels;
}

/**
 * Makes the modality LUT of a pixel format of at most 16 bits as a table over bit patterns: signedness, Bits Stored, padding, slope and
 * intercept cost one look-up a voxel. Int16 results are rounded and clamped to its range.
 *
 * Source: PS3.3 §C.11.1, §C.7.5.1.1.2 (padding), §C.7.6.3.1 (signedness).
 */
export function modalityTable(format: PixelFormat & { readonly bitsAllocated: 8 | 16 }, options: ModalityOptions, type: 'int16' | 'float32'): ModalityTable {
  const count = 2 ** format.bitsAllocated;
  const outputs = type === 'int16' ? new Int16Array(count) : new Float32Array(count);
  const shift = 32 - format.bitsStored;
  for (let pattern = 0; pattern < count; pattern++) {
    const stored = format.signed ? (pattern << shift) >> shift : (pattern << shift) >>> shift;
    const isPadding = format.padding !== null && stored >= format.padding.low && stored <= format.padding.high;
    const result = Math.max(options.floor, isPadding ? options.paddingOutput : stored * options.slope + options.intercept);
    outputs[pattern] = type === 'int16' ? Math.max(-32768, Math.min(32767, Math.round(result))) : result;
  }
  return { bitsAllocated: format.bitsAllocated, outputs };
}

/**
 * Applies a modality table to the stored bytes of one frame, little endian.
 *
 * @param bytes  at least `count` values
 * @param out    receives `count` values at `offset`; of the table's type
 */
export function applyModalityTable(bytes: Uint8Array, count: number, table: ModalityTable, out: Voxels, offset: number): void {
  const width = table.bitsAllocated / 8;
  if (bytes.byteLength < count * width) throw new RangeError(`pixel data has ${bytes.byteLength} bytes, ${count * width} are needed`);
  const { outputs } = table;
  if (width === 1) {
    for (let i = 0; i < count; i++) out[offset + i] = outputs[bytes[i]!]!;
    return;
  }
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice(0, count * 2);
  const patterns = new Uint16Array(aligned.buffer, aligned.byteOffset, count);
  for (let i = 0; i < count; i++) out[offset + i] = outputs[patterns[i]!]!;
}

/** True when all frames' results are whole numbers, so that Int16 holds them without loss. */
export function fitsInt16(rescales: readonly Rescale[]): boolean {
  return rescales.every((r) => Number.isInteger(r.slope) && Number.isInteger(r.intercept));
}

/**
 * Turns MONOCHROME1 (low = white) into MONOCHROME2: v → max − v over the stored range. For images whose values are read by how they look
 * (radiographs); CT values keep their meaning whatever the photometric interpretation, as it acts after the modality LUT (PS3.3 §C.7.6.3.1.2).
 */
export function invertMonochrome1(values: StoredValues, format: Pick<PixelFormat, 'bitsStored' | 'signed'>): Float32Array {
  const sum = format.signed ? -1 : 2 ** format.bitsStored - 1;
  return Float32Array.from(values, (v) => sum - v);
}

function viewAs(bytes: Uint8Array, count: number, format: PixelFormat): StoredValues {
  const { buffer, byteOffset } = bytes;
  switch (format.bitsAllocated) {
    case 8:
      return format.signed ? new Int8Array(buffer, byteOffset, count) : new Uint8Array(buffer, byteOffset, count);
    case 16:
      return format.signed ? new Int16Array(buffer, byteOffset, count) : new Uint16Array(buffer, byteOffset, count);
    case 32:
      return format.signed ? new Int32Array(buffer, byteOffset, count) : new Uint32Array(buffer, byteOffset, count);
  }
}

function dropUnusedBits(values: StoredValues, format: PixelFormat): StoredValues {
  const shift = 32 - format.bitsStored;
  let dirty = false;
  const clean = values.slice();
  for (let i = 0; i < clean.length; i++) {
    const moved = clean[i]! << shift;
    clean[i] = format.signed ? moved >> shift : moved >>> shift;
    if (clean[i] !== values[i]) dirty = true;
  }
  return dirty ? clean : values;
}
