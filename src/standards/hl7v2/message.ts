import { fault, ok, type Result } from '../../foundation/result.ts';

/**
 * HL7 v2.5.1 messages in ER7 encoding (chapter 2), with the usual delimiters: | ^ ~ \ &.
 *
 * A field to write is text, or its components, each text or its subcomponents. All text is escaped; nothing given can break out of its field.
 */
export type Field = string | readonly (string | readonly string[])[];

export interface Segment {
  readonly name: string;
  /** Field 1 first. Of MSH, field 3 first: the delimiters are not given. */
  readonly fields: readonly Field[];
}

/** Each segment ends with CR, the last one too (§2.5.4). */
export function encodeMessage(segments: readonly Segment[]): string {
  return segments.map((segment) => `${encodeSegment(segment)}\r`).join('');
}

function encodeSegment({ name, fields }: Segment): string {
  return joined([name === 'MSH' ? 'MSH|^~\\&' : name, ...fields.map(encodeField)], '|');
}

function encodeField(field: Field): string {
  if (typeof field === 'string') return escapeText(field);
  return joined(field.map((component) => (typeof component === 'string' ? escapeText(component) : joined(component.map(escapeText), '&'))), '^');
}

/** Trailing empty parts mean nothing and are left out. */
function joined(parts: readonly string[], delimiter: string): string {
  let end = parts.length;
  while (end > 1 && parts[end - 1] === '') end -= 1;
  return parts.slice(0, end).join(delimiter);
}

const escapes: Readonly<Record<string, string>> = { '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\', '\\': '\\E\\', '\n': '\\.br\\', '\r': '\\.br\\' };

/** §2.7: delimiters and line ends become escape sequences; other control characters are dropped. A CR LF is one line end. */
export function escapeText(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll('\r\n', '\n').replaceAll(/[|^&~\\\n\r]|[\u0000-\u001f\u007f]/g, (character) => escapes[character] ?? '');
}

/** A message as read: segments of fields, still encoded. */
export interface ReadMessage {
  readonly segments: readonly (readonly string[])[];
  /** Field of the first segment of this name, numbered as the standard does; empty when absent. */
  field(name: string, number: number): string;
}

export type MessageFault = { readonly code: 'NOT_HL7'; readonly message: string };

/** Splits a message by the delimiters it names itself. Never throws. CR LF and LF are taken for segment ends, too. */
export function readMessage(text: string): Result<ReadMessage, MessageFault> {
  if (!/^MSH[^\w\s]/.test(text)) return fault({ code: 'NOT_HL7', message: 'does not begin with MSH' });
  const delimiter = text[3]!;
  const segments = text.split(/[\r\n]+/).filter((line) => line !== '').map((line) => line.split(delimiter));
  // MSH-1 is the delimiter itself: put it in its place, so that numbers count as everywhere else.
  segments[0] = ['MSH', delimiter, ...segments[0]!.slice(1)];
  return ok({ segments, field: (name, number) => segments.find((segment) => segment[0] === name)?.[number] ?? '' });
}
