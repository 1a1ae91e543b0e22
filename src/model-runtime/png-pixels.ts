import { inflateSync } from 'node:zlib';
import { fault, ok, type Result } from '../foundation/result.ts';

/** Pixels of a PNG: 8 or 16 bits (little endian), grey or RGB by pixel; palettes are spread out, transparency is dropped. */
export interface PngPixels {
  readonly rows: number;
  readonly columns: number;
  readonly channels: 1 | 3;
  readonly bits: 8 | 16;
  readonly pixels: Uint8Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST_PIXELS = 100_000_000;
/** Samples a pixel by colour type: grey, RGB, palette, grey and alpha, RGBA. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Reads a PNG that is not interlaced, of 8 or 16 bits a sample. Fault: a sentence. Source: PNG (ISO/IEC 15948) §9, §11.2. */
export function readPng(bytes: Uint8Array): Result<PngPixels, string> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 33 || !file.subarray(0, 8).equals(SIGNATURE)) return fault('this is no PNG');
  const [columns, rows] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const [bits, colour, interlace] = [file[24]!, file[25]!, file[28]!];
  const samples = SAMPLES[colour];
  if (samples === undefined || (bits !== 8 && bits !== 16) || interlace !== 0) return fault('PNGs of 8 or 16 bits that are not interlaced are read');
  if (rows === 0 || columns === 0 || rows * columns > MOST_PIXELS) return fault('the PNG says a size that is not read');
  const { data, palette } = chunksOf(file);
  const width = samples * (bits / 8);
  const needed = rows * (columns * width + 1);
  let raw: Buffer;
  try {
    raw = inflateSync(data, { maxOutputLength: needed });
  } catch {
    return fault('the PNG is broken');
  }
  if (raw.length < needed || (colour === 3 && palette === null)) return fault('the PNG ends early');
  const plain = unfilter(raw, rows, columns * width, width);
  return ok({ rows, columns, bits, ...pick(plain, rows * columns, { colour, samples, bits, palette }) });
}

function chunksOf(file: Buffer): { data: Buffer; palette: Buffer | null } {
  const parts: Buffer[] = [];
  let palette: Buffer | null = null;
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (type === 'IDAT') parts.push(body);
    if (type === 'PLTE') palette = body;
    if (type === 'IEND') break;
    at += length + 12;
  }
  return { data: Buffer.concat(parts), palette };
}

function unfilter(raw: Buffer, rows: number, stride: number, width: number): Buffer {
  const out = Buffer.alloc(rows * stride);
  for (let row = 0; row < rows; row++) {
    const filter = raw[row * (stride + 1)]!;
    for (let i = 0; i < stride; i++) {
      const left = i >= width ? out[row * stride + i - width]! : 0;
      const up = row > 0 ? out[(row - 1) * stride + i]! : 0;
      const corner = row > 0 && i >= width ? out[(row - 1) * stride + i - width]! : 0;
      out[row * stride + i] = raw[row * (stride + 1) + 1 + i]! + predicted(filter, left, up, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const p = left + up - corner;
  const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function pick(plain: Buffer, count: number, { colour, samples, bits, palette }: { colour: number; samples: number; bits: 8 | 16; palette: Buffer | null }): { channels: 1 | 3; pixels: Uint8Array } {
  const channels = colour === 2 || colour === 3 || colour === 6 ? 3 : 1;
  const size = bits / 8;
  const pixels = new Uint8Array(count * channels * size);
  for (let q = 0; q < count; q++)
    for (let c = 0; c < channels; c++) {
      const to = (q * channels + c) * size;
      const from = (q * samples + c) * size;
      if (palette !== null && colour === 3) pixels[to] = palette[plain[q]! * 3 + c] ?? 0;
      else if (size === 1) pixels[to] = plain[from]!;
      else [pixels[to], pixels[to + 1]] = [plain[from + 1]!, plain[from]!]; // PNG is big endian
    }
  return { channels, pixels };
}
