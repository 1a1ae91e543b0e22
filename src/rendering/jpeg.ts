import { acChrominance, acLuminance, chrominanceSteps, dcChrominance, dcLuminance, luminanceSteps, zigzag, type HuffmanSpec } from './jpeg-tables.ts';
import type { Picture } from './picture.ts';

/**
 * Baseline JPEG (ITU-T T.81) of a picture: grey, or YCbCr 4:4:4 in JFIF; the tables of Annex K scaled as libjpeg does.
 * Written here because the WebAssembly encoder at hand writes beyond its buffer when a picture does not get smaller.
 *
 * @param quality  1–100
 */
export function encodeJpeg(picture: Picture, quality: number): Uint8Array {
  const { width, height, channels } = picture;
  const quantisers = (channels === 1 ? [luminanceSteps] : [luminanceSteps, chrominanceSteps]).map((steps) => scaled(steps, quality));
  const tables = channels === 1 ? [dcLuminance, acLuminance] : [dcLuminance, acLuminance, dcChrominance, acChrominance];
  const writer = new BitWriter(width * height * channels + 4_096);
  writer.bytes(Uint8Array.of(0xff, 0xd8));
  segment(writer, 0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  quantisers.forEach((steps, n) => segment(writer, 0xdb, [n, ...zigzag.map((at) => steps[at]!)]));
  const components = Array.from({ length: channels }, (_, c) => [c + 1, 0x11, c === 0 ? 0 : 1]);
  segment(writer, 0xc0, [8, height >> 8, height & 0xff, width >> 8, width & 0xff, channels, ...components.flat()]);
  tables.forEach((table, n) => segment(writer, 0xc4, [((n & 1) << 4) | (n >> 1), ...table.counts, ...table.values]));
  segment(writer, 0xda, [channels, ...Array.from({ length: channels }, (_, c) => [c + 1, c === 0 ? 0 : 0x11]).flat(), 0, 63, 0]);
  encodeScan(writer, picture, quantisers, tables.map(codesOf));
  writer.flush();
  writer.bytes(Uint8Array.of(0xff, 0xd9));
  return writer.taken();
}

interface HuffmanCodes {
  readonly code: Uint16Array;
  readonly length: Uint8Array;
}

function encodeScan(writer: BitWriter, picture: Picture, quantisers: readonly (readonly number[])[], codes: readonly HuffmanCodes[]): void {
  const planes = planesOf(picture);
  const divisors = quantisers.map(reciprocals);
  const previous = planes.map(() => 0);
  const block = new Float32Array(64);
  const levels = new Int32Array(64);
  for (let y = 0; y < picture.height; y += 8) {
    for (let x = 0; x < picture.width; x += 8) {
      for (let c = 0; c < planes.length; c += 1) {
        const which = c === 0 ? 0 : 1;
        loadBlock(block, planes[c]!, picture.width, picture.height, x, y);
        transform(block);
        for (let i = 0; i < 64; i += 1) levels[i] = Math.round(block[zigzag[i]!]! * divisors[which]![zigzag[i]!]!);
        writeBlock(writer, levels, previous[c]!, codes[which * 2]!, codes[which * 2 + 1]!);
        previous[c] = levels[0]!;
      }
    }
  }
}

/** Samples by plane, RGB turned into YCbCr (JFIF 1.02), around 0. */
function planesOf({ width, height, channels, samples }: Picture): readonly Float32Array[] {
  const count = width * height;
  if (channels === 1) return [Float32Array.from(samples, (value) => value - 128)];
  const [y, cb, cr] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i += 1) {
    const [r, g, b] = [samples[i * 3]!, samples[i * 3 + 1]!, samples[i * 3 + 2]!];
    y[i] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
    cb[i] = -0.168736 * r - 0.331264 * g + 0.5 * b;
    cr[i] = 0.5 * r - 0.418688 * g - 0.081312 * b;
  }
  return [y, cb, cr];
}

/** Beyond the right and lower edge the last column and row go on. */
function loadBlock(block: Float32Array, plane: Float32Array, width: number, height: number, x: number, y: number): void {
  for (let row = 0; row < 8; row += 1) {
    const line = Math.min(height - 1, y + row) * width;
    for (let column = 0; column < 8; column += 1) block[row * 8 + column] = plane[line + Math.min(width - 1, x + column)]!;
  }
}

/** Forward DCT by Arai, Agui and Nakajima; its scale factors are part of the divisors. */
function transform(d: Float32Array): void {
  for (let i = 0; i < 8; i += 1) pass(d, i * 8, 1);
  for (let i = 0; i < 8; i += 1) pass(d, i, 8);
}

