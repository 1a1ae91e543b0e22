import { Buffer } from 'node:buffer';
import { asGatewayError, GatewayError } from '../../foundation/errors.ts';
import type { Command } from '../../standards/dimse/command.ts';
import { commandPdus, DataSetFragmenter } from '../../standards/dimse/message-fragments.ts';
import type { Association } from './association.ts';
import type { DataSetBytes } from './dimse-service.ts';

/** A data set given as one piece goes out in parts of this size, so that the socket's queue stays short. */
const partBytes = 1_048_576;
/** Data sets up to this size are joined with their command into one write. */
const smallBytes = 32_768;

/** Sends the messages of one association one after the other: fragments of two messages must not mix (PS3.8 §E.1). */
export class MessageSender {
  readonly #association: Association;
  readonly #peerMaxLength: number;
  /** The last message that is not yet sent; settles without error. */
  #last: Promise<void> | undefined;

  constructor(association: Association, peerMaxLength: number) {
    this.#association = association;
    this.#peerMaxLength = peerMaxLength;
  }

  get canSend(): boolean {
    return this.#association.canSend;
  }

  /**
   * Sends a message. Without a data set and with nothing before it, it is handed to the socket before this returns.
   *
   * @returns undefined when all went to the socket and more may follow at once; else a promise. It rejects when the data set cannot be
   * read to its end (the association is aborted then: half a message cannot be taken back) or the association is over.
   */
  send(contextId: number, command: Command, dataSet?: DataSetBytes): Promise<void> | undefined {
    if (this.#last === undefined && dataSet === undefined) return this.#association.sendPData(commandPdus(contextId, command, this.#peerMaxLength));
    // The usual answer (an identifier, a few attributes): one write, and nothing to wait for.
    if (this.#last === undefined && dataSet instanceof Uint8Array && dataSet.length <= smallBytes) return this.#association.sendPData(this.#whole(contextId, command, dataSet));
    const sent = this.#inTurn(this.#last, contextId, command, dataSet);
    const settled = sent
      .catch(() => {})
      .then(() => {
        if (this.#last === settled) this.#last = undefined;
        return undefined;
      });
    this.#last = settled;
    return sent;
  }

  #whole(contextId: number, command: Command, dataSet: Uint8Array): Uint8Array {
    const fragmenter = new DataSetFragmenter(contextId, this.#peerMaxLength);
    return Buffer.concat([commandPdus(contextId, command, this.#peerMaxLength), ...fragmenter.push(dataSet), ...fragmenter.end()]);
  }

  /** Settles when everything given to `send` is with the socket. */
  async settled(): Promise<void> {
    while (this.#last !== undefined) await this.#last;
  }

  async #inTurn(before: Promise<void> | undefined, contextId: number, command: Command, dataSet: DataSetBytes | undefined): Promise<void> {
    await before;
    let head: readonly Uint8Array[] = [commandPdus(contextId, command, this.#peerMaxLength)];
    // Only bytes that are here already are worth waiting for.
    if (!(dataSet instanceof Uint8Array)) {
      await this.#put(head);
      head = [];
    }
    if (dataSet === undefined) return;
    const fragmenter = new DataSetFragmenter(contextId, this.#peerMaxLength);
    try {
      for await (const part of dataSet instanceof Uint8Array ? inParts(dataSet) : dataSet) {
        const pdus = fragmenter.push(part);
        if (pdus.length === 0) continue;
        await this.#put(head.length === 0 ? pdus : [...head, ...pdus]);
        head = [];
      }
    } catch (error) {
      this.#association.abort('the data set to send could not be read');
      throw asGatewayError(error);
    }
    await this.#put([...head, ...fragmenter.end()]);
  }

  #put(pdus: Uint8Array | readonly Uint8Array[]): Promise<void> | undefined {
    if (!this.#association.canSend) throw new GatewayError('DIMSE_ASSOCIATION_LOST', 'the association is over', { failure: 'ambiguous' });
    return this.#association.sendPData(pdus);
  }
}

function* inParts(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
}
