import { fault, ok, type Result } from '../foundation/result.ts';
import { codecFault, type CodecFault } from './frame.ts';
import { EntropyBits, readHuffmanTables, type HuffmanTable } from './jpeg-entropy.ts';
import { readJpegHeader, segmentAt, type JpegHeader } from './jpeg-header.ts';

export interface JpegSamples {
  readonly header: JpegHeader;
  /** Shape [rows, columns, components]; the components as they are coded, no colour transform. */
  readonly samples: Uint16Array;
}

/**
 * Decodes lossless JPEG (ITU-T T.81 Annex H, Huffman; DICOM processes 14 and 14 SV1), 2 to 16 bits, any predictor.
 *
 * Errors: CORRUPT when a code is invalid or the data end before the pixels do; UNSUPPORTED for subsampled components.
 */
export function decodeJpegLossless(bytes: Uint8Array, maxPixels = 1 << 28): Result<JpegSamples, CodecFault> {
  const read = readJpegHeader(bytes);
  if (!read.ok) return read;
  const header = read.value;
  if (header.process !== 3) return fault(codecFault('UNSUPPORTED', `JPEG: process SOF${header.process} where a lossless one must stand`));
  if (header.components.some((component) => component.horizontal !== 1 || component.vertical !== 1)) return fault(codecFault('UNSUPPORTED', 'JPEG: subsampled lossless components'));
  if (header.precision < 2 || header.precision > 16 || header.rows * header.columns * header.components.length > maxPixels) return corrupt('frame header out of range');
  const decoder = new LosslessDecoder(bytes, header);
  const failure = decoder.run();
  return failure === undefined ? ok({ header, samples: decoder.samples }) : failure;
}

type Failure = { readonly ok: false; readonly fault: CodecFault };

interface Scan {
  readonly components: readonly number[];
  readonly tables: readonly HuffmanTable[];
  readonly predictor: number;
  readonly pointTransform: number;
}

class LosslessDecoder {
  readonly samples: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #header: JpegHeader;
  readonly #tables = new Map<number, HuffmanTable>();
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
      if (segment.marker === 0xc4 && !readHuffmanTables(segment.body, this.#tables)) return corrupt('broken Huffman table');
      if (segment.marker === 0xdd) this.#restartInterval = (segment.body[0] ?? 0) * 256 + (segment.body[1] ?? 0);
      if (segment.marker !== 0xda) continue;
      const scan = this.#scanHeader(segment.body);
      if (scan === undefined) return corrupt('broken scan header');
      const bits = new EntropyBits(this.#bytes, at);
      if (!this.#scan(scan, bits)) return corrupt('data end before the pixels do, or hold no valid code');
      at = bits.position;
      for (const component of scan.components) missing.delete(component);
    }
    return missing.size > 0 ? corrupt('components without a scan') : undefined;
  }

  #scanHeader(body: Uint8Array): Scan | undefined {
    const count = body[0] ?? 0;
    if (count < 1 || count > 4 || body.length < 4 + count * 2) return undefined;
    const components: number[] = [];
    const tables: HuffmanTable[] = [];
    for (let i = 0; i < count; i++) {
      const index = this.#header.components.findIndex((component) => component.id === body[1 + i * 2]);
      const table = this.#tables.get(body[2 + i * 2]! >> 4);
      if (index < 0 || table === undefined) return undefined;
      components.push(index);
      tables.push(table);
    }
    const predictor = body[1 + count * 2]!;
    const pointTransform = body[3 + count * 2]! & 15;
    return predictor < 1 || predictor > 7 || pointTransform >= this.#header.precision ? undefined : { components, tables, predictor, pointTransform };
  }

  #scan(scan: Scan, bits: EntropyBits): boolean {
    const { rows, columns, precision } = this.#header;
    const stride = this.#header.components.length;
    const rowStride = columns * stride;
    const initial = 1 << (precision - scan.pointTransform - 1);
    let firstRow = 0;
    let untilRestart = this.#restartInterval;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        if (this.#restartInterval > 0 && untilRestart-- === 0) {
          if (bits.failed || !bits.restart()) return false;
          untilRestart = this.#restartInterval - 1;
          firstRow = y; // T.81 §H.1.1: prediction starts anew, which is well defined only at the start of a row
          if (x !== 0) return false;
        }
        const at = y * rowStride + x * stride;
        for (let i = 0; i < scan.components.length; i++) {
          const to = at + scan.components[i]!;
          const category = bits.symbol(scan.tables[i]!);
          const difference = category === 16 ? 32768 : bits.signed(category & 15);
          this.samples[to] = this.#predict(scan, to, x, y === firstRow, initial, stride, rowStride) + difference;
        }
      }
      if (bits.failed) return false;
    }
    if (scan.pointTransform > 0) for (const component of scan.components) for (let i = component; i < this.samples.length; i += stride) this.samples[i]! <<= scan.pointTransform;
    return true;
  }

  /** T.81 Table H.1; the first row predicts from the left, the first column from above. */
  #predict(scan: Scan, at: number, x: number, onFirstRow: boolean, initial: number, stride: number, rowStride: number): number {
    const samples = this.samples;
    if (onFirstRow) return x === 0 ? initial : samples[at - stride]!;
    const above = samples[at - rowStride]!;
    if (x === 0) return above;
    const left = samples[at - stride]!;
    if (scan.predictor === 1) return left;
    const corner = samples[at - rowStride - stride]!;
    switch (scan.predictor) {
      case 2: return above;
      case 3: return corner;
      case 4: return left + above - corner;
      case 5: return left + ((above - corner) >> 1);
      case 6: return above + ((left - corner) >> 1);
      default: return (left + above) >> 1;
    }
  }
}

function corrupt(message: string): Failure {
  return fault(codecFault('CORRUPT', `JPEG: ${message}`));
}
