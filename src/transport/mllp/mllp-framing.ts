/** Minimal Lower Layer Protocol, HL7 v2 Transport Specification: VT, the message, FS CR. */
const START = 0x0b;
const END = 0x1c;

export function frameMessage(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(START), message, Buffer.of(END, 0x0d)]);
}

/**
 * Takes bytes as they come and gives back whole messages. Bytes between messages are passed over, and a missing CR after FS is tolerated:
 * both are met in the field.
 */
export class FrameReader {
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #inside = false;

  /** @param limit  longest message, bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The messages that are complete now; `overflow` when one is longer than the limit (the connection is then of no more use). */
  push(chunk: Buffer): readonly Buffer[] | 'overflow' {
    const messages: Buffer[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (!this.#inside) {
        const start = chunk.indexOf(START, at);
        if (start === -1) break;
        this.#inside = true;
        at = start + 1;
      }
      const end = chunk.indexOf(END, at);
      const piece = chunk.subarray(at, end === -1 ? chunk.length : end);
      this.#pieces.push(piece);
      this.#length += piece.length;
      if (this.#length > this.#limit) return 'overflow';
      if (end === -1) break;
      messages.push(Buffer.concat(this.#pieces));
      this.#pieces = [];
      this.#length = 0;
      this.#inside = false;
      at = end + 1;
    }
    return messages;
  }
}
