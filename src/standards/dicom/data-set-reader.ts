import { fault, ok, type Result } from '../../foundation/result.ts';
import { DataSet, type Element, type Fragments, type Tag, type Vr } from './data-set.ts';
import { dicomFault, tagText, type DicomFault } from './dicom-fault.ts';
import { ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER, UNDEFINED_LENGTH, startsImplicit, vrCode } from './element-header.ts';
import { inflateDataSet } from './inflate.ts';
import { implicitVr, knownVr } from './implicit-vr.ts';
import { declaredCharacterSet, noCharacterSet, RawElement, type ReadingContext } from './raw-element.ts';
import { tags } from './tags.ts';
import { assumedTransferSyntax, type TransferSyntax } from './transfer-syntaxes.ts';

export interface ReadLimits {
  /** Nested sequences; 0 = none allowed. */
  readonly maxDepth: number;
  /** Elements and items of the whole data set, nested ones included. */
  readonly maxElements: number;
  /** Bytes of a deflated data set after inflation. */
  readonly maxInflatedBytes: number;
}

export interface ReadOptions extends Partial<ReadLimits> {
  /** Reading ends before the first top-level element with this tag or a higher one: `tags.PixelData` reads the header alone. */
  readonly stopBefore?: Tag;
}

export const defaultReadLimits: ReadLimits = { maxDepth: 128, maxElements: 1_000_000, maxInflatedBytes: 1 << 30 };

/**
 * Reads a data set (no preamble, no File Meta Information), PS3.5 §7 and Annex A.
 *
 * Values are views into `bytes`, decoded when asked for: `bytes` must not change afterwards. Never throws, whatever the bytes: a
 * fault names the place. Met in the field and tolerated: odd lengths, elements out of order, a tag twice (the later counts),
 * UN of undefined length (implicit inside, PS3.5 §6.2.2), VRs that are none, implicit content where explicit was announced, a missing
 * Sequence Delimitation Item at the very end.
 */
export function readDataSet(bytes: Uint8Array, transferSyntaxUid: string, options: ReadOptions = {}): Result<DataSet, DicomFault> {
  const syntax = assumedTransferSyntax(transferSyntaxUid);
  const limits = { ...defaultReadLimits, ...options };
  let source = bytes;
  if (syntax.deflated) {
    const inflated = inflateDataSet(bytes, limits.maxInflatedBytes);
    if (!inflated.ok) return inflated;
    source = inflated.value;
  }
  const read = readElements(source, syntax, limits, options.stopBefore);
  return read.ok ? ok(read.value.dataSet) : read;
}

/**
 * Like readDataSet for bytes that are not deflated; also says where the elements end: at the end of the bytes, or before a
 * top-level tag that is not from `lowest` to below `stopBefore`.
 */
export function readElements(
  source: Uint8Array,
  syntax: Pick<TransferSyntax, 'explicitVr' | 'littleEndian'>,
  limits: ReadLimits = defaultReadLimits,
  stopBefore: Tag = Number.POSITIVE_INFINITY,
  lowest: Tag = 0,
): Result<{ readonly dataSet: DataSet; readonly end: number }, DicomFault> {
  const parser = new Parser(source, limits, stopBefore, lowest);
  const context: Scope = { characterSet: noCharacterSet, littleEndian: syntax.littleEndian, explicit: syntax.explicitVr && !startsImplicit(source, 0, syntax.littleEndian), signed: false, depth: 0 };
  const dataSet = parser.dataSet(context, source.length, false);
  return dataSet === undefined ? fault(parser.fault!) : ok({ dataSet, end: parser.position });
}

interface Scope extends ReadingContext {
  readonly explicit: boolean;
  readonly depth: number;
  /** Pixel Representation of this data set or of the one around it: decides between US and SS (PS3.5 §A.1). */
  signed: boolean;
}

function isOne(element: Element): boolean {
  return Array.isArray(element.value) && element.value[0] === 1;
}

const NO_OFFSETS = new Uint8Array(0);

