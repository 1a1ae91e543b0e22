import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import type { Command } from '../../src/standards/dimse/command.ts';
import { decodeCommand, encodeCommand } from '../../src/standards/dimse/command-codec.ts';
import type { AssociateRq, UserInformation } from '../../src/standards/upper-layer/pdu.ts';
import { encodePdu } from '../../src/standards/upper-layer/pdu-encoder.ts';
import { eventually } from './dimse-wait.ts';

export const ctStorage = '1.2.840.10008.5.1.4.1.1.2';
export const verification = '1.2.840.10008.1.1';
export const explicitLe = '1.2.840.10008.1.2.1';
export const implicitLe = '1.2.840.10008.1.2';

/** One PDU as it came: its type and its body. */
export interface RawPdu {
  readonly pduType: number;
  readonly body: Buffer;
}

/** A peer that says exactly what the test tells it to, right or wrong. */
export class RawPeer {
  readonly socket: Socket;
  readonly pdus: RawPdu[] = [];
  isClosed = false;
  #bytes = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const peer = new RawPeer(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return peer;
  }

  /** Connects and negotiates; the answer is the first PDU. */
  static async associate(port: number, request: Partial<AssociateRq> = {}): Promise<RawPeer> {
    const peer = await RawPeer.connect(port);
    peer.send(associateRq(request));
    await peer.next();
    return peer;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next PDU that was not taken yet. */
  async next(): Promise<RawPdu> {
    await eventually('a PDU', () => this.pdus.length > 0 || this.isClosed);
    const pdu = this.pdus.shift();
    if (pdu === undefined) throw new Error('the connection was closed');
    return pdu;
  }

  /** The command set of the next P-DATA-TF. */
  async nextCommand(): Promise<Command> {
    const { pduType, body } = await this.next();
    if (pduType !== 4) throw new Error(`PDU type ${pduType} instead of P-DATA-TF: ${body.toString('hex')}`);
    const command = decodeCommand(body.subarray(6));
    if (!command.ok) throw new Error(command.fault.detail);
    return command.value;
  }

  closed(): Promise<void> {
    return eventually('the close', () => this.isClosed);
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 6 && this.#bytes.length >= 6 + this.#bytes.readUInt32BE(2)) {
      const end = 6 + this.#bytes.readUInt32BE(2);
      this.pdus.push({ pduType: this.#bytes[0]!, body: Buffer.from(this.#bytes.subarray(6, end)) });
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}

export function requestPdu(request: Partial<AssociateRq> = {}, user: UserInformation = {}): AssociateRq {
  return {
    type: 'associate-rq',
    protocolVersion: 1,
    calledAe: 'ISOCENTER',
    callingAe: 'TESTER',
    applicationContext: '1.2.840.10008.3.1.1.1',
    contexts: [
      { id: 1, abstractSyntax: ctStorage, transferSyntaxes: [explicitLe] },
      { id: 3, abstractSyntax: verification, transferSyntaxes: [implicitLe] },
    ],
    user: { maxLength: 16_384, implementationClassUid: '1.2.3', ...user },
    ...request,
  };
}

export function associateRq(request: Partial<AssociateRq> = {}): Uint8Array {
  return encodePdu(requestPdu(request));
}

export function pduOf(pduType: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.from([pduType, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

export function pdvOf(contextId: number, control: number, bytes: Uint8Array): Buffer {
  const header = Buffer.from([0, 0, 0, 0, contextId, control]);
  header.writeUInt32BE(bytes.length + 2, 0);
  return Buffer.concat([header, bytes]);
}

/** A command set in one P-DATA-TF. */
export function commandPdu(contextId: number, command: Command): Buffer {
  return pduOf(4, pdvOf(contextId, 3, encodeCommand(command)));
}

/** A data set in one P-DATA-TF; `control` 2 = last fragment. */
export function dataPdu(contextId: number, bytes: Uint8Array, control = 2): Buffer {
  return pduOf(4, pdvOf(contextId, control, bytes));
}

export function storeRq(messageId: number, sopInstanceUid = `1.2.3.${messageId}`): Command {
  return { field: 0x0001, affectedSopClassUid: ctStorage, messageId, priority: 0, hasDataSet: true, affectedSopInstanceUid: sopInstanceUid };
}

export function echoRq(messageId: number): Command {
  return { field: 0x0030, affectedSopClassUid: verification, messageId, hasDataSet: false };
}

export const releaseRq: Uint8Array = encodePdu({ type: 'release-rq' });
export const abortPdu: Uint8Array = encodePdu({ type: 'abort', source: 0, reason: 0 });
