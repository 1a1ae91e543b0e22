import { fault, ok, type Result } from '../foundation/result.ts';
import { codecFault, type CodecFault } from './frame.ts';

export interface JpegComponent {
  readonly id: number;
  readonly horizontal: number;
  readonly vertical: number;
  readonly quantisation: number;
}

/** What ITU-T T.81 §B.2.2 puts at the head of a frame, and the two application markers that say what the colours are. */
export interface JpegHeader {
  /** SOFn: 0 baseline, 1 extended, 2 progressive, 3 lossless. */
  readonly process: number;
  readonly precision: number;
  readonly rows: number;
  readonly columns: number;
  readonly components: readonly JpegComponent[];
  /** Transform flag of an Adobe APP14 marker: 0 RGB, 1 YCbCr; undefined without one. */
  readonly adobeTransform: number | undefined;
  readonly jfif: boolean;
  /** Where the first marker behind SOI lies. */
  readonly start: number;
}

export interface JpegSegment {
  readonly marker: number;
  readonly body: Uint8Array;
  /** Where the bytes behind this segment begin: entropy-coded data after SOS. */
  readonly end: number;
}

/** The marker segment at or behind `at`; undefined at EOI, at the end of the bytes, or when a length does not fit. */
export function segmentAt(bytes: Uint8Array, at: number): JpegSegment | undefined {
  let next = at;
  while (next + 1 < bytes.length && !(bytes[next] === 0xff && bytes[next + 1]! >= 0xc0 && bytes[next + 1] !== 0xff)) next++;
  const marker = bytes[next + 1];
  if (marker === undefined || marker === 0xd9) return undefined;
  if (marker >= 0xd0 && marker <= 0xd8) return { marker, body: bytes.subarray(0, 0), end: next + 2 };
  const length = (bytes[next + 2] ?? 0) * 256 + (bytes[next + 3] ?? 0);
  if (length < 2 || next + 2 + length > bytes.length) return undefined;
  return { marker, body: bytes.subarray(next + 4, next + 2 + length), end: next + 2 + length };
}

/** Reads up to the frame header. CORRUPT when there is none. */
export function readJpegHeader(bytes: Uint8Array): Result<JpegHeader, CodecFault> {
  let at = 0;
  while (at + 1 < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] === 0xd8)) at++;
  const start = at + 2;
  let adobeTransform: number | undefined;
  let jfif = false;
  for (let segment = segmentAt(bytes, start); segment !== undefined; segment = segmentAt(bytes, segment.end)) {
    const { marker, body } = segment;
    if (marker === 0xee && Buffer.from(body.subarray(0, 5)).toString('latin1') === 'Adobe') adobeTransform = body[11];
    else if (marker === 0xe0 && Buffer.from(body.subarray(0, 4)).toString('latin1') === 'JFIF') jfif = true;
    else if (marker === 0xda) break;
    else if (isFrameHeader(marker)) return frameHeader(marker - 0xc0, body, { adobeTransform, jfif, start });
  }
  return fault(codecFault('CORRUPT', 'JPEG: no frame header'));
}

/** SOF0–SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function frameHeader(process: number, body: Uint8Array, rest: Pick<JpegHeader, 'adobeTransform' | 'jfif' | 'start'>): Result<JpegHeader, CodecFault> {
  const count = body[5] ?? 0;
  if (body.length < 6 + count * 3 || count === 0) return fault(codecFault('CORRUPT', 'JPEG: frame header is too short'));
  const components = Array.from({ length: count }, (_, i) => ({
    id: body[6 + i * 3]!,
    horizontal: body[7 + i * 3]! >> 4,
    vertical: body[7 + i * 3]! & 15,
    quantisation: body[8 + i * 3]!,
  }));
  return ok({ process, precision: body[0]!, rows: body[1]! * 256 + body[2]!, columns: body[3]! * 256 + body[4]!, components, ...rest });
}
