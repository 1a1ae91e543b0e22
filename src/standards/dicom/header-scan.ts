import { fault, ok, type Result } from '../../foundation/result.ts';
import { DataSet, type Tag, type Vr } from './data-set.ts';
import { dicomFault, tagText, type DicomFault } from './dicom-fault.ts';
import { ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER, UNDEFINED_LENGTH, longLengthTable, startsImplicit, vrCode } from './element-header.ts';
import { implicitVr, knownVr } from './implicit-vr.ts';
import { inflateDataSet } from './inflate.ts';
import { declaredCharacterSet, noCharacterSet, RawElement, type ReadingContext } from './raw-element.ts';
import { tags } from './tags.ts';
import { assumedTransferSyntax } from './transfer-syntaxes.ts';

export interface ScanLimits {
  /** Sequences and items of undefined length inside each other; those with a length are passed over whole. */
  readonly maxDepth: number;
  /** A wanted value longer than this is passed over, and its tag listed in `oversized`. */
  readonly maxValueBytes: number;
  /** An element of a known length over this is the fault TOO_LONG. */
  readonly maxElementBytes: number;
  /** More bytes than this before the pixel data are the fault TOO_LONG. */
  readonly maxHeaderBytes: number;
}

export const defaultScanLimits: ScanLimits = { maxDepth: 128, maxValueBytes: 64 * 1024, maxElementBytes: Number.POSITIVE_INFINITY, maxHeaderBytes: Number.POSITIVE_INFINITY };

/** Pixel data of any kind begin here: float (7FE0,0008), double (7FE0,0009), integer (7FE0,0010), and everything behind them. */
export const FIRST_PIXEL_TAG: Tag = 0x7fe00008;

// What a level of undefined length is; one byte each on the stack.
const SEQUENCE_LEVEL = 1;
const ITEM_LEVEL = 2;
const IMPLICIT = 4;

/**
 * Picks wanted top-level elements out of a data set while its bytes arrive, up to the pixel data (PS3.5 §7).
 *
 * `push` takes chunks cut anywhere and keeps no reference to them; what is not wanted costs no memory. It answers `more` until the
 * pixel data begin, then `done`; further chunks are ignored. `end` says that no more bytes come (data sets without pixel data).
 * A sequence is wanted only for its raw bytes, when it has a length. A tag that comes twice: the later counts, as in readDataSet.
 * The Deflated syntax cannot be scanned: `push` answers UNSUPPORTED, read the whole with `scanHeader` or readDataSet.
 */
export class HeaderScanner {
  readonly #wanted: ReadonlySet<Tag>;
  readonly #limits: ScanLimits;
  readonly #little: boolean;
  readonly #stack: Uint8Array;
  #topImplicit: boolean;
  #depth = 0;
  #levelStart = true;

  readonly #tags: Tag[] = [];
  readonly #vrs: (Vr | undefined)[] = [];
  readonly #fields: Buffer[] = [];
  readonly #oversized: Tag[] = [];

  /** Offset in the data set of the next byte to be looked at. */
  #position = 0;
  #skip = 0;
  #filling: Buffer | undefined;
  #filled = 0;
  readonly #carry = Buffer.alloc(12);
  #carried = 0;
  #state: 'more' | 'done' | DicomFault = 'more';

  // Header decoded last.
  #tag: Tag = 0;
  #vr: Vr | undefined;
  #length = 0;
  #headerSize = 0;

  constructor(transferSyntaxUid: string, wanted: ReadonlySet<Tag>, limits: Partial<ScanLimits> = {}) {
    const syntax = assumedTransferSyntax(transferSyntaxUid);
    this.#wanted = wanted;
    this.#limits = { ...defaultScanLimits, ...limits };
    this.#little = syntax.littleEndian;
    this.#topImplicit = !syntax.explicitVr;
    this.#stack = new Uint8Array(this.#limits.maxDepth * 2);
    if (syntax.deflated) this.#state = dicomFault('UNSUPPORTED', 'a deflated data set cannot be scanned while it arrives');
  }

