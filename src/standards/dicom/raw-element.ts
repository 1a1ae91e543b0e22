import { characterSetOf, decodeText, dependsOnCharacterSet, type CharacterSet, type TextNote } from './character-sets.ts';
import type { DataSet, Element, ElementValue, Tag, Vr } from './data-set.ts';

/** What the elements of one data set (or item) share while they are read: the character set comes before the text that needs it. */
export interface ReadingContext {
  characterSet: CharacterSet;
  readonly littleEndian: boolean;
}

/** An element whose value field stays as it lay in the stream until somebody asks for the value. */
export class RawElement implements Element {
  readonly tag: Tag;
  readonly vr: Vr;
  readonly #source: Buffer;
  readonly #start: number;
  readonly #end: number;
  readonly #context: ReadingContext;
  #value: ElementValue | undefined;
  #note: TextNote | undefined;

  constructor(tag: Tag, vr: Vr, source: Buffer, start: number, end: number, context: ReadingContext) {
    this.tag = tag;
    this.vr = vr;
    this.#source = source;
    this.#start = start;
    this.#end = end;
    this.#context = context;
  }

  get value(): ElementValue {
    return (this.#value ??= this.#decode());
  }

  /** What was wrong with the character set of this text; undefined when nothing was, and for everything that is not text. */
  get textNote(): TextNote | undefined {
    if (!dependsOnCharacterSet(this.vr)) return undefined;
    this.#value ??= this.#decode();
    return this.#note;
  }

  /** The value field as it lies in the stream, padding included; a view, not a copy. */
  get field(): Uint8Array {
    return this.#source.subarray(this.#start, this.#end);
  }

  get littleEndian(): boolean {
    return this.#context.littleEndian;
  }

  get characterSet(): CharacterSet {
    return this.#context.characterSet;
  }

  #decode(): ElementValue {
    if (dependsOnCharacterSet(this.vr)) {
      const decoded = decodeText(this.field, this.#context.characterSet, this.vr);
      this.#note = decoded.note;
      return splitText(decoded.text, this.vr);
    }
    return isText(this.vr) ? splitText(this.#source.toString('latin1', this.#start, this.#end), this.vr) : decodeBinary(this.field, this.vr, this.littleEndian);
  }
}

/** The notes on every text of a data set and its items, by path such as `00400275[0].00400007`. */
export function textNotes(dataSet: DataSet, path = ''): ReadonlyMap<string, TextNote> {
  const notes = new Map<string, TextNote>();
  for (const element of dataSet) {
    const name = path + element.tag.toString(16).padStart(8, '0').toUpperCase();
    const note = element instanceof RawElement ? element.textNote : undefined;
    if (note !== undefined) notes.set(name, note);
    if (element.vr !== 'SQ') continue;
    dataSet.items(element.tag).forEach((item, i) => textNotes(item, `${name}[${i}].`).forEach((inner, key) => notes.set(key, inner)));
  }
  return notes;
}

/** The character set of the first context: nothing declared. */
export const noCharacterSet: CharacterSet = characterSetOf([]);

/** The set that an element (0008,0005) declares, also when a sender gave it a VR that is no text. */
export function declaredCharacterSet(element: Element | undefined): CharacterSet {
  if (element === undefined) return noCharacterSet;
  const value = element instanceof RawElement ? splitText(Buffer.from(element.field).toString('latin1'), 'CS') : element.value;
  return characterSetOf(Array.isArray(value) && value.every((term) => typeof term === 'string') ? value : []);
}

const TEXT = new Set<Vr>(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'LO', 'LT', 'PN', 'SH', 'ST', 'TM', 'UC', 'UI', 'UR', 'UT']);
const SINGLE_VALUED = new Set<Vr>(['LT', 'ST', 'UT', 'UR']);
/** Leading spaces mean nothing there, PS3.5 §6.2. */
const LEADING_INSIGNIFICANT = new Set<Vr>(['AE', 'CS', 'DS', 'IS', 'LO', 'SH']);
/** Bytes of one value; 1 where the value is the bytes themselves. */
const SIZES: Readonly<Partial<Record<Vr, number>>> = { AT: 4, FL: 4, FD: 8, SL: 4, SS: 2, SV: 8, UL: 4, US: 2, UV: 8, OW: 2, OF: 4, OL: 4, OD: 8, OV: 8 };

export function isText(vr: Vr): boolean {
  return TEXT.has(vr);
}

export function isMultiValuedText(vr: Vr): boolean {
  return TEXT.has(vr) && !SINGLE_VALUED.has(vr);
}

/** Bytes of the unit that a change of byte order turns round: 1, 2, 4 or 8 (AT: 2, it is two numbers). */
export function swapUnit(vr: Vr): number {
  return vr === 'AT' ? 2 : (SIZES[vr] ?? 1);
}

/** Bytes of one number of a binary VR; undefined for text, bytes and sequences. */
export function numberSize(vr: Vr): number | undefined {
  return vr === 'OW' || vr === 'OF' || vr === 'OL' || vr === 'OD' || vr === 'OV' ? undefined : SIZES[vr];
}

/** The bytes with each unit of `size` turned round, in new memory. A rest shorter than a unit stays as it is. */
export function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const copy = Buffer.from(bytes);
  const whole = copy.subarray(0, copy.length - (copy.length % size));
  if (size === 2) whole.swap16();
  else if (size === 4) whole.swap32();
  else if (size === 8) whole.swap64();
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.length);
}

