import { extensionSets, singleSets } from './character-set-table.ts';
import { decodeLabel, latin1, strictUtf8 } from './character-set-decoders.ts';
import { decodeIso2022, type Iso2022State } from './iso2022.ts';
import type { Vr } from './data-set.ts';

/** What was wrong with the declaration of a text; the text beside it is the best reading of the bytes. */
export type TextNote =
  | 'undeclared-utf8' // no Specific Character Set, but the bytes are UTF-8
  | 'undeclared-latin1' // no Specific Character Set, high bytes: read as ISO 8859-1
  | 'unknown-term' // a Defined Term that PS3.3 does not know
  | 'misspelled-term' // one that it nearly knows
  | 'not-as-declared' // bytes that the declared set cannot have: read as UTF-8 or ISO 8859-1
  | 'unknown-escape'
  | 'undesignated-bytes'; // high bytes where no escape sequence had designated a set

export interface DecodedText {
  readonly text: string;
  readonly note?: TextNote;
}

/** How the text of one data set is encoded, from its Specific Character Set (0008,0005). */
export interface CharacterSet {
  /** The declared terms, normalised; empty when absent. */
  readonly terms: readonly string[];
  readonly termNote: TextNote | undefined;
  readonly scheme: { readonly kind: 'single'; readonly label: string } | { readonly kind: 'iso2022'; readonly initial: Iso2022State } | { readonly kind: 'undeclared' };
}

const cache = new Map<string, CharacterSet>();

/**
 * The character set that the values of (0008,0005) declare, PS3.3 §C.12.1.1.2 and PS3.5 §6.1.
 *
 * Never fails: an unknown term is passed over and shows as a note in every text that depends on it.
 */
export function characterSetOf(values: readonly string[]): CharacterSet {
  const key = values.join('\\');
  let set = cache.get(key);
  if (set === undefined) {
    set = build(values);
    // Declarations come from the sender: the memory of them is bounded.
    if (cache.size < 256 && key.length < 256) cache.set(key, set);
  }
  return set;
}

/** VRs whose text depends on Specific Character Set, PS3.5 §6.1.2.2. */
export function dependsOnCharacterSet(vr: Vr): boolean {
  return vr === 'LO' || vr === 'PN' || vr === 'SH' || vr === 'LT' || vr === 'ST' || vr === 'UC' || vr === 'UT';
}

/** Decodes one whole value field (backslashes included) in its data set's character set. Never fails; see `note`. */
export function decodeText(bytes: Uint8Array, set: CharacterSet, vr: Vr): DecodedText {
  if (isPlain(bytes)) return { text: latin1(bytes) };
  const scheme = set.scheme;
  if (scheme.kind === 'undeclared') return noted(guess(bytes), set.termNote);
  if (scheme.kind === 'iso2022') {
    const { text, unknownEscape, undesignated } = decodeIso2022(bytes, scheme.initial, delimitersOf(vr));
    return noted({ text }, set.termNote ?? (unknownEscape ? 'unknown-escape' : undesignated ? 'undesignated-bytes' : undefined));
  }
  if (scheme.label === 'utf-8') {
    const text = strictUtf8(bytes);
    return text === undefined ? { text: latin1(bytes), note: 'not-as-declared' } : noted({ text }, set.termNote);
  }
  // A single set has no code extensions, yet escape sequences are met: some senders declare only the first set.
  if (bytes.includes(0x1b)) {
    const initial = { g0: 'ascii', g1: scheme.label, fallback: undefined };
    return { text: decodeIso2022(bytes, initial, delimitersOf(vr)).text, note: 'not-as-declared' };
  }
  const text = decodeLabel(bytes, scheme.label);
  return text.includes('\ufffd') ? { text: strictUtf8(bytes) ?? text, note: 'not-as-declared' } : noted({ text }, set.termNote);
}

/** Only bytes that mean the same in every set: no high ones, no escape. */
export function isPlain(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x80 || byte === 0x1b) return false;
  }
  return true;
}

function delimitersOf(vr: Vr): readonly number[] {
  if (vr === 'PN') return [0x5c, 0x5e, 0x3d];
  return vr === 'LT' || vr === 'ST' || vr === 'UT' ? [] : [0x5c];
}

function noted(decoded: DecodedText, note: TextNote | undefined): DecodedText {
  return note === undefined ? decoded : { text: decoded.text, note };
}

function guess(bytes: Uint8Array): DecodedText {
  if (bytes.includes(0x1b)) {
    const { text } = decodeIso2022(bytes, { g0: 'ascii', g1: undefined, fallback: undefined }, [0x5c, 0x5e, 0x3d]);
    return { text, note: 'undesignated-bytes' };
  }
  const text = strictUtf8(bytes);
  return text === undefined ? { text: latin1(bytes), note: 'undeclared-latin1' } : { text, note: 'undeclared-utf8' };
}

function build(values: readonly string[]): CharacterSet {
  let termNote: TextNote | undefined;
  const terms = values.map((value, i) => {
    const exact = value.trim();
    if (exact === '') return i === 0 && values.length > 1 ? 'ISO 2022 IR 6' : '';
    if (singleSets[exact] !== undefined || extensionSets[exact] !== undefined) return exact;
    const near = nearest(exact);
    termNote = near === undefined ? 'unknown-term' : (termNote ?? 'misspelled-term');
    return near ?? '';
  });
  const known = terms.filter((term) => term !== '');
  return { terms: known, termNote, scheme: schemeOf(known) };
}

function schemeOf(terms: readonly string[]): CharacterSet['scheme'] {
  const first = terms[0];
  if (first === undefined) return { kind: 'undeclared' };
  const single = singleSets[first];
  if (single !== undefined && terms.length === 1) return single === 'ascii' ? { kind: 'undeclared' } : { kind: 'single', label: single };
  // ISO_IR 192, GB18030 and GBK stand alone (PS3.3 §C.12.1.1.2); what is declared beside them means nothing.
  if (single === 'utf-8' || single === 'gb18030' || single === 'gbk') return { kind: 'single', label: single };
  const sets = terms.map((term) => extensionSets[term] ?? { label: singleSets[term]!, multiByte: false });
  const initial = sets[0]!;
  const fallback = sets.find((set) => set.label === 'euc-kr' || set.label === 'gb18030') ?? sets.find((set) => !set.multiByte && set.label !== 'ascii');
  const g1 = initial.multiByte || initial.label === 'ascii' ? undefined : initial.label;
  return { kind: 'iso2022', initial: { g0: 'ascii', g1, fallback: fallback?.label } };
}

/** ISO-IR 100, ISO_IR_100, ISO2022IR87, UTF-8 and their like. */
function nearest(term: string): string | undefined {
  const squeezed = term.toUpperCase().replaceAll(/[\s_-]/g, '');
  const aliases: Readonly<Record<string, string>> = { UTF8: 'ISO_IR 192', ISO88591: 'ISO_IR 100', LATIN1: 'ISO_IR 100', SHIFTJIS: 'ISO_IR 13', ASCII: 'ISO_IR 6', GB2312: 'ISO 2022 IR 58' };
  return [...Object.keys(singleSets), ...Object.keys(extensionSets)].find((known) => known.replaceAll(/[\s_]/g, '') === squeezed) ?? aliases[squeezed];
}
