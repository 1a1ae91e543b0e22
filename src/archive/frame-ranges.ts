import type { DataSet } from '../standards/dicom/data-set.ts';
import { nativeFrameBits, type PixelDescription } from '../standards/dicom/pixel-frames.ts';
import { tags } from '../standards/dicom/tags.ts';
import { assumedTransferSyntax } from '../standards/dicom/transfer-syntaxes.ts';
import { blobAddressOf } from '../store/segments/blob-address.ts';
import type { ByteRange, SegmentReader } from '../store/segments/segment-reader.ts';
import type { ServedInstance } from '../store/retrieval.ts';

/** Where the frames of a data set lie. */
export interface FrameRanges {
  readonly encapsulated: boolean;
  /** The value of the pixel data element, native ones only. */
  readonly value: ByteRange | undefined;
  /** Bytes of the data set that hold a frame: native pixels, or a run of items. Undefined when nothing lies there. */
  of(number: number): ByteRange | undefined;
}

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xe000fffe;
// An offset table of a million frames; a larger one is read with the whole object.
const MAX_TABLE_BYTES = 4 << 20;

/**
 * Finds the frames from the element header and the offset tables alone.
 *
 * @returns undefined when they say too little, or when the bytes must be swapped: then the whole must be read
 */
export async function frameRanges(segments: SegmentReader, instance: ServedInstance, header: DataSet, description: PixelDescription): Promise<FrameRanges | undefined> {
  const syntax = assumedTransferSyntax(instance.transfer_syntax_uid);
  if (!syntax.littleEndian || syntax.deflated) return undefined;
  const at = instance.header_length;
  const head = await segments.readRange(blobAddressOf(instance), at, Math.min(at + 20, instance.data_length));
  // Data sets in Implicit VR under an explicit syntax are met: the two letters of a VR tell.
  const start = /^O[A-Z]|^UN/.test(head.toString('latin1', 4, 6)) ? 12 : 8;
  if (head.length < start || head.readUInt16LE(0) !== 0x7fe0) return undefined;
  const length = head.readUInt32LE(start - 4);
  if (length !== UNDEFINED_LENGTH) return nativeRanges(description, at + start, length);
  if (head.length < start + 8 || head.readUInt32LE(start) !== ITEM) return undefined;
  return encapsulatedRanges(segments, instance, header, description, { start: at + start + 8, end: at + start + 8 + head.readUInt32LE(start + 4) });
}

function nativeRanges(description: PixelDescription, start: number, length: number): FrameRanges | undefined {
  const bits = nativeFrameBits(description);
  if (length * 8 < bits * description.numberOfFrames) return undefined;
  return {
    encapsulated: false,
    value: { start, end: start + length },
    of: (number) => ({ start: start + Math.floor((bits * (number - 1)) / 8), end: start + Math.ceil((bits * number) / 8) }),
  };
}

async function encapsulatedRanges(segments: SegmentReader, instance: ServedInstance, header: DataSet, { numberOfFrames }: PixelDescription, table: ByteRange): Promise<FrameRanges | undefined> {
  const end = instance.data_length;
  const first = table.end;
  if (first > end) return undefined;
  if (numberOfFrames === 1) return { encapsulated: true, value: undefined, of: () => ({ start: first, end }) };
  const extended = header.bytes(tags.ExtendedOffsetTable);
  let offsets: number[] | undefined;
  if (extended !== undefined && extended.length === numberOfFrames * 8) offsets = wideOffsets(extended);
  else if (table.end - table.start === numberOfFrames * 4 && table.end - table.start <= MAX_TABLE_BYTES) offsets = basicOffsets(await segments.readRange(blobAddressOf(instance), table.start, table.end));
  if (offsets === undefined || offsets[0] !== 0 || offsets.some((offset, n) => n > 0 && offset <= offsets[n - 1]!) || first + offsets.at(-1)! >= end) return undefined;
  const known = offsets;
  return { encapsulated: true, value: undefined, of: (number) => ({ start: first + known[number - 1]!, end: number < known.length ? first + known[number]! : end }) };
}

function basicOffsets(table: Buffer): number[] {
  return Array.from({ length: table.length / 4 }, (_, n) => table.readUInt32LE(n * 4));
}

function wideOffsets(table: Uint8Array): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  return Array.from({ length: table.length / 8 }, (_, n) => Number(view.getBigUint64(n * 8, true)));
}
