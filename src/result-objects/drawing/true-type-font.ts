/** One closed outline in font units, y up; quadratic curves have an off-curve control point between two on-curve ones. */
export interface OutlinePoint {
  readonly x: number;
  readonly y: number;
  readonly onCurve: boolean;
}

interface Table {
  readonly offset: number;
  readonly length: number;
}

const SFNT_HEADER = 12;
const TABLE_RECORD = 16;
/** Composite glyphs nest; a font that nests deeper is broken. */
const MAX_NESTING = 6;
/** What a PDF reader needs of an embedded TrueType font, ISO 32000-1 §9.9. */
const EMBEDDED_TABLES = ['cvt ', 'fpgm', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'prep'] as const;

/**
 * A TrueType font (OpenType 1.8 with glyf outlines and a format 12 character map): code points to glyphs, widths, outlines, and a copy
 * that holds only some glyphs. Reads fonts that ship with the gateway, not fonts from outside: a broken one throws.
 */
export class TrueTypeFont {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #groups: readonly (readonly [start: number, end: number, glyph: number])[];
  readonly #longMetrics: number;
  readonly #longOffsets: boolean;
  readonly unitsPerEm: number;
  readonly ascent: number;
  readonly descent: number;
  /** xMin, yMin, xMax, yMax in font units. */
  readonly box: readonly [number, number, number, number];
  readonly glyphCount: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#tables = tablesOf(this.#view);
    const head = this.#table('head').offset;
    const hhea = this.#table('hhea').offset;
    this.unitsPerEm = this.#view.getUint16(head + 18);
    this.box = [36, 38, 40, 42].map((at) => this.#view.getInt16(head + at)) as unknown as [number, number, number, number];
    this.#longOffsets = this.#view.getInt16(head + 50) === 1;
    this.ascent = this.#view.getInt16(hhea + 4);
    this.descent = this.#view.getInt16(hhea + 6);
    this.#longMetrics = this.#view.getUint16(hhea + 34);
    this.glyphCount = this.#view.getUint16(this.#table('maxp').offset + 4);
    this.#groups = characterGroups(this.#view, this.#table('cmap').offset);
  }

