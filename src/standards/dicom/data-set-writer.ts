import { deflateRawSync } from 'node:zlib';
import { encodeText } from './character-set-encoders.ts';
import { dependsOnCharacterSet, isPlain, type CharacterSet } from './character-sets.ts';
import type { DataSet, Element, Fragments, Tag, Vr } from './data-set.ts';
import { tagText } from './dicom-fault.ts';
import { ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER, UNDEFINED_LENGTH, hasLongLength } from './element-header.ts';
import { GrowingBytes } from './growing-bytes.ts';
import { declaredCharacterSet, isText, noCharacterSet, numberSize, RawElement, swapped, swapUnit } from './raw-element.ts';
import { tags } from './tags.ts';
import { transferSyntaxOf, type TransferSyntax } from './transfer-syntaxes.ts';

export interface WriteOptions {
  /** How sequences and items say where they end, PS3.5 §7.5.1–2. Default: by length. */
  readonly sequences?: 'length' | 'delimiter';
}

/** The data set cannot be written as asked: our own mistake, or an object that the target syntax cannot hold. Never names a value. */
export class DicomWriteError extends Error {
  readonly tag: Tag | undefined;

  constructor(message: string, tag?: Tag) {
    super(tag === undefined ? message : `${tagText(tag)}: ${message}`);
    this.name = 'DicomWriteError';
    this.tag = tag;
  }
}

/**
 * Writes a data set (no preamble, no File Meta Information), PS3.5 §7 and Annex A.
 *
 * Text is written in the set's own Specific Character Set; elements read from a stream in the same set go out byte for byte.
 * Group lengths are left out (retired, PS3.5 §7.2). A value too long for a 16-bit length goes out as UN (§6.2.2).
 * Throws DicomWriteError: unknown transfer syntax, native pixel data in an encapsulated syntax or the reverse, text that the
 * character set lacks, a value of 4 GB.
 */
export function writeDataSet(dataSet: DataSet, transferSyntaxUid: string, options: WriteOptions = {}): Uint8Array {
  const syntax = transferSyntaxOf(transferSyntaxUid);
  if (syntax === undefined) throw new DicomWriteError('unknown transfer syntax');
  checkPixelData(dataSet, syntax);
  const out = new GrowingBytes(estimate(dataSet), syntax.littleEndian);
  new Writer(out, syntax, options.sequences === 'delimiter').dataSet(dataSet, noCharacterSet, 0);
  const bytes = out.finish();
  if (!syntax.deflated) return bytes;
  const deflated = deflateRawSync(bytes);
  return deflated.length % 2 === 0 ? deflated : Buffer.concat([deflated, Buffer.alloc(1)]); // PS3.5 §A.5: a trailing NUL to even length
}

function checkPixelData(dataSet: DataSet, syntax: TransferSyntax): void {
  const value = dataSet.get(tags.PixelData)?.value;
  if (value === undefined) return;
  const native = value instanceof Uint8Array || Array.isArray(value);
  if (native && syntax.encapsulated) throw new DicomWriteError('native pixel data in an encapsulated transfer syntax', tags.PixelData);
  if (!native && !syntax.encapsulated) throw new DicomWriteError('encapsulated pixel data in a native transfer syntax', tags.PixelData);
}

function isFragments(value: Element['value']): value is Fragments {
  return !Array.isArray(value) && 'fragments' in value;
}

function estimate(dataSet: DataSet): number {
  let size = 1024;
  for (const element of dataSet) {
    if (element instanceof RawElement) size += 12 + element.field.length;
    else if (element.value instanceof Uint8Array) size += 16 + element.value.length;
    else if (isFragments(element.value)) size += element.value.fragments.reduce((sum, fragment) => sum + fragment.length + 9, element.value.offsetTable.length + 32);
    else size += 64;
  }
  return size;
}

class Writer {
  readonly #out: GrowingBytes;
  readonly #syntax: TransferSyntax;
  readonly #delimited: boolean;

  constructor(out: GrowingBytes, syntax: TransferSyntax, delimited: boolean) {
    this.#out = out;
    this.#syntax = syntax;
    this.#delimited = delimited;
  }

  dataSet(dataSet: DataSet, inherited: CharacterSet, depth: number): void {
    const own = dataSet.get(tags.SpecificCharacterSet);
    const characterSet = own === undefined ? inherited : declaredCharacterSet(own);
    for (const element of dataSet) {
      const isGroupLength = (element.tag & 0xffff) === 0 && element.tag >>> 16 > 2;
      if (isGroupLength) continue;
      if (element.tag >>> 16 === 0xfffe) throw new DicomWriteError('delimiters are no elements', element.tag);
      if (element.vr === 'SQ') this.#sequence(element, characterSet, depth);
      else if (!(element instanceof RawElement) && isFragments(element.value)) this.#fragments(element.tag, element.vr, element.value);
      else this.#plain(element.tag, element.vr, this.#field(element, characterSet));
    }
  }

