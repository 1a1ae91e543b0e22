import { fault, ok, type Result } from '../foundation/result.ts';
import { transferSyntaxOf } from '../standards/dicom/transfer-syntaxes.ts';
import { decodeWasm } from './decode-wasm.ts';
import { codecFault, type CodecFault, type DecodedFrame } from './frame.ts';
import { forgetCodec, loadCodec, type WasmCodec, type WasmEncoder, type WasmModule } from './wasm-modules.ts';

/**
 * Encodes one native frame without loss: JPEG-LS (.80), JPEG 2000 (.90), HTJ2K (.201, .202). What comes out is decoded again and
 * compared bit for bit before it is returned.
 *
 * Errors: UNSUPPORTED for other transfer syntaxes, for samples of 1 or more than 16 bits, and when the bits above Bits Stored hold
 * something that the codec cannot keep.
 */
export async function encodeWasm(frame: DecodedFrame, transferSyntaxUid: string): Promise<Result<Uint8Array, CodecFault>> {
  const syntax = transferSyntaxOf(transferSyntaxUid);
  const codec = syntax === undefined || syntax.lossy ? undefined : codecOf(syntax.codec);
  if (codec === undefined) return fault(codecFault('UNSUPPORTED', 'no lossless encoder for this transfer syntax'));
  if (frame.bitsAllocated !== 8 && frame.bitsAllocated !== 16) return fault(codecFault('UNSUPPORTED', `${frame.bitsAllocated} bits a sample cannot be encoded`));
  // The codecs keep the lower bits only: first as few as Bits Stored says, then all of them.
  for (const bits of new Set([codec === 'charls' && frame.pixelRepresentation === 1 ? frame.bitsAllocated : frame.bitsStored, frame.bitsAllocated])) {
    const encoded = await encodeOnce(codec, frame, bits, transferSyntaxUid);
    if (!encoded.ok) return encoded;
    const check = await decodeWasm({ ...frame, transferSyntaxUid, bytes: encoded.value });
    if (check.ok && Buffer.from(check.value.pixels.buffer, check.value.pixels.byteOffset, check.value.pixels.length).equals(frame.pixels)) return encoded;
  }
  return fault(codecFault('UNSUPPORTED', 'the encoder cannot keep these pixels bit for bit'));
}

function codecOf(name: string): WasmCodec | undefined {
  return name === 'jpeg-ls' ? 'charls' : name === 'jpeg2000' ? 'openjpeg' : name === 'htj2k' ? 'openjph' : undefined;
}

async function encodeOnce(codec: WasmCodec, frame: DecodedFrame, bits: number, transferSyntaxUid: string): Promise<Result<Uint8Array, CodecFault>> {
  const module = await loadCodec(codec);
  let encoder: WasmEncoder | undefined;
  try {
    encoder = newEncoder(module);
    const colour = frame.samplesPerPixel === 3 && frame.photometricInterpretation === 'RGB';
    encoder.getDecodedBuffer({
      width: frame.columns,
      height: frame.rows,
      bitsPerSample: Math.max(2, bits),
      componentCount: frame.samplesPerPixel,
      isSigned: frame.pixelRepresentation === 1 && codec !== 'charls',
      isUsingColorTransform: colour,
    }).set(frame.pixels);
    if (codec === 'charls') {
      encoder.setNearLossless?.(0);
      encoder.setInterleaveMode?.(frame.samplesPerPixel > 1 ? 2 : 0);
    } else {
      encoder.setQuality?.(true, 0);
      // Each decomposition halves the picture: a small one has no room for the usual five.
      encoder.setDecompositions?.(Math.min(5, Math.floor(Math.log2(Math.min(frame.rows, frame.columns)))));
    }
    if (transferSyntaxUid.endsWith('.4.202')) {
      encoder.setProgressionOrder?.(2); // RPCL, PS3.5 §8.2.16
      encoder.setTLMMarker?.(true);
    }
    encoder.encode();
    return ok(Uint8Array.from(encoder.getEncodedBuffer()));
  } catch {
    forgetCodec(codec);
    encoder = undefined;
    return fault(codecFault('UNSUPPORTED', 'the encoder refused the pixels'));
  } finally {
    encoder?.delete();
  }
}

function newEncoder(module: WasmModule): WasmEncoder {
  const Encoder = module.J2KEncoder ?? module.JpegLSEncoder ?? module.HTJ2KEncoder;
  return new Encoder!();
}
