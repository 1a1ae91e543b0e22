import { fault, ok, type Result } from '../foundation/result.ts';
import { codecFault, type CodecFault } from './frame.ts';
import { EntropyBits, readHuffmanTables, type HuffmanTable } from './jpeg-entropy.ts';
import { readJpegHeader, segmentAt, type JpegHeader } from './jpeg-header.ts';
import type { JpegSamples } from './jpeg-lossless.ts';
import { inverseDct } from './jpeg-idct.ts';

/** Zigzag order, ITU-T T.81 Figure A.6. */
const ZIGZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
  58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]);

/**
 * Decodes sequential DCT JPEG (ITU-T T.81 Annex F, Huffman; DICOM processes 1, 2 and 4), 8 or 12 bits, components of full size, with
 * the accurate integer inverse DCT of the IJG library. Here for 12 bits, which the 8-bit codec lacks.
 *
 * Errors: CORRUPT; UNSUPPORTED for other processes and for subsampled components.
 */
export function decodeJpegSequential(bytes: Uint8Array, maxPixels = 1 << 28): Result<JpegSamples, CodecFault> {
  const read = readJpegHeader(bytes);
  if (!read.ok) return read;
  const header = read.value;
  if (header.process > 1 || (header.precision !== 8 && header.precision !== 12)) return fault(codecFault('UNSUPPORTED', `JPEG: process SOF${header.process} with ${header.precision} bits`));
  if (header.components.length > 1 && header.components.some((component) => component.horizontal !== 1 || component.vertical !== 1)) return fault(codecFault('UNSUPPORTED', 'JPEG: subsampled components of 12 bits'));
  if (header.rows < 1 || header.columns < 1 || header.rows * header.columns * header.components.length > maxPixels) return corrupt('frame header out of range');
  const decoder = new SequentialDecoder(bytes, header);
  const failure = decoder.run();
  return failure === undefined ? ok({ header, samples: decoder.samples }) : failure;
}

type Failure = { readonly ok: false; readonly fault: CodecFault };

interface ScanComponent {
  readonly index: number;
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
  readonly quantisation: Uint16Array;
}

class SequentialDecoder {
  readonly samples: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #header: JpegHeader;
  readonly #huffman = new Map<number, HuffmanTable>();
  readonly #quantisation = new Map<number, Uint16Array>();
  #restartInterval = 0;

  constructor(bytes: Uint8Array, header: JpegHeader) {
    this.#bytes = bytes;
    this.#header = header;
    this.samples = new Uint16Array(header.rows * header.columns * header.components.length);
  }

  run(): Failure | undefined {
    const missing = new Set(this.#header.components.keys());
    let at = this.#header.start;
    for (let segment = segmentAt(this.#bytes, at); segment !== undefined && missing.size > 0; segment = segmentAt(this.#bytes, at)) {
      at = segment.end;
      if (segment.marker === 0xc4 && !readHuffmanTables(segment.body, this.#huffman)) return corrupt('broken Huffman table');
      if (segment.marker === 0xdb && !this.#readQuantisation(segment.body)) return corrupt('broken quantisation table');
      if (segment.marker === 0xdd) this.#restartInterval = (segment.body[0] ?? 0) * 256 + (segment.body[1] ?? 0);
      if (segment.marker !== 0xda) continue;
      const scan = this.#scanHeader(segment.body);
      if (scan === undefined) return corrupt('broken scan header');
      const bits = new EntropyBits(this.#bytes, at);
      if (!this.#scan(scan, bits)) return corrupt('data end before the pixels do, or hold no valid code');
      at = bits.position;
      for (const component of scan) missing.delete(component.index);
    }
    return missing.size > 0 ? corrupt('components without a scan') : undefined;
  }

  #readQuantisation(body: Uint8Array): boolean {
    for (let at = 0; at < body.length; ) {
      const wide = body[at]! >> 4 === 1;
      const table = new Uint16Array(64);
      if (at + 1 + (wide ? 128 : 64) > body.length) return false;
      for (let i = 0; i < 64; i++) table[ZIGZAG[i]!] = wide ? body[at + 1 + i * 2]! * 256 + body[at + 2 + i * 2]! : body[at + 1 + i]!;
      this.#quantisation.set(body[at]! & 15, table);
      at += 1 + (wide ? 128 : 64);
    }
    return true;
  }

  #scanHeader(body: Uint8Array): readonly ScanComponent[] | undefined {
    const count = body[0] ?? 0;
    if (count < 1 || count > 4 || body.length < 4 + count * 2) return undefined;
    const scan: ScanComponent[] = [];
    for (let i = 0; i < count; i++) {
      const index = this.#header.components.findIndex((component) => component.id === body[1 + i * 2]);
      const tables = body[2 + i * 2]!;
      const dc = this.#huffman.get(tables >> 4);
      const ac = this.#huffman.get(16 + (tables & 15));
      const quantisation = index < 0 ? undefined : this.#quantisation.get(this.#header.components[index]!.quantisation);
      if (dc === undefined || ac === undefined || quantisation === undefined) return undefined;
      scan.push({ index, dc, ac, quantisation });
    }
    return scan;
  }

  #scan(scan: readonly ScanComponent[], bits: EntropyBits): boolean {
    const { rows, columns, precision } = this.#header;
    const stride = this.#header.components.length;
    const predictions = new Int32Array(stride);
    const block = new Int32Array(64);
    let untilRestart = this.#restartInterval;
    for (let y = 0; y < rows; y += 8) {
      for (let x = 0; x < columns; x += 8) {
        if (this.#restartInterval > 0 && untilRestart-- === 0) {
          if (bits.failed || !bits.restart()) return false;
          predictions.fill(0);
          untilRestart = this.#restartInterval - 1;
        }
        for (const component of scan) {
          readBlock(bits, component, predictions, block);
          inverseDct(block, precision);
          this.#place(block, x, y, component.index, stride);
        }
      }
      if (bits.failed) return false;
    }
    return true;
  }

  #place(block: Int32Array, x: number, y: number, component: number, stride: number): void {
    const { rows, columns } = this.#header;
    const height = Math.min(8, rows - y);
    const width = Math.min(8, columns - x);
    for (let v = 0; v < height; v++) {
      const row = ((y + v) * columns + x) * stride + component;
      for (let u = 0; u < width; u++) this.samples[row + u * stride] = block[v * 8 + u]!;
    }
  }
}

/** One block of dequantised coefficients, T.81 §F.2.2. */
function readBlock(bits: EntropyBits, component: ScanComponent, predictions: Int32Array, block: Int32Array): void {
  block.fill(0);
  predictions[component.index]! += bits.signed(bits.symbol(component.dc) & 15);
  block[0] = predictions[component.index]! * component.quantisation[0]!;
  for (let k = 1; k < 64; k++) {
    const symbol = bits.symbol(component.ac);
    const size = symbol & 15;
    const run = symbol >> 4;
    if (size === 0) {
      if (run !== 15) return;
      k += 15;
      continue;
    }
    k += run;
    const at = ZIGZAG[k & 63]!;
    block[at] = bits.signed(size) * component.quantisation[at]!;
  }
}

function corrupt(message: string): Failure {
  return fault(codecFault('CORRUPT', `JPEG: ${message}`));
}