  #plain(tag: Tag, vr: Vr, field: Uint8Array): void {
    const padded = field.length + (field.length % 2);
    if (padded >= UNDEFINED_LENGTH) throw new DicomWriteError('value is longer than 32 bits can say', tag);
    const tooLong = this.#syntax.explicitVr && !hasLongLength(vr) && padded > 0xffff;
    this.#header(tag, tooLong ? 'UN' : vr, padded);
    // PS3.5 §6.2.2: a value as UN has the byte order of Implicit VR Little Endian.
    this.#out.bytes(tooLong && !this.#syntax.littleEndian ? swapped(field, swapUnit(vr)) : field);
    if (padded !== field.length) this.#out.byte(isText(vr) && vr !== 'UI' ? 0x20 : 0);
  }

  #header(tag: Tag, vr: Vr, length: number): void {
    const out = this.#out;
    out.tag(tag);
    if (!this.#syntax.explicitVr) {
      out.uint32(length);
      return;
    }
    out.byte(vr.charCodeAt(0));
    out.byte(vr.charCodeAt(1));
    if (hasLongLength(vr)) {
      out.uint16(0);
      out.uint32(length);
    } else out.uint16(length);
  }

  #sequence(element: Element, characterSet: CharacterSet, depth: number): void {
    if (depth >= 256) throw new DicomWriteError('more than 256 nested sequences', element.tag);
    const out = this.#out;
    const items = element.value as readonly DataSet[];
    this.#header(element.tag, 'SQ', this.#delimited ? UNDEFINED_LENGTH : 0);
    const start = out.length;
    for (const item of items) {
      out.tag(ITEM);
      out.uint32(this.#delimited ? UNDEFINED_LENGTH : 0);
      const itemStart = out.length;
      this.dataSet(item, characterSet, depth + 1);
      if (this.#delimited) this.#delimiter(ITEM_DELIMITER);
      else out.patchUint32(itemStart - 4, out.length - itemStart);
    }
    if (this.#delimited) this.#delimiter(SEQUENCE_DELIMITER);
    else out.patchUint32(start - 4, out.length - start);
  }

  #delimiter(tag: Tag): void {
    this.#out.tag(tag);
    this.#out.uint32(0);
  }

  #fragments(tag: Tag, vr: Vr, value: Fragments): void {
    if (!this.#syntax.explicitVr) throw new DicomWriteError('fragments need an explicit transfer syntax', tag);
    this.#header(tag, vr === 'UN' ? 'OB' : vr, UNDEFINED_LENGTH);
    for (const fragment of [value.offsetTable, ...value.fragments]) {
      this.#out.tag(ITEM);
      this.#out.uint32(fragment.length + (fragment.length % 2));
      this.#out.bytes(fragment);
      if (fragment.length % 2 !== 0) this.#out.byte(0);
    }
    this.#delimiter(SEQUENCE_DELIMITER);
  }

  #field(element: Element, characterSet: CharacterSet): Uint8Array {
    const little = this.#syntax.littleEndian;
    if (element instanceof RawElement) {
      const field = element.field;
      if (!dependsOnCharacterSet(element.vr)) return little === element.littleEndian ? field : swapped(field, swapUnit(element.vr));
      if (element.characterSet === characterSet || element.characterSet.terms.join() === characterSet.terms.join() || isPlain(field)) return field;
    }
    const value = element.value;
    if (value instanceof Uint8Array) return little ? value : swapped(value, swapUnit(element.vr));
    if (isText(element.vr)) return textField(element, characterSet);
    return numberField(element, little);
  }
}

function textField(element: Element, characterSet: CharacterSet): Uint8Array {
  const text = (element.value as readonly string[]).join('\\');
  if (!dependsOnCharacterSet(element.vr)) return Buffer.from(text, 'latin1');
  const bytes = encodeText(text, characterSet);
  if (bytes === undefined) {
    const declared = characterSet.terms.length === 0 ? 'no Specific Character Set is declared' : `${characterSet.terms.join('\\')} lacks a character`;
    throw new DicomWriteError(`text cannot be encoded: ${declared}`, element.tag);
  }
  return bytes;
}

function numberField(element: Element, little: boolean): Uint8Array {
  const values = element.value as readonly (number | bigint)[];
  const size = numberSize(element.vr);
  if (size === undefined) throw new DicomWriteError(`a value of VR ${element.vr} must be bytes`, element.tag);
  const field = new Uint8Array(values.length * size);
  const view = new DataView(field.buffer);
  values.forEach((value, i) => writeNumber(view, element, i * size, value, little));
  return field;
}

type NumberWriter = (view: DataView, at: number, value: number, littleEndian: boolean) => void;

const INTEGERS: Readonly<Partial<Record<Vr, { readonly low: number; readonly high: number; readonly write: NumberWriter }>>> = {
  US: { low: 0, high: 0xffff, write: (view, at, value, little) => view.setUint16(at, value, little) },
  SS: { low: -0x8000, high: 0x7fff, write: (view, at, value, little) => view.setInt16(at, value, little) },
  UL: { low: 0, high: 0xffffffff, write: (view, at, value, little) => view.setUint32(at, value, little) },
  SL: { low: -0x80000000, high: 0x7fffffff, write: (view, at, value, little) => view.setInt32(at, value, little) },
  AT: {
    low: 0,
    high: 0xffffffff,
    write: (view, at, value, little) => {
      view.setUint16(at, value >>> 16, little);
      view.setUint16(at + 2, value & 0xffff, little);
    },
  },
};

function writeNumber(view: DataView, element: Element, at: number, value: number | bigint, little: boolean): void {
  const integer = INTEGERS[element.vr];
  if (integer !== undefined) integer.write(view, at, inRange(element, value, integer.low, integer.high), little);
  else if (element.vr === 'FL') view.setFloat32(at, Number(value), little);
  else if (element.vr === 'FD') view.setFloat64(at, Number(value), little);
  else if (element.vr === 'SV') view.setBigInt64(at, BigInt(value), little);
  else view.setBigUint64(at, BigInt(value), little);
}

function inRange(element: Element, value: number | bigint, low: number, high: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < low || number > high) throw new DicomWriteError(`a value that ${element.vr} cannot hold`, element.tag);
  return number;
}
