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
        quantise(block, divisors[which]!, levels);
        writeBlock(writer, levels, previous[c]!, codes[which * 2]!, codes[which * 2 + 1]!);
        previous[c] = levels[0]!;
      }
    }
  }
}

const order = Uint8Array.from(zigzag);

function quantise(block: Float32Array, divisors: Float32Array, levels: Int32Array): void {
  for (let i = 0; i < 64; i += 1) {
    const at = order[i]!;
    const level = block[at]! * divisors[at]!;
    levels[i] = level < 0 ? level - 0.5 : level + 0.5; // cut towards zero
  }
}

/** Samples by plane, RGB turned into YCbCr (JFIF 1.02), around 0. */
function planesOf({ width, height, channels, samples }: Picture): readonly Float32Array[] {
  const count = width * height;
  if (channels === 1) return [greyPlane(samples)];
  const [y, cb, cr] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i += 1) {
    const r = samples[i * 3]!;
    const g = samples[i * 3 + 1]!;
    const b = samples[i * 3 + 2]!;
    y[i] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
    cb[i] = -0.168736 * r - 0.331264 * g + 0.5 * b;
    cr[i] = 0.5 * r - 0.418688 * g - 0.081312 * b;
  }
  return [y, cb, cr];
}

function greyPlane(samples: Uint8Array): Float32Array {
  const plane = new Float32Array(samples.length);
  for (let i = 0; i < plane.length; i += 1) plane[i] = samples[i]! - 128;
  return plane;
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

// Plain locals on purpose: this is the inner loop, and arrays that are taken apart cost more than the arithmetic.
function pass(d: Float32Array, at: number, step: number): void {
  const s0 = d[at]! + d[at + 7 * step]!;
  const s7 = d[at]! - d[at + 7 * step]!;
  const s1 = d[at + step]! + d[at + 6 * step]!;
  const s6 = d[at + step]! - d[at + 6 * step]!;
  const s2 = d[at + 2 * step]! + d[at + 5 * step]!;
  const s5 = d[at + 2 * step]! - d[at + 5 * step]!;
  const s3 = d[at + 3 * step]! + d[at + 4 * step]!;
  const s4 = d[at + 3 * step]! - d[at + 4 * step]!;
  const e0 = s0 + s3;
  const e3 = s0 - s3;
  const e1 = s1 + s2;
  const z1 = (s1 - s2 + e3) * Math.SQRT1_2;
  d[at] = e0 + e1;
  d[at + 4 * step] = e0 - e1;
  d[at + 2 * step] = e3 + z1;
  d[at + 6 * step] = e3 - z1;
  const o0 = s4 + s5;
  const o2 = s6 + s7;
  const z5 = (o0 - o2) * 0.382683433;
  const z2 = 0.5411961 * o0 + z5;
  const z4 = 1.306562965 * o2 + z5;
  const z3 = (s5 + s6) * Math.SQRT1_2;
  const z11 = s7 + z3;
  const z13 = s7 - z3;
  d[at + 5 * step] = z13 + z2;
  d[at + 3 * step] = z13 - z2;
  d[at + step] = z11 + z4;
  d[at + 7 * step] = z11 - z4;
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
    const held = (this.#held << bits) | value;
    let left = this.#bits + bits;
    if (left >= 8) {
      this.#room(6);
      const buffer = this.#buffer;
      let at = this.#at;
      while (left >= 8) {
        left -= 8;
        const byte = (held >>> left) & 0xff;
        buffer[at++] = byte;
        if (byte === 0xff) buffer[at++] = 0;
      }
      this.#at = at;
    }
    this.#bits = left;
    this.#held = held & ((1 << left) - 1);
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
