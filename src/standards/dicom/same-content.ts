import { DataSet, type Element, type ElementValue, type Fragments } from './data-set.ts';
import { writeDataSet } from './data-set-writer.ts';
import { tags } from './tags.ts';
import { implicitLittleEndian as IMPLICIT } from './transfer-syntaxes.ts';

const IMPLICIT_HEADER = 8;

/** What says how a data set is written, not what it says: character set, retired Length to End, padding at the end (PS3.5 §7.2). */
const ABOUT_ENCODING: ReadonlySet<number> = new Set([tags.SpecificCharacterSet, 0x00080001, 0xfffcfffc]);

/**
 * True when two data sets say the same, however they are written: order of bytes, explicit or implicit VR, sequences with or without
 * lengths, group lengths, offset tables, character sets and padding do not count. Pixel data are compared as they are, not decoded: the
 * same image in another compression is another content.
 */
export function sameContent(one: DataSet, other: DataSet): boolean {
  const left = [...one].filter(counts);
  const right = [...other].filter(counts);
  return left.length === right.length && left.every((element, n) => element.tag === right[n]!.tag && sameElement(element, right[n]!));
}

function counts({ tag }: Element): boolean {
  return (tag & 0xffff) !== 0 && !ABOUT_ENCODING.has(tag);
}

/** What one writer knows the VR of and the other does not (UN: private elements) is compared as bytes, PS3.5 §6.2.2. */
function sameElement(one: Element, other: Element): boolean {
  if (one.vr === 'UN' && other.vr !== 'UN' && other.vr !== 'SQ') return sameBytes(bytesOf(one), bytesOf(other));
  if (other.vr === 'UN' && one.vr !== 'UN' && one.vr !== 'SQ') return sameBytes(bytesOf(one), bytesOf(other));
  return sameValue(one.value, other.value);
}

/** The value field, Little Endian. */
function bytesOf(element: Element): Uint8Array {
  return element.value instanceof Uint8Array ? element.value : writeDataSet(DataSet.of([element]), IMPLICIT).subarray(IMPLICIT_HEADER);
}

function sameValue(one: ElementValue, other: ElementValue): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return sameList(one as readonly unknown[], other as readonly unknown[]);
  if (one instanceof Uint8Array && other instanceof Uint8Array) return sameBytes(one, other);
  if (isFragments(one) && isFragments(other)) return sameBytes(Buffer.concat(one.fragments), Buffer.concat(other.fragments));
  return isEmpty(one) && isEmpty(other);
}

function sameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return one.every((value) => value === '') && other.every((value) => value === '');
  return one.every((value, n) => (value instanceof DataSet && other[n] instanceof DataSet ? sameContent(value, other[n]) : value === other[n] || String(value).trim() === String(other[n]).trim()));
}

/** A zero byte more at the end makes the length even (PS3.5 §7.1.1). */
function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  return long.length - short.length <= 1 && Buffer.compare(short, long.subarray(0, short.length)) === 0 && long.subarray(short.length).every((byte) => byte === 0 || byte === 0x20);
}

function isFragments(value: ElementValue): value is Fragments {
  return 'fragments' in value;
}

function isEmpty(value: ElementValue): boolean {
  return !isFragments(value) && value.length === 0;
}
