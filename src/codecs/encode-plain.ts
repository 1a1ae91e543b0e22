import { fault, ok, type Result } from '../foundation/result.ts';
import { transferSyntaxOf } from '../standards/dicom/transfer-syntaxes.ts';
import { codecFault, type CodecFault, type DecodedFrame } from './frame.ts';
import { encodeRle } from './rle.ts';

/** Encodes without a worker: native syntaxes (the pixels as they are) and RLE. `undefined` means that this one needs `encodeFrame`. */
export function encodePlain(frame: DecodedFrame, transferSyntaxUid: string): Result<Uint8Array, CodecFault> | undefined {
  const syntax = transferSyntaxOf(transferSyntaxUid);
  if (syntax === undefined) return fault(codecFault('UNSUPPORTED', 'unknown transfer syntax'));
  if (syntax.codec === 'none') return ok(frame.pixels);
  if (syntax.codec === 'rle') return encodeRle(frame.pixels, frame);
  if (syntax.lossy) return fault(codecFault('UNSUPPORTED', 'lossy encoding is not done here'));
  return undefined;
}