/** One pass over the bytes. Every method returns undefined after it has set `fault`. */
class Parser {
  fault: DicomFault | undefined;
  readonly #bytes: Buffer;
  readonly #limits: ReadLimits;
  readonly #stopBefore: number;
  readonly #lowest: number;
  #at = 0;
  #left: number;

  // Header of the element read last; fields instead of an object, because there is one for every element.
  #tag: Tag = 0;
  #vr: Vr = 'UN';
  #length = 0;

  constructor(bytes: Uint8Array, limits: ReadLimits, stopBefore: number, lowest: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#limits = limits;
    this.#left = limits.maxElements;
    this.#stopBefore = stopBefore;
    this.#lowest = lowest;
  }

  get position(): number {
    return this.#at;
  }

  /** Elements up to `end`, or up to an Item Delimitation Item when the item has no length of its own (`delimited`). */
  dataSet(scope: Scope, end: number, delimited: boolean): DataSet | undefined {
    const elements: Element[] = [];
    for (;;) {
      if (this.#at >= end) return delimited && !this.#atEndOfInput() ? this.#fail('BAD_ITEM', 'item without its delimiter') : DataSet.of(elements);
      // Padding with zero bytes behind the last element is met, though no part of the standard allows it.
      if (scope.depth === 0 && this.#bytes[this.#at] === 0 && this.#onlyZeros(end)) return DataSet.of(elements);
      const start = this.#at;
      if (!this.#header(scope, end)) return undefined;
      if (this.#tag === ITEM_DELIMITER) {
        if (delimited) return DataSet.of(elements);
        continue; // a stray delimiter in an item of defined length means nothing
      }
      if (scope.depth === 0 && (this.#tag >= this.#stopBefore || this.#tag < this.#lowest)) {
        this.#at = start;
        return DataSet.of(elements);
      }
      const element = this.#element(scope, end);
      if (element === undefined) return undefined;
      if (element.tag === tags.SpecificCharacterSet) scope.characterSet = declaredCharacterSet(element);
      else if (element.tag === tags.PixelRepresentation) scope.signed = isOne(element);
      elements.push(element);
    }
  }

  #header(scope: Scope, end: number): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (end - at < 8) return this.#fail('TRUNCATED', 'bytes end in an element header') ?? false;
    if (--this.#left < 0) return this.#fail('TOO_MANY_ELEMENTS', `more than ${this.#limits.maxElements} elements`) ?? false;
    const little = scope.littleEndian;
    this.#tag = little ? bytes.readUInt16LE(at) * 0x10000 + bytes.readUInt16LE(at + 2) : bytes.readUInt16BE(at) * 0x10000 + bytes.readUInt16BE(at + 2);
    if (!scope.explicit || this.#tag >>> 16 === 0xfffe) {
      this.#length = little ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4);
      this.#at = at + 8;
      if (!scope.explicit) this.#vr = implicitVr(this.#tag, scope.signed);
      return true;
    }
    const { vr, long } = vrCode(bytes[at + 4]!, bytes[at + 5]!);
    this.#vr = vr;
    if (!long) {
      this.#length = little ? bytes.readUInt16LE(at + 6) : bytes.readUInt16BE(at + 6);
      this.#at = at + 8;
      return true;
    }
    if (end - at < 12) return this.#fail('TRUNCATED', 'bytes end in an element header') ?? false;
    this.#length = little ? bytes.readUInt32LE(at + 8) : bytes.readUInt32BE(at + 8);
    this.#at = at + 12;
    return true;
  }

  #element(scope: Scope, end: number): Element | undefined {
    const tag = this.#tag;
    const vr = this.#vr;
    const length = this.#length;
    if (length === UNDEFINED_LENGTH) {
      if (vr === 'SQ' || (!scope.explicit && tag !== tags.PixelData)) return this.#sequence(tag, scope, end, true);
      // PS3.5 §6.2.2: what has VR UN and no length is a sequence in Implicit VR Little Endian.
      if (vr === 'UN') return this.#sequence(tag, { ...scope, explicit: false, littleEndian: true }, end, true);
      if (vr !== 'OB' && vr !== 'OW') return this.#fail('BAD_LENGTH', `undefined length of ${tagText(tag)}, which is no sequence`);
      return this.#fragments(tag, vr, scope, end);
    }
    if (length > end - this.#at) return this.#fail('TRUNCATED', `value of ${tagText(tag)} is longer than what holds it`);
    if (vr === 'SQ') return this.#sequence(tag, scope, this.#at + length, false);
    const start = this.#at;
    this.#at = start + length;
    return new RawElement(tag, vr === 'UN' && scope.littleEndian && length < 0x10000 ? knownVr(tag, scope.signed) : vr, this.#bytes, start, this.#at, scope);
  }

  #sequence(tag: Tag, scope: Scope, end: number, delimited: boolean): Element | undefined {
    if (scope.depth >= this.#limits.maxDepth) return this.#fail('TOO_DEEP', `more than ${this.#limits.maxDepth} nested sequences`);
    const items: DataSet[] = [];
    const headers = { ...scope, explicit: false };
    while (this.#at < end) {
      if (!this.#header(headers, end)) return undefined;
      if (this.#tag === SEQUENCE_DELIMITER) {
        if (delimited) return { tag, vr: 'SQ', value: items };
        continue;
      }
      if (this.#tag !== ITEM) return this.#fail('BAD_ITEM', `${tagText(this.#tag)} where an item of ${tagText(tag)} must stand`);
      const open = this.#length === UNDEFINED_LENGTH;
      if (!open && this.#length > end - this.#at) return this.#fail('TRUNCATED', `item of ${tagText(tag)} is longer than what holds it`);
      const item = this.dataSet(this.#itemScope(scope, end), open ? end : this.#at + this.#length, open);
      if (item === undefined) return undefined;
      items.push(item);
    }
    if (delimited && !this.#atEndOfInput()) return this.#fail('BAD_ITEM', `sequence ${tagText(tag)} without its delimiter`);
    return { tag, vr: 'SQ', value: items };
  }

  /** An item inherits the character set (unless it has its own) and may, wrongly, be implicit inside an explicit data set. */
  #itemScope(scope: Scope, end: number): Scope {
    const empty = this.#length < 8 || end - this.#at < 8;
    const explicit = scope.explicit && (empty || !startsImplicit(this.#bytes, this.#at, scope.littleEndian));
    return { ...scope, explicit, depth: scope.depth + 1 };
  }

  #fragments(tag: Tag, vr: Vr, scope: Scope, end: number): Element | undefined {
    const fragments: Uint8Array[] = [];
    let offsetTable: Uint8Array | undefined;
    const items = { ...scope, explicit: false };
    for (;;) {
      if (this.#at >= end) return this.#fail('TRUNCATED', `fragments of ${tagText(tag)} without their delimiter`);
      if (!this.#header(items, end)) return undefined;
      if (this.#tag === SEQUENCE_DELIMITER) break;
      if (this.#tag !== ITEM) return this.#fail('BAD_ITEM', `${tagText(this.#tag)} where a fragment of ${tagText(tag)} must stand`);
      if (this.#length > end - this.#at) return this.#fail('TRUNCATED', `fragment of ${tagText(tag)} is longer than what holds it`);
      const fragment = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, this.#length);
      this.#at += this.#length;
      if (offsetTable === undefined) offsetTable = fragment;
      else fragments.push(fragment);
    }
    const value: Fragments = { offsetTable: offsetTable ?? NO_OFFSETS, fragments };
    return { tag, vr, value };
  }

  #atEndOfInput(): boolean {
    return this.#at >= this.#bytes.length;
  }

  #onlyZeros(end: number): boolean {
    for (let i = this.#at; i < end; i++) if (this.#bytes[i] !== 0) return false;
    return true;
  }

  #fail(code: DicomFault['code'], message: string): undefined {
    this.fault ??= dicomFault(code, message, this.#at, this.#tag);
    return undefined;
  }
}
