/** A Huffman table, ITU-T T.81 Annex C: for 16 bits ahead, the code length (upper byte) and its symbol; 0 = no such code. */
export type HuffmanTable = Uint16Array;

/** Undefined when the lengths make no prefix code. */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable | undefined {
  const table = new Uint16Array(0x10000);
  let code = 0;
  let symbol = 0;
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < counts[length - 1]!; i++) {
      const from = code << (16 - length);
      const to = (code + 1) << (16 - length);
      if (to > 0x10000 || symbol >= symbols.length) return undefined;
      table.fill((length << 8) | symbols[symbol++]!, from, to);
      code++;
    }
    code <<= 1;
  }
  return table;
}

/** Tables of a DHT segment by class × 16 + destination; false when one is broken. */
export function readHuffmanTables(body: Uint8Array, into: Map<number, HuffmanTable>): boolean {
  let at = 0;
  while (at < body.length) {
    const key = body[at]!;
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, n) => sum + n, 0);
    if (counts.length < 16 || at + 17 + total > body.length) return false;
    const table = huffmanTable(counts, body.subarray(at + 17, at + 17 + total));
    if (table === undefined) return false;
    into.set(key, table);
    at += 17 + total;
  }
  return true;
}

/** Bits of entropy-coded data, ITU-T T.81 §F.2.2.5: FF00 is FF, any other marker ends them. */
export class EntropyBits {
  readonly #bytes: Uint8Array;
  #at: number;
  #buffer = 0;
  #count = 0;
  /** Bits in the buffer that are not in the stream: zeros behind its end. */
  #padding = 0;
  /** A code that the table does not have was met. */
  #broken = false;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** True when what was read so far was not all in the stream, or no valid code. */
  get failed(): boolean {
    return this.#broken || this.#count < this.#padding;
  }

  /** Where the marker lies that ended the data. */
  get position(): number {
    return this.#at;
  }

  symbol(table: HuffmanTable): number {
    this.#fill();
    const entry = table[(this.#buffer >>> (this.#count - 16)) & 0xffff]!;
    if (entry === 0) {
      this.#broken = true;
      return 0;
    }
    this.#count -= entry >>> 8;
    return entry & 0xff;
  }

  /** `n` ≤ 16 bits as an unsigned number. */
  bits(n: number): number {
    if (n === 0) return 0;
    this.#fill();
    this.#count -= n;
    return (this.#buffer >>> this.#count) & ((1 << n) - 1);
  }

  /** EXTEND(RECEIVE(n)), ITU-T T.81 §F.2.2.1. */
  signed(n: number): number {
    if (n === 0) return 0;
    const value = this.bits(n);
    return value < 1 << (n - 1) ? value - (1 << n) + 1 : value;
  }

  /** Passes the next RSTn marker; false when none stands there. */
  restart(): boolean {
    this.#buffer = 0;
    this.#count = 0;
    this.#padding = 0;
    while (this.#at + 1 < this.#bytes.length && !(this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1]! !== 0 && this.#bytes[this.#at + 1] !== 0xff)) this.#at++;
    const marker = this.#bytes[this.#at + 1];
    if (marker === undefined || marker < 0xd0 || marker > 0xd7) return false;
    this.#at += 2;
    return true;
  }

  #fill(): void {
    while (this.#count <= 16) {
      const byte = this.#bytes[this.#at];
      // The buffer keeps at most 24 bits: older ones fall out at the top, where nobody looks any more.
      if (byte === undefined || (byte === 0xff && this.#bytes[this.#at + 1] !== 0)) {
        this.#buffer <<= 8;
        this.#padding += 8;
      } else {
        this.#buffer = (this.#buffer << 8) | byte;
        this.#at += byte === 0xff ? 2 : 1;
      }
      this.#count += 8;
    }
  }
}
