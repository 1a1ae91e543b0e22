import { Buffer } from 'node:buffer';
import { messageControl } from '../upper-layer/pdu-encoder.ts';
import type { Command } from './command.ts';
import { decodeCommand } from './command-codec.ts';

/** Where the assembler puts what it finds, in the order of the stream. */
export interface MessageSink {
  /** A whole command set. When it says that a data set follows, `data` and `dataEnd` come next. */
  command(contextId: number, command: Command): void;
  /** Bytes of the data set, in order; a view that is valid during the call. */
  data(bytes: Uint8Array): void;
  dataEnd(): void;
  /** The peer broke the rules of PS3.7 §8 or PS3.8 §E; nothing more can be made of the stream. */
  fault(detail: string): void;
}

/**
 * Puts the fragments of P-DATA together to messages, PS3.8 Annex E: a command set, then its data set as a stream. The data set is never
 * held; a command set is, up to `maxCommandBytes`. Never throws on input.
 */
export class MessageAssembler {
  readonly #sink: MessageSink;
  readonly #maxCommandBytes: number;
  #commandParts: Uint8Array[] = [];
  #commandLength = 0;
  /** Context of the message that is coming in; 0 between messages. */
  #contextId = 0;
  #awaitsData = false;

  constructor(sink: MessageSink, maxCommandBytes = 65_536) {
    this.#sink = sink;
    this.#maxCommandBytes = maxCommandBytes;
  }

  /** True when no message is half received. */
  get isBetweenMessages(): boolean {
    return this.#contextId === 0;
  }

  /** Takes a piece of one PDV; see PduSink.fragment. */
  fragment(contextId: number, control: number, bytes: Uint8Array, endsPdv: boolean): void {
    // PS3.8 §E.1: the fragments of one message follow each other on one presentation context.
    if (this.#contextId !== 0 && contextId !== this.#contextId) return this.#sink.fault('fragments of two contexts are mixed');
    const isLast = endsPdv && (control & messageControl.last) !== 0;
    if ((control & messageControl.command) === 0) this.#dataFragment(bytes, isLast);
    else this.#commandFragment(contextId, bytes, isLast);
  }

  #dataFragment(bytes: Uint8Array, isLast: boolean): void {
    if (!this.#awaitsData) return this.#sink.fault('a data set came without its command');
    if (bytes.length > 0) this.#sink.data(bytes);
    if (!isLast) return;
    this.#awaitsData = false;
    this.#contextId = 0;
    this.#sink.dataEnd();
  }

  #commandFragment(contextId: number, bytes: Uint8Array, isLast: boolean): void {
    if (this.#awaitsData) return this.#sink.fault('a command came before the data set of the last one was complete');
    this.#contextId = contextId;
    this.#commandLength += bytes.length;
    if (this.#commandLength > this.#maxCommandBytes) return this.#sink.fault('the command set is too long');
    if (!isLast) {
      this.#commandParts.push(Uint8Array.from(bytes));
      // Many tiny pieces would cost more than their bytes.
      if (this.#commandParts.length > 64) this.#commandParts = [Buffer.concat(this.#commandParts)];
      return;
    }
    const whole = this.#commandParts.length === 0 ? bytes : Buffer.concat([...this.#commandParts, bytes]);
    this.#commandParts = [];
    this.#commandLength = 0;
    const command = decodeCommand(whole);
    if (!command.ok) return this.#sink.fault(`command set: ${command.fault.detail}`);
    this.#awaitsData = command.value.hasDataSet;
    if (!this.#awaitsData) this.#contextId = 0;
    this.#sink.command(contextId, command.value);
  }
}
