import { codingScheme } from '../domain/codes/coding-schemes.ts';
import type { CodedConcept } from '../domain/coded-concept.ts';

/** A field to write: text, or its components. All of it is escaped; nothing given can break out of its field. */
export type Field = string | readonly string[];

export interface Segment {
  readonly name: string;
  /** Fields by the numbers of the standard. MSH-1 and MSH-2, the delimiters, are not given. */
  readonly fields: Readonly<Record<number, Field>>;
}

/** HL7 v2.5.1 chapter 2, ER7 with the delimiters | ^ ~ \ &; each segment ends with CR, the last one too (§2.5.4). Trailing empty fields are left out. */
export function encodeMessage(segments: readonly Segment[]): string {
  return segments.map((segment) => `${encodeSegment(segment)}\r`).join('');
}

/** CWE: code, text, coding system of table 0396. */
export function codedField({ scheme, value, meaning }: CodedConcept): Field {
  return [value, meaning, codingScheme(scheme)?.hl7 ?? scheme];
}

/** PN to XPN: DICOM has family, given, middle, prefix, suffix; HL7 has the suffix before the prefix. First group with content. */
export function nameField(personName: string): Field {
  const group = personName.split('=').find((part) => part.replaceAll('^', '').trim() !== '') ?? '';
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^').map((part) => part.trim());
  return [family, given, middle, suffix, prefix];
}

function encodeSegment({ name, fields }: Segment): string {
  const first = name === 'MSH' ? 3 : 1;
  const last = Math.max(first, ...Object.keys(fields).map(Number));
  const encoded = Array.from({ length: last - first + 1 }, (_, index) => encodeField(fields[index + first] ?? ''));
  return [...(name === 'MSH' ? ['MSH', '^~\\&'] : [name]), ...encoded].join('|').replace(/\|+$/, '');
}

function encodeField(field: Field): string {
  return typeof field === 'string' ? escapeText(field) : field.map(escapeText).join('^').replace(/\^+$/, '');
}

const escapes: Readonly<Record<string, string>> = { '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\', '\\': '\\E\\', '\n': '\\.br\\', '\r': '\\.br\\' };

/** §2.7: delimiters and line ends become escape sequences; other control characters are dropped. CR LF is one line end. */
function escapeText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll('\r\n', '\n').replaceAll(/[|^&~\\\n\r]|[\u0000-\u001F\u007F]/g, (character) => escapes[character] ?? '');
}
