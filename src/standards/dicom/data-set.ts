/** Value representations, PS3.5 §6.2. */
export type Vr =
  | 'AE' | 'AS' | 'AT' | 'CS' | 'DA' | 'DS' | 'DT' | 'FL' | 'FD' | 'IS' | 'LO' | 'LT' | 'OB' | 'OD' | 'OF' | 'OL' | 'OV' | 'OW' | 'PN'
  | 'SH' | 'SL' | 'SQ' | 'SS' | 'ST' | 'SV' | 'TM' | 'UC' | 'UI' | 'UL' | 'UN' | 'UR' | 'US' | 'UT' | 'UV';

/** A tag as one number: group in the upper, element in the lower 16 bits. (0010,0020) is 0x00100020. */
export type Tag = number;

/** Encapsulated pixel data, PS3.5 §A.4: the offset table and the fragments as they lie in the stream. */
export interface Fragments {
  readonly offsetTable: Uint8Array;
  readonly fragments: readonly Uint8Array[];
}

/**
 * The values of one element, decoded as far as their VR says:
 * - AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT: strings, unpadded, in Unicode. DS and IS stay text, as they were written;
 *   PN is one string per value with its groups joined by `=`.
 * - FL FD SL SS UL US AT: numbers (AT: the tag as one number); SV UV: bigints; SQ: items;
 * - OB OD OF OL OV OW UN: the bytes, little endian; encapsulated pixel data: Fragments.
 * An empty element has an empty array (or zero bytes).
 */
export type ElementValue = readonly string[] | readonly number[] | readonly bigint[] | readonly DataSet[] | Uint8Array | Fragments;

export interface Element {
  readonly tag: Tag;
  readonly vr: Vr;
  readonly value: ElementValue;
}

/** A DICOM data set: elements in ascending order of tag. Immutable; `with` and `without` return a changed copy. */
export class DataSet {
  readonly #elements: ReadonlyMap<Tag, Element>;

  private constructor(elements: ReadonlyMap<Tag, Element>) {
    this.#elements = elements;
  }

  static readonly empty = new DataSet(new Map());

  /** A later element replaces an earlier one with the same tag. */
  static of(elements: Iterable<Element>): DataSet {
    const byTag = new Map<Tag, Element>();
    let last = -1;
    let ascending = true;
    for (const element of elements) {
      if (element.tag < last) ascending = false;
      last = element.tag;
      byTag.set(element.tag, element);
    }
    return new DataSet(ascending ? byTag : new Map([...byTag].sort((a, b) => a[0] - b[0])));
  }

  get size(): number {
    return this.#elements.size;
  }

  [Symbol.iterator](): IterableIterator<Element> {
    return this.#elements.values();
  }

  has(tag: Tag): boolean {
    return this.#elements.has(tag);
  }

  get(tag: Tag): Element | undefined {
    return this.#elements.get(tag);
  }

  with(...elements: readonly Element[]): DataSet {
    return DataSet.of([...this, ...elements]);
  }

  without(...tags: readonly Tag[]): DataSet {
    const gone = new Set(tags);
    return DataSet.of([...this].filter((element) => !gone.has(element.tag)));
  }

  /** First value of a text element; undefined when absent, empty or not text. */
  string(tag: Tag): string | undefined {
    return this.strings(tag)[0];
  }

  strings(tag: Tag): readonly string[] {
    const value = this.#elements.get(tag)?.value;
    return Array.isArray(value) && (value.length === 0 || typeof value[0] === 'string') ? (value as readonly string[]) : [];
  }

  /** First value as a number, also of DS and IS; undefined when absent, empty or not a number. */
  number(tag: Tag): number | undefined {
    return this.numbers(tag)[0];
  }

  /** All values as numbers, also of DS and IS. Values that are not numbers make the whole element empty. */
  numbers(tag: Tag): readonly number[] {
    const value = this.#elements.get(tag)?.value;
    if (!Array.isArray(value)) return [];
    const numbers = (value as readonly unknown[]).map(asNumber);
    return numbers.every((n) => n !== undefined) ? numbers : [];
  }

  /** Items of a sequence; none when absent. */
  items(tag: Tag): readonly DataSet[] {
    const value = this.#elements.get(tag)?.value;
    return Array.isArray(value) && value[0] instanceof DataSet ? (value as readonly DataSet[]) : [];
  }

  bytes(tag: Tag): Uint8Array | undefined {
    const value = this.#elements.get(tag)?.value;
    return value instanceof Uint8Array ? value : undefined;
  }
}

function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}
