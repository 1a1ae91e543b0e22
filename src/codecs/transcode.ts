import { fault, ok, type Result } from '../foundation/result.ts';
import type { DataSet, Element, Fragments } from '../standards/dicom/data-set.ts';
import { element } from '../standards/dicom/element.ts';
import { pixelFrames, type PixelFrames } from '../standards/dicom/pixel-frames.ts';
import { tags } from '../standards/dicom/tags.ts';
import { transferSyntaxOf, type TransferSyntax } from '../standards/dicom/transfer-syntaxes.ts';
import { decodeFrame, encodeFrame, sharedCodecPool } from './decode-frame.ts';
import { codecFault, type CodecFault, type DecodedFrame } from './frame.ts';

/**
 * The data set as another transfer syntax needs it: pixel data decoded or encoded again, the attributes that describe them kept true.
 * Writing it in that syntax is the caller's next step (writeDataSet).
 *
 * Never loses anything: a lossy target is refused unless the data set is in it already; decoding a lossy source is allowed, its
 * Lossy Image Compression stays as it says. Without pixel data nothing changes.
 * Errors: UNSUPPORTED (also video and other streams that have no codec here), CORRUPT, LIMIT, CRASH, CANCELLED.
 */
export async function transcode(dataSet: DataSet, from: string, to: string, signal?: AbortSignal, pool = sharedCodecPool()): Promise<Result<DataSet, CodecFault>> {
  const [source, target] = [transferSyntaxOf(from), transferSyntaxOf(to)];
  if (source === undefined || target === undefined) return fault(codecFault('UNSUPPORTED', 'unknown transfer syntax'));
  if (source.uid === target.uid || !dataSet.has(tags.PixelData) || (!source.encapsulated && !target.encapsulated)) return ok(dataSet);
  if (target.encapsulated && target.lossy) return fault(codecFault('UNSUPPORTED', `${target.name} may lose information`));
  const frames = pixelFrames(dataSet);
  if (!frames.ok) return fault(codecFault('CORRUPT', frames.fault.message));
  const decoded: DecodedFrame[] = [];
  const encoded: Uint8Array[] = [];
  for (let number = 1; number <= frames.value.description.numberOfFrames; number++) {
    const frame = await oneFrame(frames.value, number, source, signal, pool);
    if (!frame.ok) return frame;
    if (!target.encapsulated) decoded.push(frame.value);
    else {
      const stream = await encodeFrame(frame.value, target.uid, signal, pool);
      if (!stream.ok) return stream;
      encoded.push(stream.value);
      if (number === 1) decoded.push({ ...frame.value, pixels: frame.value.pixels.subarray(0, 0) });
    }
  }
  const pixelData = target.encapsulated ? encapsulated(encoded) : nativePixelData(decoded);
  return ok(described(dataSet, decoded[0]!, pixelData, target));
}

async function oneFrame(frames: PixelFrames, number: number, source: TransferSyntax, signal: AbortSignal | undefined, pool = sharedCodecPool()): Promise<Result<DecodedFrame, CodecFault>> {
  const bytes = frames.frame(number);
  if (!bytes.ok) return fault(codecFault('CORRUPT', bytes.fault.message));
  return decodeFrame({ ...frames.description, transferSyntaxUid: source.uid, bytes: bytes.value }, signal, pool);
}

/** One fragment a frame, and a Basic Offset Table (PS3.5 §A.4) where 32 bits can hold it. */
function encapsulated(streams: readonly Uint8Array[]): Element {
  const offsets = new Uint8Array(streams.length * 4);
  const view = new DataView(offsets.buffer);
  let at = 0;
  streams.forEach((stream, i) => {
    view.setUint32(i * 4, at % 2 ** 32, true);
    at += 8 + stream.length + (stream.length % 2);
  });
  const value: Fragments = { offsetTable: at < 2 ** 32 ? offsets : new Uint8Array(0), fragments: streams };
  return element(tags.PixelData, 'OB', value);
}

function nativePixelData(frames: readonly DecodedFrame[]): Element {
  const { bitsAllocated, rows, columns } = frames[0]!;
  const bytes = bitsAllocated === 1 && (rows * columns) % 8 !== 0 ? joinedBits(frames, rows * columns) : Buffer.concat(frames.map((frame) => frame.pixels));
  const padded = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  return element(tags.PixelData, bitsAllocated > 8 ? 'OW' : 'OB', new Uint8Array(padded.buffer, padded.byteOffset, padded.length));
}

/** Frames of single bits follow each other without padding, PS3.5 §8.1.1. */
function joinedBits(frames: readonly DecodedFrame[], bits: number): Uint8Array {
  const out = new Uint8Array(Math.ceil((frames.length * bits) / 8));
  frames.forEach((frame, n) => {
    for (let i = 0; i < bits; i++) if ((frame.pixels[i >> 3]! >> (i & 7)) & 1) out[(n * bits + i) >> 3]! |= 1 << ((n * bits + i) & 7);
  });
  return out;
}

function described(dataSet: DataSet, frame: DecodedFrame, pixelData: Element, target: TransferSyntax): DataSet {
  const changes = [pixelData, element(tags.PhotometricInterpretation, 'CS', coloursIn(frame, target))];
  if (frame.samplesPerPixel > 1) changes.push(element(tags.PlanarConfiguration, 'US', 0));
  return dataSet.without(tags.ExtendedOffsetTable, tags.ExtendedOffsetTableLengths).with(...changes);
}

/** JPEG 2000 encodes RGB through its reversible colour transform, and says so (PS3.5 §8.2.4). */
function coloursIn(frame: DecodedFrame, target: TransferSyntax): string {
  const reversible = target.codec === 'jpeg2000' || target.codec === 'htj2k';
  return reversible && frame.samplesPerPixel === 3 && frame.photometricInterpretation === 'RGB' ? 'YBR_RCT' : frame.photometricInterpretation;
}
