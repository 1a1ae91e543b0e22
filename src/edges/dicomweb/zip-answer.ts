import { crc32 } from 'node:zlib';

interface ZipEntry {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: bigint;
  readonly offset: bigint;
}

const MAX32 = 0xffffffffn;
// General purpose flags: sizes follow the data (bit 3), names are UTF-8 (bit 11).
const FLAGS = 0x0808;

/** Writes a ZIP file (APPNOTE 6.3.10, ZIP64) as a stream: entries are stored, their sizes follow them in data descriptors. */
export class ZipAnswer {
  readonly #write: (piece: Uint8Array) => Promise<void>;
  readonly #entries: ZipEntry[] = [];
  #at = 0n;

  constructor(write: (piece: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  async entry(name: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const offset = this.#at;
    const bytes = Buffer.from(name);
    // The ZIP64 field tells readers that the descriptor holds sizes of 8 bytes (APPNOTE §4.3.9.2).
    await this.#put(Buffer.concat([numbers(0x04034b50, 4, 45, 2, FLAGS, 2, 0, 2, 0, 2, 0x21, 2, 0, 4, 0xffffffff, 4, 0xffffffff, 4, bytes.length, 2, 20, 2), bytes, numbers(1, 2, 16, 2), wide(0n), wide(0n)]));
    let crc = 0;
    let size = 0n;
    for await (const piece of pieces) {
      crc = crc32(piece, crc);
      size += BigInt(piece.length);
      await this.#put(piece);
    }
    await this.#put(Buffer.concat([numbers(0x08074b50, 4, crc, 4), wide(size), wide(size)]));
    this.#entries.push({ name: bytes, crc, size, offset });
  }

  async end(): Promise<void> {
    const start = this.#at;
    for (const { name, crc, size, offset } of this.#entries) {
      const head = numbers(0x02014b50, 4, 45, 2, 45, 2, FLAGS, 2, 0, 2, 0, 2, 0x21, 2, crc, 4, 0xffffffff, 4, 0xffffffff, 4, name.length, 2, 28, 2, 0, 2, 0, 2, 0, 2, 0, 4, 0xffffffff, 4);
      await this.#put(Buffer.concat([head, name, numbers(1, 2, 24, 2), wide(size), wide(size), wide(offset)]));
    }
    const [count, size, end] = [BigInt(this.#entries.length), this.#at - start, this.#at];
    await this.#put(Buffer.concat([numbers(0x06064b50, 4), wide(44n), numbers(45, 2, 45, 2, 0, 4, 0, 4), wide(count), wide(count), wide(size), wide(start)]));
    await this.#put(Buffer.concat([numbers(0x07064b50, 4, 0, 4), wide(end), numbers(1, 4)]));
    const short = Number(count > 0xffffn ? 0xffffn : count);
    await this.#put(numbers(0x06054b50, 4, 0, 2, 0, 2, short, 2, short, 2, Number(size > MAX32 ? MAX32 : size), 4, Number(start > MAX32 ? MAX32 : start), 4, 0, 2));
  }

  async #put(piece: Uint8Array): Promise<void> {
    this.#at += BigInt(piece.length);
    await this.#write(piece);
  }
}

/** Little-endian numbers, each followed by its size in bytes. */
function numbers(...pairs: readonly number[]): Buffer {
  const out = Buffer.alloc(pairs.reduce((sum, value, n) => sum + (n % 2 === 1 ? value : 0), 0));
  for (let n = 0, at = 0; n < pairs.length; n += 2) at = out.writeUIntLE(pairs[n]! >>> 0, at, pairs[n + 1]!);
  return out;
}

function wide(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(value);
  return out;
}
