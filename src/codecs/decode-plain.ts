import { inflateRawSync } from 'node:zlib';
import { fault, ok, type Result } from '../foundation/result.ts';
import { nativeFrameBits } from '../standards/dicom/pixel-frames.ts';
import { transferSyntaxOf } from '../standards/dicom/transfer-syntaxes.ts';
import { codecFault, frameLength, shapeOf, type CodecFault, type DecodedFrame, type EncodedFrame, type FrameShape } from './frame.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { decodeJpegLossless, type JpegSamples } from './jpeg-lossless.ts';
import { decodeJpegSequential } from './jpeg-sequential.ts';
import { decodeRle } from './rle.ts';
import { byPixel, fullChrominance, packSamples } from './samples.ts';

/**
 * Decodes without a worker and without WebAssembly: native frames, RLE, lossless JPEG, 12-bit JPEG, deflated frames. `undefined` means
 * that this transfer syntax needs `decodeFrame` (or an in-process codec set).
 */
export function decodePlain(frame: EncodedFrame): Result<DecodedFrame, CodecFault> | undefined {
  const syntax = transferSyntaxOf(frame.transferSyntaxUid);
  if (syntax === undefined) return fault(codecFault('UNSUPPORTED', 'unknown transfer syntax'));
  switch (syntax.codec) {
    case 'none': return decodeNative(frame);
    case 'deflated-frames': return decodeDeflated(frame);
    case 'rle': {
      const decoded = decodeRle(frame.bytes, frame);
      return decoded.ok ? ok({ ...shapeOf(frame), planarConfiguration: 0, pixels: decoded.value }) : decoded;
    }
    case 'jpeg-lossless': case 'jpeg': return decodeJpeg(frame);
    case 'jpeg-ls': case 'jpeg2000': case 'htj2k': return undefined;
    case 'jpeg-xl': case 'video': case 'other': return fault(codecFault('UNSUPPORTED', `no codec for ${syntax.name}`));
  }
}

/** Lossless streams under the UIDs of lossy ones are met, and the reverse: the bit stream decides. 8-bit DCT is not for here. */
function decodeJpeg(frame: EncodedFrame): Result<DecodedFrame, CodecFault> | undefined {
  const header = readJpegHeader(frame.bytes);
  if (!header.ok) return header;
  if (header.value.process === 3) return fromJpeg(frame, decodeJpegLossless(frame.bytes));
  return header.value.precision === 8 ? undefined : fromJpeg(frame, decodeJpegSequential(frame.bytes));
}

function decodeNative(frame: EncodedFrame): Result<DecodedFrame, CodecFault> {
  const shape = shapeOf(frame);
  const needed = Math.ceil(nativeFrameBits({ ...shape, numberOfFrames: 1 }) / 8);
  if (frame.bytes.length < needed) return fault(codecFault('CORRUPT', 'fewer bytes than the pixels need'));
  const bytes = frame.bytes.subarray(0, needed);
  if (shape.samplesPerPixel === 3 && shape.photometricInterpretation === 'YBR_FULL_422') {
    if (shape.bitsAllocated !== 8) return fault(codecFault('UNSUPPORTED', 'YBR_FULL_422 of more than 8 bits'));
    return ok({ ...shape, photometricInterpretation: 'YBR_FULL', planarConfiguration: 0, pixels: fullChrominance(bytes, shape.rows * shape.columns) });
  }
  const planes = shape.samplesPerPixel > 1 && shape.planarConfiguration === 1 && shape.bitsAllocated % 8 === 0;
  return ok({ ...shape, planarConfiguration: 0, pixels: planes ? byPixel(bytes, shape) : bytes });
}

/** PS3.5 §A.4.13, Deflated Image Frame Compression: every frame is a raw deflate stream. */
function decodeDeflated(frame: EncodedFrame): Result<DecodedFrame, CodecFault> {
  try {
    return decodeNative({ ...frame, bytes: inflateRawSync(frame.bytes, { maxOutputLength: frameLength(frame) + 1 }) });
  } catch {
    return fault(codecFault('CORRUPT', 'not a deflate stream of this length'));
  }
}

function fromJpeg(frame: EncodedFrame, decoded: Result<JpegSamples, CodecFault>): Result<DecodedFrame, CodecFault> {
  if (!decoded.ok) return decoded;
  const { header, samples } = decoded.value;
  const wrong = shapeMismatch(frame, { rows: header.rows, columns: header.columns, components: header.components.length, precision: header.precision });
  return wrong === undefined ? ok({ ...shapeOf(frame), planarConfiguration: 0, pixels: packSamples(samples, frame.bitsAllocated) }) : fault(wrong);
}

/** What a bit stream says of itself. */
export interface StreamShape {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  readonly precision: number;
}

/** CORRUPT when a bit stream has another shape than the data set says: pixels would land in wrong places. */
export function shapeMismatch(shape: FrameShape, stream: StreamShape): CodecFault | undefined {
  if (stream.rows !== shape.rows || stream.columns !== shape.columns) {
    return codecFault('CORRUPT', `the bit stream has ${stream.columns} × ${stream.rows} pixels, the data set says ${shape.columns} × ${shape.rows}`);
  }
  if (stream.components !== shape.samplesPerPixel) return codecFault('CORRUPT', `the bit stream has ${stream.components} components, the data set says ${shape.samplesPerPixel}`);
  if (stream.precision > shape.bitsAllocated) return codecFault('CORRUPT', `the bit stream has ${stream.precision} bits, the data set allocates ${shape.bitsAllocated}`);
  return undefined;
}
