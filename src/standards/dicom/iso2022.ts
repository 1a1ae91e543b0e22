import { escapes } from './character-set-table.ts';
import { decodeLabel } from './character-set-decoders.ts';

/** What G0 and G1 hold at the start of a value and again after each delimiter; `fallback` is tried for high bytes when G1 is empty. */
export interface Iso2022State {
  readonly g0: string;
  readonly g1: string | undefined;
  readonly fallback: string | undefined;
}

export interface Iso2022Text {
  readonly text: string;
  /** An escape sequence that PS3.3 §C.12.1.1.2 does not know was passed over. */
  readonly unknownEscape: boolean;
  /** High bytes stood where no set was designated to G1. */
  readonly undesignated: boolean;
}

const ESC = 0x1b;

/**
 * Decodes text with code extensions, PS3.5 §6.1.2.5: escape sequences designate a set to G0 (bytes 21–7E) or G1 (A0–FF); both go
 * back to their initial state after CR, LF, FF, HT and after the `delimiters` of the VR (§6.1.2.5.3).
 */
export function decodeIso2022(bytes: Uint8Array, initial: Iso2022State, delimiters: readonly number[]): Iso2022Text {
  const run = new Run();
  let { g0, g1 } = initial;
  let unknownEscape = false;
  let undesignated = false;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte === ESC) {
      const found = escapeAt(bytes, at + 1);
      if (found === undefined) unknownEscape = true;
      else if (found.register === 'G0') g0 = found.label;
      else g1 = found.label;
      at += 1 + (found?.length ?? 0);
    } else if (byte >= 0x80) {
      if (g1 === undefined) undesignated = true;
      at += run.high(bytes, at, g1 ?? initial.fallback ?? 'latin1');
    } else if (byte > 0x20 && byte < 0x7f && g0 !== 'ascii' && at + 1 < bytes.length) {
      at += run.pair(byte, bytes[at + 1]!, g0 === 'jis0212');
    } else {
      run.plain(byte);
      at += 1;
      if (isControlDelimiter(byte) || delimiters.includes(byte)) ({ g0, g1 } = initial);
    }
  }
  return { text: run.finish(), unknownEscape, undesignated };
}

function isControlDelimiter(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d || byte === 0x0c || byte === 0x09;
}

function escapeAt(bytes: Uint8Array, at: number): { register: 'G0' | 'G1'; label: string; length: number } | undefined {
  for (const length of [3, 2]) {
    const found = escapes[String.fromCharCode(...bytes.subarray(at, at + length))];
    if (found !== undefined) return { ...found, length };
  }
  return undefined;
}

/** Collects bytes of one encoding after the other; ASCII belongs to each of them. */
class Run {
  readonly #parts: string[] = [];
  #bytes: number[] = [];
  #label = 'latin1';

  plain(byte: number): void {
    this.#bytes.push(byte);
  }

  /** One character of JIS X 0208 or 0212, its two bytes in G0. Returns how many bytes it took. */
  pair(first: number, second: number, supplementary: boolean): number {
    this.#use('euc-jp');
    if (supplementary) this.#bytes.push(0x8f);
    this.#bytes.push(first | 0x80, second | 0x80);
    return 2;
  }

  /** One character of G1. Returns how many bytes it took. */
  high(bytes: Uint8Array, at: number, label: string): number {
    const byte = bytes[at]!;
    if (label === 'katakana') {
      this.#use('euc-jp');
      this.#bytes.push(0x8e, byte);
      return 1;
    }
    const wide = (label === 'euc-kr' || label === 'gb18030') && (bytes[at + 1] ?? 0) >= 0x80;
    this.#use(label);
    this.#bytes.push(byte);
    if (wide) this.#bytes.push(bytes[at + 1]!);
    return wide ? 2 : 1;
  }

  finish(): string {
    this.#flush();
    return this.#parts.join('');
  }

  #use(label: string): void {
    if (label === this.#label) return;
    this.#flush();
    this.#label = label;
  }

  #flush(): void {
    if (this.#bytes.length > 0) this.#parts.push(decodeLabel(Uint8Array.from(this.#bytes), this.#label));
    this.#bytes = [];
  }
}
