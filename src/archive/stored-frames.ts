import { fault, ok, type Result } from '../foundation/result.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { dicomFault, type DicomFault } from '../standards/dicom/dicom-fault.ts';
import { describePixels, nativeFrameBits, pixelFrames, type PixelDescription } from '../standards/dicom/pixel-frames.ts';
import { tags } from '../standards/dicom/tags.ts';
import { assumedTransferSyntax } from '../standards/dicom/transfer-syntaxes.ts';
import { blobAddressOf } from '../store/segments/blob-address.ts';
import type { SegmentReader } from '../store/segments/segment-reader.ts';
import type { ServedInstance } from '../store/retrieval.ts';
import { frameRanges, type FrameRanges } from './frame-ranges.ts';
import { readHeader, readWhole } from './read-instance.ts';

/** The frames of one stored instance, each read where it lies. */
export interface StoredFrames {
  readonly instance: ServedInstance;
  /** Everything before the pixel data; all of it when they are deflated. */
  readonly header: DataSet;
  readonly description: PixelDescription;
  readonly encapsulated: boolean;
  /** The whole object is held in memory. */
  readonly held: boolean;
  /**
   * Bytes of one frame, 1-based: native pixels (little endian), or the joined fragments of its bit stream. Reads no other frame
   * where the data set says where each lies. Faults as those of pixelFrames.
   */
  frame(number: number): Promise<Result<Uint8Array, DicomFault>>;
}

// Objects whose frames cannot be found without reading all of them are held in memory; larger ones are refused.
const MAX_WHOLE_BYTES = 1024 ** 3;

/** Opens the frames of an instance. Errors: UNSUPPORTED without pixel data, BAD_LENGTH when the description contradicts itself. */
export async function openFrames(segments: SegmentReader, instance: ServedInstance): Promise<Result<StoredFrames, DicomFault>> {
  if (assumedTransferSyntax(instance.transfer_syntax_uid).deflated) return openWhole(segments, instance);
  if (instance.header_length >= instance.data_length) return noPixels();
  const header = await readHeader(segments, instance);
  const description = describePixels(header);
  if (!description.ok) return description;
  const ranges = await frameRanges(segments, instance, header, description.value);
  if (ranges === undefined) return openWhole(segments, instance);
  return ok({
    instance, header, description: description.value, encapsulated: ranges.encapsulated, held: false,
    frame: (number) => oneFrame(segments, instance, description.value, ranges, number),
  });
}

async function openWhole(segments: SegmentReader, instance: ServedInstance): Promise<Result<StoredFrames, DicomFault>> {
  const whole = await readWhole(segments, instance, MAX_WHOLE_BYTES);
  const frames = pixelFrames(whole);
  if (!frames.ok) return frames;
  const header = whole.without(tags.PixelData, tags.FloatPixelData, tags.DoubleFloatPixelData);
  return ok({ instance, header, description: frames.value.description, encapsulated: frames.value.encapsulated, held: true, frame: (number) => Promise.resolve(frames.value.frame(number)) });
}

async function oneFrame(segments: SegmentReader, instance: ServedInstance, description: PixelDescription, ranges: FrameRanges, number: number): Promise<Result<Uint8Array, DicomFault>> {
  const range = Number.isInteger(number) && number >= 1 && number <= description.numberOfFrames ? ranges.of(number) : undefined;
  if (range === undefined) return fault(dicomFault('BAD_LENGTH', 'no such frame', -1, tags.PixelData));
  if (range.end > instance.data_length) return fault(dicomFault('BAD_LENGTH', 'pixel data are shorter than their frames', -1, tags.PixelData));
  const bytes = await segments.readRange(blobAddressOf(instance), range.start, range.end);
  if (!ranges.encapsulated) return ok(nativeFrame(bytes, description, number));
  return joinedItems(bytes);
}

/** Frames of single bits begin inside a byte (PS3.5 §8.1.1): `bytes` begins with the one that holds the first bit. */
function nativeFrame(bytes: Buffer, description: PixelDescription, number: number): Uint8Array {
  const bits = nativeFrameBits(description);
  if (bits % 8 === 0) return bytes;
  const shift = (bits * (number - 1)) % 8;
  const out = new Uint8Array(Math.ceil(bits / 8));
  for (let i = 0; i < out.length; i += 1) out[i] = ((bytes[i]! >>> shift) | ((bytes[i + 1] ?? 0) << (8 - shift))) & 0xff;
  out[out.length - 1]! &= (1 << (bits % 8)) - 1;
  return out;
}

/** The values of a run of items, PS3.5 §A.4. */
function joinedItems(bytes: Buffer): Result<Uint8Array, DicomFault> {
  const fragments: Uint8Array[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    if (bytes.readUInt32LE(at) !== 0xe000fffe) break;
    const end = at + 8 + bytes.readUInt32LE(at + 4);
    if (end > bytes.length) return fault(dicomFault('TRUNCATED', 'a fragment ends behind the pixel data', at, tags.PixelData));
    fragments.push(bytes.subarray(at + 8, end));
    at = end;
  }
  if (fragments.length === 0) return fault(dicomFault('BAD_LENGTH', 'no fragment lies where the offset table points to', -1, tags.PixelData));
  return ok(fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments));
}

function noPixels(): { readonly ok: false; readonly fault: DicomFault } {
  return fault(dicomFault('UNSUPPORTED', 'no pixel data', -1, tags.PixelData));
}
