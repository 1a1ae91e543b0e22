import { Buffer } from 'node:buffer';
import { fragmentLimit, messageControl, pDataHeaderLength, writePDataHeader } from '../upper-layer/pdu-encoder.ts';
import type { Command } from './command.ts';
import { encodeCommand } from './command-codec.ts';

/** Longest P-DATA-TF body we send to a peer that takes any (its Maximum Length is 0). */
const unlimitedPeerCap = 131_072;

/**
 * The P-DATA-TF PDUs of a command set, one PDV each, none longer than the peer's maximum (PS3.8 §D.1). All in one buffer.
 *
 * @param peerMaxLength  Maximum Length the peer announced; 0 = any
 */
export function commandPdus(contextId: number, command: Command, peerMaxLength: number): Uint8Array {
  const bytes = encodeCommand(command);
  const limit = fragmentLimit(peerMaxLength, unlimitedPeerCap);
  const count = Math.max(1, Math.ceil(bytes.length / limit));
  const out = Buffer.allocUnsafe(bytes.length + count * pDataHeaderLength);
  let to = 0;
  for (let from = 0; from < bytes.length; from += limit) {
    const length = Math.min(limit, bytes.length - from);
    const isLast = from + length === bytes.length;
    writePDataHeader(out, to, { contextId, control: messageControl.command | (isLast ? messageControl.last : 0), length });
    out.set(bytes.subarray(from, from + length), to + pDataHeaderLength);
    to += pDataHeaderLength + length;
  }
  return out;
}

/**
 * Cuts the bytes of one data set into P-DATA-TF PDUs. Fragments are full but for the last one, whatever the chunks that come in;
 * the bytes are not copied, headers and views go out in turn.
 */
export class DataSetFragmenter {
  readonly #contextId: number;
  readonly #limit: number;
  /** Views that wait until a fragment is full, or until it is known to be the last. */
  #waiting: Uint8Array[] = [];
  #waitingLength = 0;

  constructor(contextId: number, peerMaxLength: number) {
    this.#contextId = contextId;
    this.#limit = fragmentLimit(peerMaxLength, unlimitedPeerCap);
  }

  /**
   * Takes the next bytes and gives what is ready to send. A full fragment is kept back until more bytes come: the last one of a data set
   * has to say so, and an empty extra PDV would be legal but is not understood by everyone.
   * The views in the result (and those kept back) belong to the caller's chunks, which must not change until they are sent.
   */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    let from = 0;
    while (from < chunk.length) {
      if (this.#waitingLength === this.#limit) this.#flush(out, 0);
      const to = Math.min(chunk.length, from + this.#limit - this.#waitingLength);
      this.#waiting.push(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to));
      this.#waitingLength += to - from;
      from = to;
    }
    return out;
  }

  /** The last fragment; empty when the data set was. */
  end(): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    this.#flush(out, messageControl.last);
    return out;
  }

  #flush(out: Uint8Array[], control: number): void {
    const header = new Uint8Array(pDataHeaderLength);
    writePDataHeader(header, 0, { contextId: this.#contextId, control, length: this.#waitingLength });
    out.push(header, ...this.#waiting);
    this.#waiting = [];
    this.#waitingLength = 0;
  }
}
