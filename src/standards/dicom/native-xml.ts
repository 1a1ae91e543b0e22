import type { DataSet, Element } from './data-set.ts';
import { keywordOf } from './dictionary.ts';
import { jsonKey, type JsonOptions } from './json-model.ts';
import { floatAsJson } from './json-numbers.ts';
import { componentsOf, groupsOf } from './person-name.ts';
import { privateCreatorOf } from './private-creator.ts';
import { tags } from './tags.ts';

/**
 * A data set in the Native DICOM Model, PS3.19 §A.1. Options as for JSON. Characters that XML 1.0 cannot hold become U+FFFD.
 */
export function nativeXml(dataSet: DataSet, options: JsonOptions = {}): string {
  const body = attributes(dataSet, options, '', options);
  return `<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">${body}</NativeDicomModel>`;
}

function attributes(dataSet: DataSet, options: JsonOptions, prefix: string, top?: JsonOptions): string {
  let text = '';
  for (const element of dataSet) {
    const group = element.tag >>> 16;
    if ((element.tag & 0xffff) === 0 || group <= 2 || group === 0xfffe || top?.omit?.(element.tag) === true) continue;
    const key = jsonKey(element.tag);
    const keyword = keywordOf(element.tag);
    const creator = privateCreatorOf(dataSet, element.tag);
    const naming = keyword === undefined ? (creator === undefined ? '' : ` privateCreator="${escapeXml(creator)}"`) : ` keyword="${keyword}"`;
    const vr = element.tag === tags.SpecificCharacterSet ? 'CS' : element.vr;
    text += `<DicomAttribute tag="${key}" vr="${vr}"${naming}>${content(element, options, prefix + key)}</DicomAttribute>`;
  }
  return text;
}

function content(element: Element, options: JsonOptions, path: string): string {
  const { vr, value } = element;
  if (element.tag === tags.SpecificCharacterSet) return '<Value number="1">ISO_IR 192</Value>';
  if (!Array.isArray(value)) return bytesContent(element, options, path);
  if (vr === 'SQ') return (value as readonly DataSet[]).map((item, i) => `<Item number="${i + 1}">${attributes(item, options, `${path}/${i}/`)}</Item>`).join('');
  const texts = (value as readonly unknown[]).map((one) => (typeof one === 'number' ? (vr === 'AT' ? jsonKey(one) : unquoted(floatAsJson(one, vr === 'FL'))) : String(one)));
  // An empty one of several values is left out; the numbers of the others tell (PS3.19 §A.1.5).
  return texts.map((text, i) => (text === '' ? '' : vr === 'PN' ? personName(text, i + 1) : `<Value number="${i + 1}">${escapeXml(text)}</Value>`)).join('');
}

function bytesContent(element: Element, options: JsonOptions, path: string): string {
  const bytes = element.value instanceof Uint8Array ? element.value : undefined;
  if (bytes?.length === 0) return '';
  const uri = options.bulkDataUri?.(path, element);
  if (uri !== undefined) return `<BulkData uri="${escapeXml(uri)}"/>`;
  return bytes === undefined ? '' : `<InlineBinary>${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}</InlineBinary>`;
}

function personName(name: string, number: number): string {
  const groups = groupsOf(name);
  const group = (tag: string, text: string): string => {
    if (text === '') return '';
    const { family, given, middle, prefix, suffix } = componentsOf(text);
    const parts = [['FamilyName', family], ['GivenName', given], ['MiddleName', middle], ['NamePrefix', prefix], ['NameSuffix', suffix]] as const;
    return `<${tag}>${parts.map(([part, value]) => (value === '' ? '' : `<${part}>${escapeXml(value)}</${part}>`)).join('')}</${tag}>`;
  };
  return `<PersonName number="${number}">${group('Alphabetic', groups.alphabetic)}${group('Ideographic', groups.ideographic)}${group('Phonetic', groups.phonetic)}</PersonName>`;
}

function unquoted(text: string): string {
  return text.replaceAll('"', '');
}

function escapeXml(text: string): string {
  return text
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/\p{Cs}/gu, '\ufffd')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\r', '&#13;');
}
