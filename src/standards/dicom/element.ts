import { DataSet, type Element, type ElementValue, type Fragments, type Tag, type Vr } from './data-set.ts';
import { vrOf } from './dictionary.ts';
import { tagText } from './dicom-fault.ts';

type TextVr = 'AE' | 'AS' | 'CS' | 'DA' | 'DT' | 'LO' | 'LT' | 'PN' | 'SH' | 'ST' | 'TM' | 'UC' | 'UI' | 'UR' | 'UT';
type NumberVr = 'AT' | 'FL' | 'FD' | 'SL' | 'SS' | 'UL' | 'US';
type ByteVr = 'OB' | 'OD' | 'OF' | 'OL' | 'OV' | 'OW' | 'UN';

/** What one value of a VR may be given as. */
export type Given<V extends Vr> = V extends TextVr
  ? string
  : V extends 'DS' | 'IS'
    ? string | number
    : V extends NumberVr
      ? number
      : V extends 'SV' | 'UV'
        ? bigint | number
        : V extends 'SQ'
          ? DataSet
          : V extends ByteVr
            ? Uint8Array | Fragments
            : never;

/**
 * An element from its values: `element(tags.PatientID, 'LO', '123')`, `element(tags.Rows, 'US', 512)`,
 * `element(tags.ImageType, 'CS', 'DERIVED', 'SECONDARY')` or with one array. No values give an empty element.
 *
 * Numbers given for DS and IS are written as text: DS in at most 16 characters (PS3.5 §6.2), rounded as little as that needs.
 * Throws TypeError on what can never be written (a DS that is not finite, an IS that is no integer): that is the caller's mistake.
 */
export function element<V extends Vr>(tag: Tag, vr: V, ...values: readonly (Given<V> | readonly Given<V>[])[]): Element {
  const flat = values.flat(1) as readonly unknown[];
  return { tag, vr, value: valueOf(tag, vr, flat) };
}

/** A sequence element of its items. */
export function sequence(tag: Tag, ...items: readonly (DataSet | readonly DataSet[])[]): Element {
  return { tag, vr: 'SQ', value: items.flat(1) };
}

/** An item (a data set) of its elements. */
export function item(...elements: readonly Element[]): DataSet {
  return DataSet.of(elements);
}

/** An element whose VR is the dictionary's; for text given as text. Numbers are converted where the VR is binary. */
export function standardElement(tag: Tag, ...values: readonly (string | number)[]): Element {
  const vr = vrOf(tag);
  return { tag, vr, value: valueOf(tag, vr, isNumberVr(vr) ? values.map(Number) : values.map(String)) };
}

/** Decimal String of a number, at most 16 characters, PS3.5 §6.2. */
export function decimalString(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('a Decimal String must be finite');
  let text = String(value);
  for (let digits = 16; text.length > 16; digits--) text = String(Number(value.toPrecision(digits)));
  return text;
}

function isNumberVr(vr: Vr): boolean {
  return vr === 'AT' || vr === 'FL' || vr === 'FD' || vr === 'SL' || vr === 'SS' || vr === 'UL' || vr === 'US';
}

const BYTES: ReadonlySet<Vr> = new Set<Vr>(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);

function valueOf(tag: Tag, vr: Vr, values: readonly unknown[]): ElementValue {
  if (vr === 'DS') return values.map((value) => (typeof value === 'number' ? decimalString(value) : String(value)));
  if (vr === 'IS') return values.map((value) => (typeof value === 'number' ? integerString(tag, value) : String(value)));
  if (vr === 'SV' || vr === 'UV') return values.map((value) => BigInt(value as number | bigint));
  if (!BYTES.has(vr)) return values as ElementValue;
  if (values.length > 1) throw new TypeError(`${tagText(tag)} takes its bytes in one piece`);
  return (values[0] ?? new Uint8Array(0)) as Uint8Array | Fragments;
}

function integerString(tag: Tag, value: number): string {
  if (!Number.isInteger(value)) throw new TypeError(`${tagText(tag)} takes integers`);
  return String(value);
}
