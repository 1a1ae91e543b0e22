import { decodeLabel } from './character-set-decoders.ts';
import { escapes } from './character-set-table.ts';
import type { CharacterSet } from './character-sets.ts';

/**
 * Encodes text in a character set. Undefined when the set lacks a character: the caller says so, nothing is replaced silently.
 *
 * Text with code extensions starts from and returns to the initial state of the set at every delimiter (PS3.5 §6.1.2.5.3).
 */
export function encodeText(text: string, set: CharacterSet): Uint8Array | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(text)) return Buffer.from(text, 'latin1');
  switch (set.scheme.kind) {
    case 'undeclared': return undefined;
    case 'single': return encodeSingle(text, set.scheme.label);
    case 'iso2022': return encodeExtended(text, set);
  }
}

function encodeSingle(text: string, label: string): Uint8Array | undefined {
  if (label === 'utf-8') return Buffer.from(text, 'utf8');
  const table = reverse(label);
  const bytes: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)! < 0x80 ? [char.codePointAt(0)!] : table.get(char);
    if (code === undefined) return undefined;
    bytes.push(...code);
  }
  return Uint8Array.from(bytes);
}

const DELIMITERS = new Set('\\^=\r\n\f\t');

function encodeExtended(text: string, set: CharacterSet): Uint8Array | undefined {
  if (set.scheme.kind !== 'iso2022') return undefined;
  const { g1: initialG1 } = set.scheme.initial;
  const candidates = set.terms.map((term) => candidateOf(term)).filter((candidate) => candidate !== undefined);
  const bytes: number[] = [];
  let g0 = 'ascii';
  let g1 = initialG1;
  const toAscii = (): void => {
    if (g0 !== 'ascii') bytes.push(0x1b, 0x28, 0x42);
    g0 = 'ascii';
  };
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code < 0x80) {
      toAscii();
      bytes.push(code);
      if (DELIMITERS.has(char)) g1 = initialG1;
      continue;
    }
    const found = candidates.find((candidate) => candidate.table.has(char));
    if (found === undefined) return undefined;
    if (found.register === 'G0' && g0 !== found.label) {
      bytes.push(0x1b, ...Buffer.from(found.escape, 'latin1'));
      g0 = found.label;
    } else if (found.register === 'G1') {
      toAscii();
      if (g1 !== found.label) bytes.push(0x1b, ...Buffer.from(found.escape, 'latin1'));
      g1 = found.label;
    }
    bytes.push(...found.table.get(char)!);
  }
  toAscii();
  return Uint8Array.from(bytes);
}

interface Candidate {
  readonly label: string;
  readonly escape: string;
  readonly register: 'G0' | 'G1';
  readonly table: ReadonlyMap<string, readonly number[]>;
}

const LABELS: Readonly<Record<string, string>> = {
  '100': 'latin1', '101': 'iso-8859-2', '109': 'iso-8859-3', '110': 'iso-8859-4', '144': 'iso-8859-5', '127': 'iso-8859-6', '126': 'iso-8859-7', '138': 'iso-8859-8',
  '148': 'windows-1254', '203': 'iso-8859-15', '13': 'katakana', '166': 'windows-874', '87': 'jis0208', '159': 'jis0212', '149': 'euc-kr', '58': 'gb18030',
};

function candidateOf(term: string): Candidate | undefined {
  const label = LABELS[term.slice(term.lastIndexOf(' ') + 1)] ?? LABELS[term.slice(term.lastIndexOf('_') + 1)];
  const found = Object.entries(escapes).find(([, escape]) => escape.label === label);
  return label === undefined || found === undefined ? undefined : { label, escape: found[0], register: found[1].register, table: reverse(label, true) };
}

const tables = new Map<string, ReadonlyMap<string, readonly number[]>>();

/** Character → bytes of a set, made by decoding every code once. `iso2022`: only the 94×94 plane that an escape sequence designates. */
function reverse(label: string, iso2022 = false): ReadonlyMap<string, readonly number[]> {
  const key = `${label}${iso2022}`;
  let table = tables.get(key);
  if (table === undefined) {
    table = label === 'gb18030' || label === 'gbk' || label === 'euc-kr' || label === 'jis0208' || label === 'jis0212' ? twoByte(label, iso2022) : oneByte(label);
    tables.set(key, table);
  }
  return table;
}

function oneByte(label: string): Map<string, readonly number[]> {
  const table = new Map<string, readonly number[]>();
  for (let byte = 0xff; byte >= 0xa0; byte--) {
    const char = decodeLabel(Uint8Array.of(byte), label);
    if (char !== '\ufffd') table.set(char, [byte]);
  }
  return table;
}

function twoByte(label: string, iso2022: boolean): Map<string, readonly number[]> {
  const japanese = label === 'jis0208' || label === 'jis0212';
  const lead = japanese || iso2022 ? 0xa1 : 0x81;
  const trail = japanese || iso2022 ? 0xa1 : 0x40;
  const table = new Map<string, readonly number[]>();
  for (let first = 0xfe; first >= lead; first--) {
    for (let second = 0xfe; second >= trail; second--) {
      const codes = label === 'jis0212' ? [0x8f, first, second] : [first, second];
      const char = decodeLabel(Uint8Array.from(codes), japanese ? 'euc-jp' : label);
      if (char.includes('\ufffd') || char.length !== (char.codePointAt(0)! > 0xffff ? 2 : 1)) continue;
      table.set(char, japanese ? [first & 0x7f, second & 0x7f] : [first, second]);
    }
  }
  return table;
}