function pass(d: Float32Array, at: number, step: number): void {
  const [i1, i2, i3, i4, i5, i6, i7] = [at + step, at + 2 * step, at + 3 * step, at + 4 * step, at + 5 * step, at + 6 * step, at + 7 * step];
  const [s0, s7] = [d[at]! + d[i7]!, d[at]! - d[i7]!];
  const [s1, s6] = [d[i1]! + d[i6]!, d[i1]! - d[i6]!];
  const [s2, s5] = [d[i2]! + d[i5]!, d[i2]! - d[i5]!];
  const [s3, s4] = [d[i3]! + d[i4]!, d[i3]! - d[i4]!];
  const [e0, e3, e1, e2] = [s0 + s3, s0 - s3, s1 + s2, s1 - s2];
  d[at] = e0 + e1;
  d[i4] = e0 - e1;
  const z1 = (e2 + e3) * Math.SQRT1_2;
  d[i2] = e3 + z1;
  d[i6] = e3 - z1;
  const [o0, o1, o2] = [s4 + s5, s5 + s6, s6 + s7];
  const z5 = (o0 - o2) * 0.382683433;
  const z2 = 0.5411961 * o0 + z5;
  const z4 = 1.306562965 * o2 + z5;
  const z3 = o1 * Math.SQRT1_2;
  const [z11, z13] = [s7 + z3, s7 - z3];
  d[i5] = z13 + z2;
  d[i3] = z13 - z2;
  d[i1] = z11 + z4;
  d[i7] = z11 - z4;
}

const AAN = [1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.5411961, 0.275899379];

function reciprocals(steps: readonly number[]): Float32Array {
  return Float32Array.from(steps, (step, i) => 1 / (step * AAN[i >> 3]! * AAN[i & 7]! * 8));
}

function scaled(steps: readonly number[], quality: number): number[] {
  const factor = quality < 50 ? 5_000 / quality : 200 - quality * 2;
  return steps.map((step) => Math.min(255, Math.max(1, Math.floor((step * factor + 50) / 100))));
}

function writeBlock(writer: BitWriter, levels: Int32Array, before: number, dc: HuffmanCodes, ac: HuffmanCodes): void {
  const difference = levels[0]! - before;
  const size = 32 - Math.clz32(Math.abs(difference));
  writer.put(dc.code[size]!, dc.length[size]!);
  if (size > 0) writer.put(difference < 0 ? difference + (1 << size) - 1 : difference, size);
  let last = 63;
  while (last > 0 && levels[last] === 0) last -= 1;
  for (let i = 1, run = 0; i <= last; i += 1) {
    const level = levels[i]!;
    if (level === 0) {
      run += 1;
      continue;
    }
    for (; run > 15; run -= 16) writer.put(ac.code[0xf0]!, ac.length[0xf0]!);
    const bits = 32 - Math.clz32(Math.abs(level));
    const symbol = (run << 4) | bits;
    writer.put(ac.code[symbol]!, ac.length[symbol]!);
    writer.put(level < 0 ? level + (1 << bits) - 1 : level, bits);
    run = 0;
  }
  if (last < 63) writer.put(ac.code[0]!, ac.length[0]!);
}

/** T.81 Annex C. */
function codesOf({ counts, values }: HuffmanSpec): HuffmanCodes {
  const [code, length] = [new Uint16Array(256), new Uint8Array(256)];
  let [next, at] = [0, 0];
  counts.forEach((count, n) => {
    for (let i = 0; i < count; i += 1) {
      code[values[at]!] = next++;
      length[values[at++]!] = n + 1;
    }
    next <<= 1;
  });
  return { code, length };
}

function segment(writer: BitWriter, marker: number, content: readonly number[]): void {
  const length = content.length + 2;
  writer.bytes(Uint8Array.from([0xff, marker, length >> 8, length & 0xff, ...content]));
}

class BitWriter {
  #buffer: Uint8Array;
  #at = 0;
  #held = 0;
  #bits = 0;

  constructor(size: number) {
    this.#buffer = new Uint8Array(size);
  }

  bytes(content: Uint8Array): void {
    this.#room(content.length);
    this.#buffer.set(content, this.#at);
    this.#at += content.length;
  }

  /** At most 16 bits. A byte of ones is followed by a zero (T.81 §B.1.1.5). */
  put(value: number, bits: number): void {
    this.#held = (this.#held << bits) | value;
    this.#bits += bits;
    while (this.#bits >= 8) {
      this.#bits -= 8;
      const byte = (this.#held >>> this.#bits) & 0xff;
      this.#room(2);
      this.#buffer[this.#at++] = byte;
      if (byte === 0xff) this.#buffer[this.#at++] = 0;
    }
    this.#held &= (1 << this.#bits) - 1;
  }

  flush(): void {
    if (this.#bits > 0) this.put((1 << (8 - this.#bits)) - 1, 8 - this.#bits);
  }

  taken(): Uint8Array {
    return this.#buffer.slice(0, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(this.#buffer.length * 2 + bytes);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}
