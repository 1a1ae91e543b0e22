import type { StoredFrames } from '../../archive/stored-frames.ts';
import { decodeFrame, encodeFrame } from '../../codecs/decode-frame.ts';
import { fault, ok, type Result } from '../../foundation/result.ts';
import { assumedTransferSyntax, explicitLittleEndian, implicitLittleEndian, transferSyntaxOf } from '../../standards/dicom/transfer-syntaxes.ts';
import { parseAccept } from '../../standards/dicomweb/media-type.ts';
import { pixelMediaOf, type PixelMedia } from '../../standards/dicomweb/pixel-media.ts';
import type { RefusalStatus } from './http-answer.ts';

/** Frames in the representation that was negotiated. */
export interface PixelSource {
  readonly media: PixelMedia;
  /** Of the bytes that leave. */
  readonly transferSyntaxUid: string;
  /** True when stored bytes leave as they are. */
  readonly asStored: boolean;
  frame(number: number): Promise<Result<Uint8Array, PixelFault>>;
}

export interface PixelFault {
  readonly status: RefusalStatus;
  readonly message: string;
}

/**
 * The first range of the Accept header that these frames can be given in (PS3.18 §8.7). `single`: whether one body can hold the answer.
 * `first` is read to find out; the frame comes back with the source, so that it is not read again.
 */
export async function choosePixels(frames: StoredFrames, accept: string | undefined, first: number, single: boolean): Promise<Result<{ readonly source: PixelSource; readonly first: Uint8Array }, PixelFault>> {
  const stored = frames.instance.transfer_syntax_uid;
  let refusal: PixelFault = { status: 406, message: 'nothing acceptable; frames come as multipart/related; type="application/octet-stream", or in their image type' };
  for (const range of parseAccept(accept === undefined || accept.trim() === '' ? '*/*' : accept)) {
    const media = range.q === 0 ? undefined : pixelMediaOf(range, stored);
    if (media === undefined || (!media.multipart && !single)) continue;
    const source = sourceOf(frames, media);
    if (source === undefined) continue;
    const read = await source.frame(first);
    if (read.ok) return ok({ source, first: read.value });
    refusal = read.fault;
    if (refusal.status !== 406) break;
  }
  return fault(refusal);
}

function sourceOf(frames: StoredFrames, media: PixelMedia): PixelSource | undefined {
  const stored = frames.instance.transfer_syntax_uid;
  const native = !frames.encapsulated;
  const wanted = media.transferSyntax;
  // Native frames are little endian whatever the data set is in; Implicit VR has no say about a frame.
  if (native && (wanted === '*' || wanted === stored || isNative(wanted))) return { media, transferSyntaxUid: explicitLittleEndian, asStored: true, frame: (number) => storedFrame(frames, number) };
  if (wanted === '*' || wanted === stored) return { media, transferSyntaxUid: stored, asStored: true, frame: (number) => storedFrame(frames, number) };
  if (isNative(wanted)) return { media, transferSyntaxUid: explicitLittleEndian, asStored: false, frame: (number) => decoded(frames, number) };
  const target = transferSyntaxOf(wanted);
  if (target === undefined || target.lossy) return undefined;
  return { media, transferSyntaxUid: wanted, asStored: false, frame: (number) => encoded(frames, number, wanted) };
}

function isNative(uid: string): boolean {
  return uid === explicitLittleEndian || uid === implicitLittleEndian;
}

async function storedFrame(frames: StoredFrames, number: number): Promise<Result<Uint8Array, PixelFault>> {
  const bytes = await frames.frame(number);
  return bytes.ok ? bytes : fault({ status: 500, message: `the pixel data cannot be read: ${bytes.fault.message}` });
}

async function decoded(frames: StoredFrames, number: number): Promise<Result<Uint8Array, PixelFault>> {
  const frame = await decodedFrame(frames, number);
  return frame.ok ? ok(frame.value.pixels) : frame;
}

async function decodedFrame(frames: StoredFrames, number: number): Promise<Result<Parameters<typeof encodeFrame>[0], PixelFault>> {
  const bytes = await storedFrame(frames, number);
  if (!bytes.ok) return bytes;
  const frame = await decodeFrame({ ...frames.description, transferSyntaxUid: frames.encapsulated ? assumedTransferSyntax(frames.instance.transfer_syntax_uid).uid : explicitLittleEndian, bytes: bytes.value });
  return frame.ok ? frame : fault(codecRefusal(frame.fault));
}

async function encoded(frames: StoredFrames, number: number, wanted: string): Promise<Result<Uint8Array, PixelFault>> {
  const frame = await decodedFrame(frames, number);
  if (!frame.ok) return frame;
  const bytes = await encodeFrame(frame.value, wanted);
  return bytes.ok ? bytes : fault(codecRefusal(bytes.fault));
}

/** One request fails, nothing else: what a codec says, as HTTP does. */
export function codecRefusal({ code, message }: { readonly code: string; readonly message: string }): PixelFault {
  return { status: code === 'UNSUPPORTED' ? 406 : code === 'LIMIT' && message.startsWith('too many') ? 503 : 500, message: `the pixel data cannot be decoded (${code}): ${message}` };
}
