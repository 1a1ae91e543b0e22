/** A byte stream written front to back in one byte order; numbers already written can be corrected. */
export class GrowingBytes {
  readonly #little: boolean;
  #buffer: Buffer;
  #length = 0;

  constructor(expected: number, littleEndian: boolean) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(64, expected));
    this.#little = littleEndian;
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#room(1);
    this.#buffer[this.#length++] = value;
  }

  uint16(value: number): void {
    this.#room(2);
    if (this.#little) this.#buffer.writeUInt16LE(value, this.#length);
    else this.#buffer.writeUInt16BE(value, this.#length);
    this.#length += 2;
  }

  uint32(value: number): void {
    this.#room(4);
    this.#length += 4;
    this.patchUint32(this.#length - 4, value);
  }

  /** A tag is two 16-bit numbers in either byte order (PS3.5 §7.1.1). */
  tag(tag: number): void {
    this.uint16(tag >>> 16);
    this.uint16(tag & 0xffff);
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  patchUint32(at: number, value: number): void {
    if (this.#little) this.#buffer.writeUInt32LE(value, at);
    else this.#buffer.writeUInt32BE(value, at);
  }

  /** What was written, in memory of its own; the stream is not used afterwards. */
  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, this.#length);
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
