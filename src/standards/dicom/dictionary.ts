import type { Tag, Vr } from './data-set.ts';
import { dictionaryLines } from './generated/dictionary-table.ts';

export interface DictionaryEntry {
  readonly vr: Vr;
  readonly vm: string;
  readonly keyword: string;
}

let byTag: ReadonlyMap<Tag, DictionaryEntry> | undefined;
let byKeyword: ReadonlyMap<string, Tag> | undefined;

/** The element of PS3.6 or PS3.7 (retired ones too, repeating groups by their group); undefined for private and unknown ones. */
export function entryOf(tag: Tag): DictionaryEntry | undefined {
  byTag ??= readLines();
  return byTag.get(tag) ?? repeating(byTag, tag);
}

/**
 * VR of an element by its tag, as the Implicit VR syntaxes need it (PS3.5 §A.1). Where PS3.6 offers a choice: OW for "OB or OW", US
 * for "US or SS". Group lengths are UL, private creators LO (PS3.5 §7.8.1), everything unknown UN.
 */
export function vrOf(tag: Tag): Vr {
  const known = entryOf(tag);
  if (known !== undefined) return known.vr;
  const element = tag & 0xffff;
  if (element === 0) return 'UL';
  return isPrivate(tag) && element >= 0x10 && element <= 0xff ? 'LO' : 'UN';
}

export function keywordOf(tag: Tag): string | undefined {
  return entryOf(tag)?.keyword;
}

/** Tag of a keyword, or of eight hexadecimal digits; undefined when it is neither. Keywords of repeating groups give the first group. */
export function tagOf(text: string): Tag | undefined {
  byTag ??= readLines();
  byKeyword ??= new Map([...byTag].reverse().map(([tag, entry]) => [entry.keyword, tag]));
  const known = byKeyword.get(text);
  if (known !== undefined) return known;
  return /^[0-9a-fA-F]{8}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

export function isPrivate(tag: Tag): boolean {
  return ((tag >>> 16) & 1) === 1;
}

/** Curves and overlays: the group may be any even one of 50xx and 60xx; the table has the first (PS3.5 §7.6). */
function repeating(entries: ReadonlyMap<Tag, DictionaryEntry>, tag: Tag): DictionaryEntry | undefined {
  const family = tag >>> 24;
  return (family === 0x50 || family === 0x60) && !isPrivate(tag) ? entries.get((tag & 0xff00ffff) >>> 0) : undefined;
}

function entryFrom(line: string): DictionaryEntry {
  const [vr, vm, keyword] = line.split(' ');
  return { vr: vr as Vr, vm: vm!, keyword: keyword! };
}

function readLines(): Map<Tag, DictionaryEntry> {
  const entries = new Map<Tag, DictionaryEntry>();
  for (const line of dictionaryLines.split('\n')) {
    if (line !== '') entries.set(Number.parseInt(line.slice(0, 8), 16), entryFrom(line.slice(9)));
  }
  return entries;
}