/** Splits and unpads a text value field. Trailing spaces and NULs are padding everywhere (NUL: PS3.5 §6.2 for UI, seen everywhere). */
export function splitText(text: string, vr: Vr): readonly string[] {
  if (SINGLE_VALUED.has(vr) || !text.includes('\\')) {
    const value = unpad(text, vr);
    return value === '' ? [] : [value];
  }
  return text.split('\\').map((value) => unpad(value, vr));
}

function unpad(text: string, vr: Vr): string {
  let end = text.length;
  while (end > 0 && isPadding(text.charCodeAt(end - 1))) end--;
  let start = 0;
  if (LEADING_INSIGNIFICANT.has(vr)) while (start < end && text.charCodeAt(start) === 0x20) start++;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isPadding(code: number): boolean {
  return code === 0x20 || code === 0;
}

/** Numbers or bytes of a binary value field. A rest shorter than one number is dropped: odd lengths are met and mean nothing. */
export function decodeBinary(field: Uint8Array, vr: Vr, littleEndian: boolean): ElementValue {
  const size = numberSize(vr);
  if (size === undefined) {
    const unit = swapUnit(vr);
    return littleEndian || unit === 1 ? new Uint8Array(field.buffer, field.byteOffset, field.length) : swapped(field, unit);
  }
  const view = new DataView(field.buffer, field.byteOffset, field.length);
  const count = Math.floor(field.length / size);
  if (vr === 'SV') return Array.from({ length: count }, (_, i) => view.getBigInt64(i * 8, littleEndian));
  if (vr === 'UV') return Array.from({ length: count }, (_, i) => view.getBigUint64(i * 8, littleEndian));
  const read = READERS[vr]!;
  return Array.from({ length: count }, (_, i) => read(view, i * size, littleEndian));
}

type NumberReader = (view: DataView, at: number, littleEndian: boolean) => number;

const READERS: Readonly<Partial<Record<Vr, NumberReader>>> = {
  US: (view, at, little) => view.getUint16(at, little),
  SS: (view, at, little) => view.getInt16(at, little),
  UL: (view, at, little) => view.getUint32(at, little),
  SL: (view, at, little) => view.getInt32(at, little),
  FL: (view, at, little) => view.getFloat32(at, little),
  FD: (view, at, little) => view.getFloat64(at, little),
  AT: (view, at, little) => view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little),
};
