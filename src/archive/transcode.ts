import { decodeFrame, encodeFrame } from '../codecs/decode-frame.ts';
import { shapeOf, type CodecFault, type DecodedFrame } from '../codecs/frame.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import type { DataSet, Element } from '../standards/dicom/data-set.ts';
import { element } from '../standards/dicom/element.ts';
import { pixelFrames, type PixelFrames } from '../standards/dicom/pixel-frames.ts';
import { tags } from '../standards/dicom/tags.ts';
import { assumedTransferSyntax } from '../standards/dicom/transfer-syntaxes.ts';

export interface TranscodeFault {
  readonly code: 'NO_PIXELS' | CodecFault['code'];
  readonly message: string;
}

/**
 * A data set as it must be in another transfer syntax: frames decoded, and encoded again where the target packs them. Lossless both
 * ways: what was compressed with loss is decoded (its Lossy Image Compression attributes stay), never compressed with loss again.
 *
 * @param from  transfer syntax of `dataSet`
 */
export async function transcode(dataSet: DataSet, from: string, to: string): Promise<Result<DataSet, TranscodeFault>> {
  const source = assumedTransferSyntax(from);
  const target = assumedTransferSyntax(to);
  if (!dataSet.has(tags.PixelData) || (!source.encapsulated && !target.encapsulated)) return ok(dataSet);
  if (target.encapsulated && target.lossy) return fault({ code: 'UNSUPPORTED', message: 'the archive compresses without loss only' });
  const frames = pixelFrames(dataSet);
  if (!frames.ok) return fault({ code: 'NO_PIXELS', message: frames.fault.message });
  const decoded = await decodeAll(frames.value, from);
  if (!decoded.ok) return decoded;
  const pixels = target.encapsulated ? await packed(decoded.value, to) : ok(native(decoded.value));
  if (!pixels.ok) return pixels;
  return ok(dataSet.without(tags.ExtendedOffsetTable, tags.ExtendedOffsetTableLengths).with(...describing(decoded.value[0]!, dataSet), pixels.value));
}

async function decodeAll(frames: PixelFrames, transferSyntaxUid: string): Promise<Result<DecodedFrame[], TranscodeFault>> {
  const { description } = frames;
  const decoded: DecodedFrame[] = [];
  for (let n = 1; n <= description.numberOfFrames; n += 1) {
    const bytes = frames.frame(n);
    if (!bytes.ok) return fault({ code: 'CORRUPT', message: `frame ${n}: ${bytes.fault.message}` });
    const frame = await decodeFrame({ ...shapeOf(description), transferSyntaxUid, bytes: bytes.value });
    if (!frame.ok) return fault({ ...frame.fault, message: `frame ${n}: ${frame.fault.message}` });
    decoded.push(frame.value);
  }
  return ok(decoded);
}

async function packed(frames: readonly DecodedFrame[], transferSyntaxUid: string): Promise<Result<Element, TranscodeFault>> {
  const fragments: Uint8Array[] = [];
  for (const [n, frame] of frames.entries()) {
    const bytes = await encodeFrame(frame, transferSyntaxUid);
    if (!bytes.ok) return fault({ ...bytes.fault, message: `frame ${n + 1}: ${bytes.fault.message}` });
    fragments.push(bytes.value);
  }
  return ok({ tag: tags.PixelData, vr: 'OB', value: { offsetTable: new Uint8Array(0), fragments } });
}

/** Frames one after the other; frames of single bits follow each other without padding (PS3.5 §8.1.1). */
function native(frames: readonly DecodedFrame[]): Element {
  const [first] = frames;
  const bits = first!.rows * first!.columns * first!.samplesPerPixel * first!.bitsAllocated;
  const vr = first!.bitsAllocated > 8 ? 'OW' : 'OB';
  if (bits % 8 === 0 || frames.length === 1) return { tag: tags.PixelData, vr, value: frames.length === 1 ? first!.pixels : Buffer.concat(frames.map((frame) => frame.pixels)) };
  const joined = new Uint8Array(Math.ceil((bits * frames.length) / 8));
  frames.forEach((frame, n) => {
    for (let bit = 0; bit < bits; bit += 1) {
      if ((frame.pixels[bit >> 3]! >> (bit & 7)) & 1) joined[(n * bits + bit) >> 3]! |= 1 << ((n * bits + bit) & 7);
    }
  });
  return { tag: tags.PixelData, vr, value: joined };
}

/** The Image Pixel attributes that decoding may have changed. */
function describing(frame: DecodedFrame, dataSet: DataSet): Element[] {
  const elements: Element[] = [
    element(tags.PhotometricInterpretation, 'CS', frame.photometricInterpretation),
    element(tags.BitsAllocated, 'US', frame.bitsAllocated),
    element(tags.BitsStored, 'US', frame.bitsStored),
    element(tags.HighBit, 'US', frame.bitsStored - 1),
    element(tags.PixelRepresentation, 'US', frame.pixelRepresentation),
  ];
  if (frame.samplesPerPixel > 1 || dataSet.has(tags.PlanarConfiguration)) elements.push(element(tags.PlanarConfiguration, 'US', frame.planarConfiguration));
  return elements;
}