  /** Glyph of a code point; 0 = the font has none. */
  glyphOf(codePoint: number): number {
    let low = 0;
    let high = this.#groups.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [start, end, glyph] = this.#groups[middle]!;
      if (codePoint < start) high = middle - 1;
      else if (codePoint > end) low = middle + 1;
      else return glyph + codePoint - start;
    }
    return 0;
  }

  /** Width in font units. */
  advance(glyph: number): number {
    return this.#view.getUint16(this.#table('hmtx').offset + 4 * Math.min(glyph, this.#longMetrics - 1));
  }

  /** Closed outlines of a glyph, parts of a composite one in their places. */
  outlines(glyph: number, nesting = 0): readonly (readonly OutlinePoint[])[] {
    const { offset, length } = this.#glyph(glyph);
    if (length === 0) return [];
    const contours = this.#view.getInt16(offset);
    if (contours >= 0) return simpleOutlines(this.#view, offset, contours);
    if (nesting >= MAX_NESTING) throw new Error('a glyph nests too deep');
    return this.#parts(offset).flatMap(({ glyph: part, place }) => this.outlines(part, nesting + 1).map((outline) => outline.map(place)));
  }

  /**
   * The font with the outlines of these glyphs alone (and of their parts); glyph numbers stay, all others are empty. Compresses to a few
   * kilobytes, and needs no map from old to new numbers.
   */
  subset(glyphs: Iterable<number>): Uint8Array {
    const kept = new Set([0]);
    const keep = (glyph: number): void => {
      if (kept.has(glyph)) return;
      kept.add(glyph);
      const { offset, length } = this.#glyph(glyph);
      if (length > 0 && this.#view.getInt16(offset) < 0) for (const part of this.#parts(offset)) keep(part.glyph);
    };
    for (const glyph of glyphs) keep(glyph);
    const pieces: Uint8Array[] = [];
    const loca = new DataView(new ArrayBuffer(4 * (this.glyphCount + 1)));
    let written = 0;
    for (let glyph = 0; glyph < this.glyphCount; glyph++) {
      loca.setUint32(4 * glyph, written);
      if (!kept.has(glyph)) continue;
      const { offset, length } = this.#glyph(glyph);
      const padded = new Uint8Array(length + ((4 - (length % 4)) % 4));
      padded.set(this.#bytes.subarray(offset, offset + length));
      pieces.push(padded);
      written += padded.length;
    }
    loca.setUint32(4 * this.glyphCount, written);
    return assemble(EMBEDDED_TABLES.flatMap((name): [name: string, bytes: Uint8Array][] => {
      if (name === 'glyf') return [[name, joined(pieces, written)]];
      if (name === 'loca') return [[name, new Uint8Array(loca.buffer)]];
      const table = this.#tables.get(name);
      if (table === undefined) return [];
      // A Buffer's own slice would share its memory.
      const copy = Uint8Array.from(this.#bytes.subarray(table.offset, table.offset + table.length));
      if (name === 'head') new DataView(copy.buffer).setInt16(50, 1); // loca has long offsets now
      if (name === 'hmtx') clearMetrics(copy, this.#longMetrics, kept);
      return [[name, copy]];
    }));
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`the font has no table ${name}`);
    return table;
  }

  #glyph(glyph: number): Table {
    const loca = this.#table('loca').offset;
    const at = (index: number): number => (this.#longOffsets ? this.#view.getUint32(loca + 4 * index) : 2 * this.#view.getUint16(loca + 2 * index));
    return { offset: this.#table('glyf').offset + at(glyph), length: at(glyph + 1) - at(glyph) };
  }

  /** Parts of a composite glyph, OpenType glyf table. */
  #parts(offset: number): { glyph: number; place: (point: OutlinePoint) => OutlinePoint }[] {
    const parts = [];
    for (let at = offset + 10, flags = 0x20; (flags & 0x20) !== 0; ) {
      flags = this.#view.getUint16(at);
      const glyph = this.#view.getUint16(at + 2);
      const words = (flags & 1) !== 0;
      const [dx, dy] = words ? [this.#view.getInt16(at + 4), this.#view.getInt16(at + 6)] : [this.#view.getInt8(at + 4), this.#view.getInt8(at + 5)];
      at += words ? 8 : 6;
      const scales = (flags & 8) !== 0 ? 1 : (flags & 0x40) !== 0 ? 2 : (flags & 0x80) !== 0 ? 4 : 0;
      const s = Array.from({ length: scales }, (_, index) => this.#view.getInt16(at + 2 * index) / 16384);
      at += 2 * scales;
      const [a = 1, b = 0, c = 0, d = 1] = scales === 4 ? s : scales === 2 ? [s[0], 0, 0, s[1]] : scales === 1 ? [s[0], 0, 0, s[0]] : [];
      parts.push({ glyph, place: ({ x, y, onCurve }: OutlinePoint) => ({ x: a * x + c * y + dx, y: b * x + d * y + dy, onCurve }) });
    }
    return parts;
  }
}

function tablesOf(view: DataView): ReadonlyMap<string, Table> {
  const tables = new Map<string, Table>();
  for (let index = 0; index < view.getUint16(4); index++) {
    const at = SFNT_HEADER + TABLE_RECORD * index;
    const name = String.fromCharCode(...[0, 1, 2, 3].map((byte) => view.getUint8(at + byte)));
    tables.set(name, { offset: view.getUint32(at + 8), length: view.getUint32(at + 12) });
  }
  return tables;
}

function characterGroups(view: DataView, cmap: number): [number, number, number][] {
  for (let index = 0; index < view.getUint16(cmap + 2); index++) {
    const at = cmap + view.getUint32(cmap + 4 + 8 * index + 4);
    if (view.getUint16(at) !== 12) continue;
    return Array.from({ length: view.getUint32(at + 12) }, (_, group) => {
      const start = at + 16 + 12 * group;
      return [view.getUint32(start), view.getUint32(start + 4), view.getUint32(start + 8)];
    });
  }
  throw new Error('the font has no character map of format 12');
}

function simpleOutlines(view: DataView, offset: number, contours: number): OutlinePoint[][] {
  const ends = Array.from({ length: contours }, (_, index) => view.getUint16(offset + 10 + 2 * index));
  const count = (ends.at(-1) ?? -1) + 1;
  let at = offset + 10 + 2 * contours;
  at += 2 + view.getUint16(at);
  const flags: number[] = [];
  while (flags.length < count) {
    const flag = view.getUint8(at++);
    const repeats = (flag & 8) !== 0 ? view.getUint8(at++) : 0;
    for (let i = 0; i <= repeats; i++) flags.push(flag);
  }
  const coordinates = (short: number, same: number): number[] => {
    let value = 0;
    return flags.map((flag) => {
      if ((flag & short) !== 0) value += (flag & same) !== 0 ? view.getUint8(at++) : -view.getUint8(at++);
      else if ((flag & same) === 0) {
        value += view.getInt16(at);
        at += 2;
      }
      return value;
    });
  };
  const x = coordinates(2, 16);
  const y = coordinates(4, 32);
  return ends.map((end, index) => {
    const first = index === 0 ? 0 : ends[index - 1]! + 1;
    return Array.from({ length: end - first + 1 }, (_, i) => ({ x: x[first + i]!, y: y[first + i]!, onCurve: (flags[first + i]! & 1) !== 0 }));
  });
}

function clearMetrics(hmtx: Uint8Array, longMetrics: number, kept: ReadonlySet<number>): void {
  for (let glyph = 0; glyph < longMetrics - 1; glyph++) if (!kept.has(glyph)) hmtx.fill(0, 4 * glyph, 4 * glyph + 4);
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** An sfnt file of its tables; checksums are left 0, which no reader of embedded fonts looks at. */
function assemble(tables: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const padded = tables.map(([, bytes]) => Math.ceil(bytes.length / 4) * 4);
  const start = SFNT_HEADER + TABLE_RECORD * tables.length;
  const file = new Uint8Array(start + padded.reduce((sum, length) => sum + length, 0));
  const view = new DataView(file.buffer);
  const power = 2 ** Math.floor(Math.log2(tables.length));
  view.setUint32(0, 0x00010000);
  [tables.length, 16 * power, Math.log2(power), 16 * (tables.length - power)].forEach((value, index) => view.setUint16(4 + 2 * index, value));
  let at = start;
  tables.forEach(([name, bytes], index) => {
    const record = SFNT_HEADER + TABLE_RECORD * index;
    for (let i = 0; i < 4; i++) file[record + i] = name.charCodeAt(i);
    view.setUint32(record + 8, at);
    view.setUint32(record + 12, bytes.length);
    file.set(bytes, at);
    at += padded[index]!;
  });
  return file;
}
