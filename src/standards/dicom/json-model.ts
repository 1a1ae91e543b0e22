import { decimalAsJson, floatAsJson, integerAsJson } from './json-numbers.ts';
import { DataSet, type Element, type Tag } from './data-set.ts';
import { groupsOf } from './person-name.ts';
import { tags } from './tags.ts';

/** One attribute of the DICOM JSON Model, PS3.18 §F.2.2. */
export interface JsonAttribute {
  readonly vr: string;
  readonly Value?: readonly JsonValue[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

export type JsonValue = string | number | null | JsonPersonName | DicomJson;
export interface JsonPersonName {
  readonly Alphabetic?: string;
  readonly Ideographic?: string;
  readonly Phonetic?: string;
}
export interface DicomJson {
  readonly [tag: string]: JsonAttribute;
}

export interface JsonOptions {
  /**
   * Where the bytes of an element can be fetched; undefined puts them in as InlineBinary. Asked for every element of VR OB, OD,
   * OF, OL, OV, OW or UN that is not empty. `path` is unique in the instance: `7FE00010`, or `54000100/0/54001010` inside items.
   * Encapsulated pixel data have no inline form: without a URI only their VR is given.
   */
  readonly bulkDataUri?: (path: string, element: Element) => string | undefined;
  /** Elements to leave out, at the top level. */
  readonly omit?: (tag: Tag) => boolean;
}

/**
 * DICOM JSON text of a data set, PS3.18 Annex F: keys are upper-case hexadecimal in ascending order; no group lengths, nothing of
 * group 0002; text is Unicode, so Specific Character Set, where present, says ISO_IR 192; DS and IS are numbers, or strings where a
 * number would not say the same.
 */
export function dicomJsonText(dataSet: DataSet, options: JsonOptions = {}): string {
  return textOf(dataSet, options, '', options.omit);
}

/** The same as an object. JavaScript puts keys that look like decimal numbers first: where order matters, use `dicomJsonText`. */
export function toDicomJson(dataSet: DataSet, options: JsonOptions = {}): DicomJson {
  return JSON.parse(dicomJsonText(dataSet, options)) as DicomJson;
}

/** A tag as the JSON model writes it: `00100020`. */
export function jsonKey(tag: Tag): string {
  return (tag + 0x100000000).toString(16).slice(1).toUpperCase();
}

function textOf(dataSet: DataSet, options: JsonOptions, prefix: string, omit?: (tag: Tag) => boolean): string {
  let text = '{';
  for (const element of dataSet) {
    const group = element.tag >>> 16;
    if ((element.tag & 0xffff) === 0 || group <= 2 || group === 0xfffe || omit?.(element.tag) === true) continue;
    const key = jsonKey(element.tag);
    if (text.length > 1) text += ',';
    text += `"${key}":${attributeText(element, options, prefix + key)}`;
  }
  return `${text}}`;
}

function attributeText(element: Element, options: JsonOptions, path: string): string {
  const { vr, value } = element;
  if (element.tag === tags.SpecificCharacterSet) return '{"vr":"CS","Value":["ISO_IR 192"]}';
  if (!Array.isArray(value)) return bytesText(element, options, path);
  if (value.length === 0) return `{"vr":"${vr}"}`;
  const values = (value as readonly unknown[]).map((one, i) => valueText(one, vr, options, `${path}/${i}/`));
  // One empty value is none: a name of delimiters alone reads so (PS3.5 §6.2.1.1).
  return values.length === 1 && values[0] === 'null' ? `{"vr":"${vr}"}` : `{"vr":"${vr}","Value":[${values.join(',')}]}`;
}

function bytesText(element: Element, options: JsonOptions, path: string): string {
  const { vr, value } = element;
  const bytes = value instanceof Uint8Array ? value : undefined;
  if (bytes?.length === 0) return `{"vr":"${vr}"}`;
  const uri = options.bulkDataUri?.(path, element);
  if (uri !== undefined) return `{"vr":"${vr}","BulkDataURI":${JSON.stringify(uri)}}`;
  if (bytes === undefined) return `{"vr":"${vr}"}`;
  return `{"vr":"${vr}","InlineBinary":"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}"}`;
}

function valueText(value: unknown, vr: string, options: JsonOptions, prefix: string): string {
  if (value instanceof DataSet) return textOf(value, options, prefix);
  if (typeof value === 'number') return vr === 'AT' ? `"${jsonKey(value)}"` : floatAsJson(value, vr === 'FL');
  if (typeof value === 'bigint') return integerAsJson(value);
  const text = value as string;
  if (text === '') return 'null'; // PS3.18 §F.2.5: an empty one of several values
  if (vr === 'PN') return personNameText(text);
  return vr === 'DS' || vr === 'IS' ? decimalAsJson(text) : JSON.stringify(text);
}

function personNameText(name: string): string {
  const { alphabetic, ideographic, phonetic } = groupsOf(name);
  const groups: Record<string, string> = {};
  if (alphabetic !== '') groups['Alphabetic'] = alphabetic;
  if (ideographic !== '') groups['Ideographic'] = ideographic;
  if (phonetic !== '') groups['Phonetic'] = phonetic;
  return alphabetic + ideographic + phonetic === '' ? 'null' : JSON.stringify(groups);
}
