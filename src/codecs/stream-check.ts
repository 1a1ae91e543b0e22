import { fault, ok, type Result } from '../foundation/result.ts';
import type { StreamShape } from './decode-plain.ts';
import { codecFault, type CodecFault } from './frame.ts';

export interface CheckedStream extends StreamShape {
  /** The code stream alone: without a JP2 box around it, without padding behind its end. */
  readonly bytes: Uint8Array;
}

/**
 * Checks a JPEG 2000 or HTJ2K code stream from its markers (ITU-T T.800 Annex A): size, and that every tile part lies whole in the
 * bytes up to EOC. The decoders fill what is missing with grey and say nothing.
 */
export function checkJpeg2000(raw: Uint8Array): Result<CheckedStream, CodecFault> {
  const bytes = codeStream(raw);
  if (bytes === undefined || bytes.length < 60 || bytes[2] !== 0xff || bytes[3] !== 0x51) return corrupt('no code stream');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const columns = view.getUint32(8) - view.getUint32(16);
  const rows = view.getUint32(12) - view.getUint32(20);
  const components = view.getUint16(40);
  if (components < 1 || 42 + components * 3 > bytes.length) return corrupt('broken size marker');
  const precision = Math.max(...Array.from({ length: components }, (_, i) => (bytes[42 + i * 3]! & 0x7f) + 1));
  const end = endOfTiles(bytes, view);
  return end === undefined ? corrupt('tile parts are not complete') : ok({ bytes: bytes.subarray(0, end), rows, columns, components, precision });
}

/** Walks from SOC over the main header and all tile parts. Returns where EOC ends, undefined when the bytes end before. */
function endOfTiles(bytes: Uint8Array, view: DataView): number | undefined {
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = view.getUint16(at);
    if (marker === 0xffd9) return at + 2;
    const length = view.getUint16(at + 2);
    if (marker !== 0xff90) {
      at += 2 + length; // a marker segment of the main header
      continue;
    }
    if (at + 12 > bytes.length) return undefined;
    const tilePart = view.getUint32(at + 6);
    if (tilePart === 0) return lastEoc(bytes); // Psot 0: up to EOC
    if (tilePart < 14 || at + tilePart > bytes.length) return undefined;
    at += tilePart;
  }
  return at + 2 <= bytes.length && view.getUint16(at) === 0xffd9 ? at + 2 : undefined;
}

function lastEoc(bytes: Uint8Array): number | undefined {
  let end = bytes.length;
  while (end > 2 && bytes[end - 1] === 0) end--;
  return bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9 ? end : undefined;
}

/** The `jp2c` box of a JP2 file, which DICOM does not allow and some writers embed. */
function codeStream(raw: Uint8Array): Uint8Array | undefined {
  if (raw[0] === 0xff && raw[1] === 0x4f) return raw;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  for (let at = 0; at + 8 <= raw.length; ) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x6a703263) return raw.subarray(at + 8, length > 8 ? at + length : raw.length);
    if (length < 8) return undefined;
    at += length;
  }
  return undefined;
}

/** Checks a JPEG-LS stream (ITU-T T.87 Annex C): frame header, and EOI at the end. */
export function checkJpegLs(bytes: Uint8Array): Result<CheckedStream, CodecFault> {
  const end = endOfImage(bytes);
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return corrupt('no start of image');
  if (end === undefined) return corrupt('no end of image');
  for (let at = 2; at + 10 < end; at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!) {
    if (bytes[at] !== 0xff) return corrupt('no marker where one must stand');
    if (bytes[at + 1] !== 0xf7) continue;
    const [rows, columns] = [bytes[at + 5]! * 256 + bytes[at + 6]!, bytes[at + 7]! * 256 + bytes[at + 8]!];
    return ok({ bytes: bytes.subarray(0, end), rows, columns, components: bytes[at + 9]!, precision: bytes[at + 4]! });
  }
  return corrupt('no frame header');
}

/** Where EOI ends (FFD9); behind it only padding is allowed: a few bytes, of whatever value. */
export function endOfImage(bytes: Uint8Array): number | undefined {
  let last = bytes.length - 1;
  while (last > 0 && bytes[last] === 0) last--;
  for (let end = last + 1; end > Math.max(2, last - 3); end--) if (bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9) return end;
  return undefined;
}

function corrupt(message: string): { readonly ok: false; readonly fault: CodecFault } {
  return fault(codecFault('CORRUPT', message));
}
