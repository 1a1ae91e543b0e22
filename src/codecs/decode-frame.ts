import { fault, type Result } from '../foundation/result.ts';
import { transferSyntaxOf } from '../standards/dicom/transfer-syntaxes.ts';
import { CodecPool } from './codec-pool.ts';
import { decodePlain } from './decode-plain.ts';
import { decodeWasm } from './decode-wasm.ts';
import { encodePlain } from './encode-plain.ts';
import { codecFault, type CodecFault, type DecodedFrame, type EncodedFrame } from './frame.ts';

let shared: CodecPool | undefined;

/** The pool of this process, made on first use. */
export function sharedCodecPool(): CodecPool {
  shared ??= new CodecPool();
  return shared;
}

/**
 * Decodes one frame of any transfer syntax that has a codec here: native, RLE, JPEG (8 and 12 bits sequential, 8 bits progressive),
 * lossless JPEG, JPEG-LS, JPEG 2000, HTJ2K, deflated frames. Native frames are answered at once; the rest runs in worker threads with
 * limits of time and memory. Never rejects, and a broken stream is a fault, not a picture.
 */
export async function decodeFrame(frame: EncodedFrame, signal?: AbortSignal, pool = sharedCodecPool()): Promise<Result<DecodedFrame, CodecFault>> {
  if (transferSyntaxOf(frame.transferSyntaxUid)?.codec === 'none') return decodePlain(frame)!;
  return pool.decode(frame, signal);
}

/** Encodes one native frame without loss: native syntaxes, RLE, JPEG-LS, JPEG 2000, HTJ2K. Never rejects. */
export async function encodeFrame(frame: DecodedFrame, transferSyntaxUid: string, signal?: AbortSignal, pool = sharedCodecPool()): Promise<Result<Uint8Array, CodecFault>> {
  if (transferSyntaxOf(transferSyntaxUid)?.codec === 'none') return encodePlain(frame, transferSyntaxUid)!;
  return pool.encode(frame, transferSyntaxUid, signal);
}

/** As `decodeFrame`, in this very thread: for a process that may be killed at any time (the model child), never for the gateway. */
export async function decodeFrameHere(frame: EncodedFrame): Promise<Result<DecodedFrame, CodecFault>> {
  try {
    return decodePlain(frame) ?? (await decodeWasm(frame));
  } catch (thrown) {
    return fault(codecFault('CRASH', thrown instanceof Error ? thrown.name : 'the codec threw'));
  }
}

/** Synchronously: native frames, RLE, lossless and 12-bit JPEG, deflated frames. UNSUPPORTED for what needs `decodeFrame`. */
export function decodeFrameNow(frame: EncodedFrame): Result<DecodedFrame, CodecFault> {
  return decodePlain(frame) ?? fault(codecFault('UNSUPPORTED', 'this transfer syntax is decoded asynchronously'));
}
