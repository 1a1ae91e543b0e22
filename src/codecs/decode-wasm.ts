import { fault, ok, type Result } from '../foundation/result.ts';
import { transferSyntaxOf } from '../standards/dicom/transfer-syntaxes.ts';
import { shapeMismatch } from './decode-plain.ts';
import { codecFault, frameLength, shapeOf, type CodecFault, type DecodedFrame, type EncodedFrame } from './frame.ts';
import { withColourMarker } from './jpeg-colour.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { byPixel, packBits, packSamples } from './samples.ts';
import { checkJpeg2000, checkJpegLs, endOfImage, type CheckedStream } from './stream-check.ts';
import { forgetCodec, loadCodec, type WasmCodec, type WasmDecoder } from './wasm-modules.ts';

/**
 * Decodes JPEG (8 bits), JPEG-LS, JPEG 2000 and HTJ2K in this thread with the WebAssembly codecs. Meant for a worker or a child that
 * may die: a hostile stream can take long. The stream's own header is checked against the data set first, so memory is bounded.
 */
export async function decodeWasm(frame: EncodedFrame): Promise<Result<DecodedFrame, CodecFault>> {
  switch (transferSyntaxOf(frame.transferSyntaxUid)?.codec) {
    case 'jpeg2000': return decodeWith('openjpeg', frame, checkJpeg2000(frame.bytes));
    case 'htj2k': return decodeWith('openjph', frame, checkJpeg2000(frame.bytes));
    case 'jpeg-ls': return decodeWith('charls', frame, checkJpegLs(frame.bytes));
    case 'jpeg': case 'jpeg-lossless': return decodeWith('libjpeg-turbo-8bit', frame, checkJpeg(frame));
    case 'none': case 'rle': case 'jpeg-xl': case 'video': case 'deflated-frames': case 'other': case undefined:
      return fault(codecFault('UNSUPPORTED', 'no codec for this transfer syntax'));
  }
}

function checkJpeg(frame: EncodedFrame): Result<CheckedStream, CodecFault> {
  const header = readJpegHeader(frame.bytes);
  if (!header.ok) return header;
  const end = endOfImage(frame.bytes);
  if (end === undefined) return fault(codecFault('CORRUPT', 'JPEG: no end of image'));
  const { rows, columns, components, precision } = header.value;
  return ok({ bytes: withColourMarker(frame.bytes.subarray(0, end), header.value, frame.photometricInterpretation), rows, columns, components: components.length, precision });
}

async function decodeWith(codec: WasmCodec, frame: EncodedFrame, checked: Result<CheckedStream, CodecFault>): Promise<Result<DecodedFrame, CodecFault>> {
  if (!checked.ok) return checked;
  const stream = checked.value;
  const wrong = shapeMismatch(frame, stream);
  if (wrong !== undefined) return fault(wrong);
  const module = await loadCodec(codec);
  const Decoder = module.J2KDecoder ?? module.JpegLSDecoder ?? module.HTJ2KDecoder ?? module.JPEGDecoder;
  let decoder: WasmDecoder | undefined;
  try {
    decoder = new Decoder!();
    decoder.getEncodedBuffer(stream.bytes.length).set(stream.bytes);
    decoder.decode();
    const pixels = decodedPixels(decoder, frame, stream);
    if (pixels === undefined) return fault(codecFault('CORRUPT', 'the codec gave fewer pixels than the frame has'));
    return ok({ ...shapeOf(frame), photometricInterpretation: decodedColours(codec, frame), planarConfiguration: 0, pixels });
  } catch {
    forgetCodec(codec);
    decoder = undefined;
    return fault(codecFault('CORRUPT', 'the codec refused the bit stream'));
  } finally {
    decoder?.delete();
  }
}

function decodedPixels(decoder: WasmDecoder, frame: EncodedFrame, stream: CheckedStream): Uint8Array | undefined {
  const info = decoder.getFrameInfo();
  if (info.width !== frame.columns || info.height !== frame.rows || info.componentCount !== frame.samplesPerPixel) return undefined;
  const decoded = decoder.getDecodedBuffer();
  const bytesPerSample = stream.precision > 16 ? 4 : stream.precision > 8 ? 2 : 1;
  const count = frame.rows * frame.columns * frame.samplesPerPixel;
  if (decoded.length < count * bytesPerSample || bytesPerSample * 8 > Math.max(8, frame.bitsAllocated)) return undefined;
  // The decoder's memory goes with it: copy.
  const copy = Uint8Array.from(decoded.subarray(0, count * bytesPerSample));
  if (frame.bitsAllocated === 1) return packBits(copy);
  const samples = bytesPerSample * 8 === frame.bitsAllocated ? copy : packSamples(bytesPerSample === 1 ? copy : new Uint16Array(copy.buffer), frame.bitsAllocated);
  const planes = frame.samplesPerPixel > 1 && decoder.getInterleaveMode?.() === 0;
  const pixels = planes ? byPixel(samples, frame) : samples;
  return pixels.length === frameLength(frame) ? pixels : undefined;
}

/** JPEG 2000 and JPEG undo their colour transforms; JPEG-LS has none. */
function decodedColours(codec: WasmCodec, frame: EncodedFrame): string {
  const said = frame.photometricInterpretation;
  if (frame.samplesPerPixel !== 3 || codec === 'charls') return said;
  if (codec === 'libjpeg-turbo-8bit') return 'RGB';
  return said === 'YBR_ICT' || said === 'YBR_RCT' ? 'RGB' : said;
}