  /** Bytes of the data set before its pixel data; valid after `done`. */
  get headerLength(): number {
    return this.#position;
  }

  /** After `done`: the element at which the scan stopped. `valueOffset` counts from the start of the data set. */
  get stoppedAt(): { readonly tag: Tag; readonly valueOffset: number; readonly length: number | undefined; readonly littleEndian: boolean } {
    return { tag: this.#tag, valueOffset: this.#position + this.#headerSize, length: this.#length === UNDEFINED_LENGTH ? undefined : this.#length, littleEndian: this.#little };
  }

  /** Wanted tags whose values were longer than the limit. */
  get oversized(): readonly Tag[] {
    return this.#oversized;
  }

  push(chunk: Uint8Array): 'more' | 'done' | DicomFault {
    if (this.#state !== 'more' || chunk.length === 0) return this.#state;
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    while (this.#state === 'more') {
      if (this.#skip > 0 || this.#filling !== undefined) at = this.#pass(bytes, at);
      if (this.#depth === 0 && this.#carried === 0 && !this.#levelStart) at = this.#runOver(bytes, at);
      if (at >= bytes.length) break;
      if (this.#carried > 0 || bytes.length - at < 12) at = this.#carryHeader(bytes, at);
      else {
        this.#decode(bytes, at, 12);
        at += this.#headerSize;
        this.#enter();
      }
    }
    if (this.#state === 'more' && this.#position > this.#limits.maxHeaderBytes) this.#failTooLong();
    return this.#state;
  }

  /** No more bytes come. `done`, or the fault TRUNCATED when they end inside an element before the pixel data. */
  end(): 'done' | DicomFault {
    if (this.#state !== 'more') return this.#state;
    // PS3.10 §7.2 wants none, but a few zero bytes of padding at the end are met.
    const padding = this.#carried > 0 && this.#carried < 8 && this.#depth === 0 && this.#carry.subarray(0, this.#carried).every((byte) => byte === 0);
    const open = this.#skip > 0 || this.#filling !== undefined || (this.#carried > 0 && !padding);
    this.#dropUnfilled();
    this.#state = open ? dicomFault('TRUNCATED', `data set ends in ${tagText(this.#tag)}`, this.#position, this.#tag) : 'done';
    return this.#state;
  }

  /** A value that never came whole is no value: what is in its memory was never sent. */
  #dropUnfilled(): void {
    if (this.#filling === undefined) return;
    this.#tags.pop();
    this.#vrs.pop();
    this.#fields.pop();
  }

  /** The value field of a wanted element as it lay in the stream; undefined when absent. */
  field(tag: Tag): Uint8Array | undefined {
    const index = this.#tags.lastIndexOf(tag);
    return index < 0 ? undefined : this.#fields[index];
  }

  /** The wanted elements found (sequences excepted), their text in the character set of the data set. */
  values(): DataSet {
    const context: ReadingContext = { characterSet: noCharacterSet, littleEndian: this.#little };
    const signed = this.field(tags.PixelRepresentation)?.includes(1) ?? false;
    const elements = this.#tags.map((tag, i) => new RawElement(tag, this.#vrOf(tag, this.#vrs[i], this.#fields[i]!.length, signed), this.#fields[i]!, 0, this.#fields[i]!.length, context));
    const dataSet = DataSet.of(elements.filter((element) => element.vr !== 'SQ'));
    context.characterSet = declaredCharacterSet(dataSet.get(tags.SpecificCharacterSet));
    return dataSet;
  }

  #vrOf(tag: Tag, written: Vr | undefined, length: number, signed: boolean): Vr {
    if (written === undefined) return implicitVr(tag, signed);
    return written === 'UN' && this.#little && length < 0x10000 ? knownVr(tag, signed) : written;
  }

  /**
   * The short way: passes over top-level elements that nobody wants and that lie whole in the chunk. Stops at everything else, which
   * goes the long way. This loop is where intake spends its time on a header.
   */
  #runOver(bytes: Buffer, start: number): number {
    const low = this.#little ? 0 : 1;
    const high = 1 - low;
    const last = bytes.length - 12;
    let at = start;
    while (at <= last) {
      const group = bytes[at + low]! | (bytes[at + high]! << 8);
      const tag = group * 0x10000 + (bytes[at + 2 + low]! | (bytes[at + 2 + high]! << 8));
      if (group === 0 || group >= 0x7fe0 || tag === tags.SpecificCharacterSet || this.#wanted.has(tag)) break;
      let next: number;
      if (this.#topImplicit) next = at + 8 + uint32(bytes, at + 4, this.#little);
      else if (longLengthTable[bytes[at + 4]! * 256 + bytes[at + 5]!] === 1) next = at + 12 + uint32(bytes, at + 8, this.#little);
      else next = at + 8 + (bytes[at + 6 + low]! | (bytes[at + 6 + high]! << 8));
      if (next > bytes.length || next - at > this.#limits.maxElementBytes) break; // also an undefined length
      at = next;
    }
    this.#position += at - start;
    return at;
  }

  /** Passes over bytes that nobody wants, or takes those of a wanted value. Returns where it stopped. */
  #pass(bytes: Buffer, at: number): number {
    const left = bytes.length - at;
    if (this.#filling !== undefined) {
      const take = Math.min(left, this.#filling.length - this.#filled);
      bytes.copy(this.#filling, this.#filled, at, at + take);
      this.#filled += take;
      this.#position += take;
      if (this.#filled === this.#filling.length) this.#filling = undefined;
      return at + take;
    }
    const take = Math.min(left, this.#skip);
    this.#skip -= take;
    this.#position += take;
    return at + take;
  }

  /** A header that a chunk border cuts, or that lies in the last 11 bytes of a chunk. */
  #carryHeader(bytes: Buffer, at: number): number {
    let next = at;
    while (next < bytes.length && this.#carried < 8) this.#carry[this.#carried++] = bytes[next++]!;
    if (this.#carried < 8) return next;
    this.#decode(this.#carry, 0, this.#carried);
    if (this.#headerSize === 12) {
      while (next < bytes.length && this.#carried < 12) this.#carry[this.#carried++] = bytes[next++]!;
      if (this.#carried < 12) return next;
      this.#decode(this.#carry, 0, 12);
    }
    this.#carried = 0;
    this.#enter();
    return next;
  }

  #decode(bytes: Buffer, at: number, available: number): void {
    const little = this.#little || this.#implicit;
    this.#tag = little ? bytes.readUInt16LE(at) * 0x10000 + bytes.readUInt16LE(at + 2) : bytes.readUInt16BE(at) * 0x10000 + bytes.readUInt16BE(at + 2);
    if (this.#levelStart && !this.#implicit && startsImplicit(bytes, at, little)) this.#becomeImplicit();
    this.#headerSize = 8;
    if (this.#implicit || this.#tag >>> 16 === 0xfffe) {
      this.#vr = undefined;
      this.#length = little ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4);
      return;
    }
    const { vr, long } = vrCode(bytes[at + 4]!, bytes[at + 5]!);
    this.#vr = vr;
    if (!long) this.#length = little ? bytes.readUInt16LE(at + 6) : bytes.readUInt16BE(at + 6);
    else {
      this.#headerSize = 12;
      if (available >= 12) this.#length = little ? bytes.readUInt32LE(at + 8) : bytes.readUInt32BE(at + 8);
    }
  }

  get #implicit(): boolean {
    return this.#depth === 0 ? this.#topImplicit : (this.#stack[this.#depth - 1]! & IMPLICIT) !== 0;
  }

  #becomeImplicit(): void {
    if (this.#depth === 0) this.#topImplicit = true;
    else this.#stack[this.#depth - 1]! |= IMPLICIT;
  }

  /** Decides what to do with the element whose header was just read. */
  #enter(): void {
    this.#levelStart = false;
    if (this.#depth > 0) this.#enterNested(this.#stack[this.#depth - 1]!);
    else if (this.#tag >= FIRST_PIXEL_TAG || this.#tag === 0) {
      // Tag 0 is no element of a data set: what begins so is padding with zero bytes.
      if (this.#position > this.#limits.maxHeaderBytes) this.#failTooLong();
      else this.#state = 'done';
      return;
    } else if (this.#length === UNDEFINED_LENGTH) this.#openSequence();
    else if (this.#isTooLong()) this.#failTooLong();
    else this.#enterValue();
    this.#position += this.#headerSize;
  }

  #enterValue(): void {
    const tag = this.#tag;
    if (!this.#wanted.has(tag) && tag !== tags.SpecificCharacterSet) this.#skip = this.#length;
    else if (this.#length > this.#limits.maxValueBytes) {
      this.#oversized.push(tag);
      this.#skip = this.#length;
    } else {
      const field = Buffer.allocUnsafe(this.#length);
      this.#tags.push(tag);
      this.#vrs.push(this.#vr);
      this.#fields.push(field);
      this.#filled = 0;
      this.#filling = this.#length === 0 ? undefined : field;
    }
  }

  #enterNested(level: number): void {
    if ((level & SEQUENCE_LEVEL) !== 0) {
      if (this.#tag === SEQUENCE_DELIMITER) this.#depth -= 1;
      else if (this.#tag !== ITEM) this.#fail('BAD_ITEM', 'something else where an item must stand');
      else if (this.#length === UNDEFINED_LENGTH) this.#open(ITEM_LEVEL | (level & IMPLICIT));
      else this.#skip = this.#length;
    } else if (this.#tag === ITEM_DELIMITER) this.#depth -= 1;
    else if (this.#length === UNDEFINED_LENGTH) this.#openSequence();
    else if (this.#isTooLong()) this.#failTooLong();
    else this.#skip = this.#length;
  }

  #isTooLong(): boolean {
    return this.#length > this.#limits.maxElementBytes || this.#position + this.#headerSize + this.#length > this.#limits.maxHeaderBytes;
  }

  #failTooLong(): void {
    this.#fail('TOO_LONG', `longer than what is taken before the pixel data`);
  }

  #openSequence(): void {
    // PS3.5 §6.2.2: UN of undefined length holds Implicit VR Little Endian.
    this.#open(SEQUENCE_LEVEL | (this.#implicit || this.#vr === 'UN' ? IMPLICIT : 0));
  }

  #open(level: number): void {
    if (this.#depth >= this.#stack.length) {
      this.#fail('TOO_DEEP', `more than ${this.#limits.maxDepth} nested sequences`);
      return;
    }
    this.#stack[this.#depth++] = level;
    this.#levelStart = (level & ITEM_LEVEL) !== 0;
  }

  #fail(code: DicomFault['code'], message: string): void {
    this.#state = dicomFault(code, message, this.#position, this.#tag);
  }
}

function uint32(bytes: Buffer, at: number, little: boolean): number {
  const number = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  return little ? number >>> 0 : ((number >>> 24) | ((number >>> 8) & 0xff00) | ((number << 8) & 0xff0000) | (number << 24)) >>> 0;
}

export interface ScannedHeader {
  readonly values: DataSet;
  /** Bytes before the pixel data (after inflation where the syntax is deflated). */
  readonly headerLength: number;
  readonly oversized: readonly Tag[];
}

/** HeaderScanner over bytes that are all there, in any transfer syntax; a deflated data set is inflated to at most 1 GiB. */
export function scanHeader(bytes: Uint8Array, transferSyntaxUid: string, wanted: ReadonlySet<Tag>, limits: Partial<ScanLimits> = {}): Result<ScannedHeader, DicomFault> {
  const syntax = assumedTransferSyntax(transferSyntaxUid);
  const source = syntax.deflated ? inflateDataSet(bytes, 1 << 30) : ok(bytes);
  if (!source.ok) return source;
  const scanner = new HeaderScanner(syntax.deflated ? '1.2.840.10008.1.2.1' : transferSyntaxUid, wanted, limits);
  const pushed = scanner.push(source.value);
  const state = pushed === 'more' ? scanner.end() : pushed;
  if (state !== 'done') return fault(state);
  return ok({ values: scanner.values(), headerLength: scanner.headerLength, oversized: scanner.oversized });
}
