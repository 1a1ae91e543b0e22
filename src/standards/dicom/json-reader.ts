import { fault, ok, type Result } from '../../foundation/result.ts';
import { DataSet, type Element, type ElementValue, type Fragments, type Tag, type Vr } from './data-set.ts';
import { dicomFault, tagText, type DicomFault } from './dicom-fault.ts';
import { vrOf } from './dictionary.ts';
import { floatFromJson } from './json-numbers.ts';
import { joinGroups } from './person-name.ts';
import { isText, numberSize } from './raw-element.ts';

export interface JsonReadOptions {
  /** Fetches what a BulkDataURI points to; undefined makes it a fault. */
  readonly bulkData?: (uri: string, tag: Tag) => Uint8Array | Fragments | undefined;
  readonly maxDepth?: number;
  readonly maxElements?: number;
}

const VRS: ReadonlySet<string> = new Set('AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV'.split(' '));

/**
 * A data set from one object of the DICOM JSON Model, PS3.18 Annex F. Never throws.
 *
 * Tolerated: lower-case keys, a missing `vr` (the dictionary's is taken), DS and IS as strings, PN as a plain string.
 * Errors: BAD_JSON with the tag (also a BulkDataURI that `bulkData` does not know), TOO_DEEP, TOO_MANY_ELEMENTS.
 */
export function fromDicomJson(json: unknown, options: JsonReadOptions = {}): Result<DataSet, DicomFault> {
  const reader = new Reader(options);
  const dataSet = reader.dataSet(json, 0);
  return dataSet === undefined ? fault(reader.fault!) : ok(dataSet);
}

class Reader {
  fault: DicomFault | undefined;
  readonly #options: JsonReadOptions;
  #left: number;

  constructor(options: JsonReadOptions) {
    this.#options = options;
    this.#left = options.maxElements ?? 1_000_000;
  }

  dataSet(json: unknown, depth: number): DataSet | undefined {
    if (!isObject(json)) return this.#fail('BAD_JSON', 'a data set must be an object');
    if (depth > (this.#options.maxDepth ?? 128)) return this.#fail('TOO_DEEP', 'too many nested sequences');
    const elements: Element[] = [];
    for (const [key, attribute] of Object.entries(json)) {
      if (--this.#left < 0) return this.#fail('TOO_MANY_ELEMENTS', 'too many elements');
      if (!/^[0-9a-fA-F]{8}$/.test(key)) return this.#fail('BAD_JSON', 'a key must be eight hexadecimal digits');
      const tag = Number.parseInt(key, 16);
      const element = this.#element(tag, attribute, depth);
      if (element === undefined) return undefined;
      elements.push(element);
    }
    return DataSet.of(elements);
  }

  #element(tag: Tag, attribute: unknown, depth: number): Element | undefined {
    if (!isObject(attribute)) return this.#fail('BAD_JSON', 'an attribute must be an object', tag);
    const vr = attribute['vr'] ?? vrOf(tag);
    if (typeof vr !== 'string' || !VRS.has(vr)) return this.#fail('BAD_JSON', 'unknown vr', tag);
    const value = this.#value(tag, vr as Vr, attribute, depth);
    return value === undefined ? undefined : { tag, vr: vr as Vr, value };
  }

  #value(tag: Tag, vr: Vr, attribute: Readonly<Record<string, unknown>>, depth: number): ElementValue | undefined {
    const { Value: values, InlineBinary: inline, BulkDataURI: uri } = attribute;
    if (typeof uri === 'string') return this.#options.bulkData?.(uri, tag) ?? this.#fail('BAD_JSON', 'BulkDataURI points nowhere', tag);
    const binary = !isText(vr) && vr !== 'SQ' && numberSize(vr) === undefined;
    if (binary) {
      if (inline === undefined && (values === undefined || (Array.isArray(values) && values.length === 0))) return new Uint8Array(0);
      return typeof inline === 'string' && /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(inline) ? decodeBase64(inline) : this.#fail('BAD_JSON', 'InlineBinary must be base64', tag);
    }
    if (values === undefined) return [];
    if (!Array.isArray(values)) return this.#fail('BAD_JSON', 'Value must be an array', tag);
    const decoded: unknown[] = [];
    for (const value of values as readonly unknown[]) {
      const one = vr === 'SQ' ? this.dataSet(value ?? {}, depth + 1) : oneValue(vr, value);
      if (one === undefined) return this.#fail('BAD_JSON', `a value is not one of VR ${vr}`, tag);
      decoded.push(one);
    }
    return decoded as ElementValue;
  }

  #fail(code: DicomFault['code'], message: string, tag?: Tag): undefined {
    this.fault ??= dicomFault(code, tag === undefined ? message : `${tagText(tag)}: ${message}`, -1, tag);
    return undefined;
  }
}

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function oneValue(vr: Vr, value: unknown): string | number | bigint | undefined {
  if (vr === 'PN') return personName(value);
  if (isText(vr)) {
    if (value === null) return '';
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
  }
  if (vr === 'AT') return typeof value === 'string' && /^[0-9a-fA-F]{8}$/.test(value) ? Number.parseInt(value, 16) : undefined;
  if (vr === 'SV' || vr === 'UV') return big(value);
  const number = floatFromJson(value);
  if (vr === 'FL') return number === undefined ? undefined : Math.fround(number);
  if (vr === 'FD') return number;
  return number !== undefined && Number.isInteger(number) ? number : undefined;
}

function personName(value: unknown): string | undefined {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (!isObject(value)) return undefined;
  const group = (name: string): string => (typeof value[name] === 'string' ? value[name] : '');
  return joinGroups({ alphabetic: group('Alphabetic'), ideographic: group('Ideographic'), phonetic: group('Phonetic') });
}

function big(value: unknown): bigint | undefined {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
