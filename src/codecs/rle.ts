import { fault, ok, type Result } from '../foundation/result.ts';
import { codecFault, frameLength, type CodecFault, type FrameShape } from './frame.ts';

const HEADER = 64;

/**
 * Decodes one RLE Lossless frame, PS3.5 Annex G: a header of 16 numbers, then one PackBits segment for each byte of each sample, the
 * most significant first. Samples come out by pixel, little endian.
 *
 * Errors: CORRUPT when a segment is missing, lies outside the frame, or gives fewer bytes than the pixels.
 */
export function decodeRle(bytes: Uint8Array, shape: FrameShape): Result<Uint8Array, CodecFault> {
  // Frames of single bits are met as RLE of their packed bytes.
  const bitmap = shape.bitsAllocated === 1 && shape.samplesPerPixel === 1;
  if (shape.bitsAllocated % 8 !== 0 && !bitmap) return fault(codecFault('UNSUPPORTED', 'RLE of samples that are no whole bytes'));
  if (bytes.length < HEADER) return corrupt('shorter than its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bytesPerSample = bitmap ? 1 : shape.bitsAllocated / 8;
  const segments = bytesPerSample * shape.samplesPerPixel;
  if (view.getUint32(0, true) !== segments) return corrupt('another number of segments than the samples need');
  const out = new Uint8Array(frameLength(shape));
  const count = bitmap ? out.length : shape.rows * shape.columns;
  const stride = segments;
  for (let segment = 0; segment < segments; segment++) {
    const start = view.getUint32(4 + segment * 4, true);
    const end = segment + 1 < segments ? view.getUint32(8 + segment * 4, true) : bytes.length;
    if (start < HEADER || end > bytes.length || end < start) return corrupt('a segment lies outside the frame');
    const sample = Math.floor(segment / bytesPerSample);
    const significance = bytesPerSample - 1 - (segment % bytesPerSample);
    const written = unpack(bytes, start, end, out, sample * bytesPerSample + significance, stride, count);
    if (written < count) return corrupt('a segment ends before its pixels do');
  }
  return ok(out);
}

/** PackBits into every `stride`th byte; more than `count` is padding and dropped. Returns how many were written. */
function unpack(bytes: Uint8Array, start: number, end: number, out: Uint8Array, first: number, stride: number, count: number): number {
  let at = start;
  let to = first;
  let left = count;
  while (at < end && left > 0) {
    const control = bytes[at++]!;
    if (control < 128) {
      for (let n = Math.min(control + 1, left, end - at), i = 0; i < n; i++) {
        out[to] = bytes[at + i]!;
        to += stride;
      }
      left -= Math.min(control + 1, left, end - at);
      at += control + 1;
    } else if (control > 128 && at < end) {
      const value = bytes[at++]!;
      const n = Math.min(257 - control, left);
      for (let i = 0; i < n; i++) {
        out[to] = value;
        to += stride;
      }
      left -= n;
    }
  }
  return count - left;
}

/** Encodes one native frame (colour by pixel, little endian), PS3.5 Annex G. At most 15 segments: samples × bytes. */
export function encodeRle(pixels: Uint8Array, shape: FrameShape): Result<Uint8Array, CodecFault> {
  const bytesPerSample = shape.bitsAllocated / 8;
  const segments = bytesPerSample * shape.samplesPerPixel;
  if (!Number.isInteger(bytesPerSample) || segments > 15) return fault(codecFault('UNSUPPORTED', 'samples that RLE cannot hold'));
  if (pixels.length < frameLength(shape)) return corrupt('fewer pixels than rows and columns say');
  const header = new Uint8Array(HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(0, segments, true);
  const parts: Uint8Array[] = [header];
  let offset = HEADER;
  for (let segment = 0; segment < segments; segment++) {
    const sample = Math.floor(segment / bytesPerSample);
    const significance = bytesPerSample - 1 - (segment % bytesPerSample);
    const packed = pack(pixels, sample * bytesPerSample + significance, segments, shape.rows, shape.columns);
    view.setUint32(4 + segment * 4, offset, true);
    offset += packed.length;
    parts.push(packed);
  }
  return ok(Buffer.concat(parts));
}

/** PackBits row by row (PS3.5 §G.3.1: a run does not cross rows), padded to even length. */
function pack(pixels: Uint8Array, first: number, stride: number, rows: number, columns: number): Uint8Array {
  const out = new Uint8Array(rows * (columns + Math.ceil(columns / 128)) + 2);
  const row = new Uint8Array(columns);
  let to = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) row[x] = pixels[first + (y * columns + x) * stride]!;
    to = packRow(row, out, to);
  }
  if (to % 2 !== 0) to++;
  return out.subarray(0, to);
}

function packRow(row: Uint8Array, out: Uint8Array, start: number): number {
  let to = start;
  let at = 0;
  while (at < row.length) {
    let run = 1;
    while (run < 128 && at + run < row.length && row[at + run] === row[at]) run++;
    if (run > 2) {
      out[to++] = 257 - run;
      out[to++] = row[at]!;
      at += run;
      continue;
    }
    const literal = at;
    while (at < row.length && at - literal < 128 && !(row[at] === row[at + 1] && row[at] === row[at + 2] && at + 2 < row.length)) at++;
    out[to++] = at - literal - 1;
    for (let i = literal; i < at; i++) out[to++] = row[i]!;
  }
  return to;
}

function corrupt(message: string): { readonly ok: false; readonly fault: CodecFault } {
  return fault(codecFault('CORRUPT', `RLE: ${message}`));
}
