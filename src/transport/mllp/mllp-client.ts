import net from 'node:net';
import tls from 'node:tls';
import { GatewayError } from '../../foundation/errors.ts';
import { FrameReader, frameMessage } from './mllp-framing.ts';

export interface MllpTarget {
  readonly host: string;
  readonly port: number;
  /** Present = over TLS; PEM texts. */
  readonly tls?: { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined } | undefined;
  readonly connectTimeoutMs: number;
}

const MAX_ANSWER_BYTES = 1 << 20;

/**
 * One MLLP connection, made when first needed and kept. One message is outstanding at a time (HL7 v2.5.1 §2.9.2): callers take turns.
 *
 * Errors of `exchange`: MLLP_CONNECT_FAILED (transient: not a byte left) · MLLP_NO_ANSWER (ambiguous: sent, and closed or silent; the connection
 * is given up, so that a late answer can never be taken for that of the next message).
 */
export class MllpClient {
  readonly #target: MllpTarget;
  #socket: net.Socket | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(target: MllpTarget) {
    this.#target = target;
  }

  /** Sends a message and returns the answer's bytes, unframed. */
  exchange(message: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<Buffer> {
    const mine = this.#turn.then(() => this.#exchange(message, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #exchange(message: Uint8Array, signal: AbortSignal): Promise<Buffer> {
    const socket = await this.#connected(signal);
    const reader = new FrameReader(MAX_ANSWER_BYTES);
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        const fail = (why: string) => (): void => reject(this.#noAnswer(why));
        const gone = fail('the peer closed the connection');
        const late = fail('the peer did not answer in time');
        const failed = (cause: Error): void => reject(this.#noAnswer('the connection broke', cause));
        socket.on('data', (chunk: Buffer) => {
          const messages = reader.push(chunk);
          if (messages === 'overflow') reject(this.#noAnswer('the answer is too long'));
          else if (messages[0] !== undefined) resolve(messages[0]);
        });
        socket.once('close', gone);
        socket.once('end', gone);
        socket.once('error', failed);
        signal.addEventListener('abort', late, { once: true });
        if (signal.aborted) late();
        else socket.write(frameMessage(message));
      });
    } catch (thrown) {
      this.close();
      throw thrown;
    } finally {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.once('close', () => this.#forget(socket));
      socket.once('end', () => this.#forget(socket));
    }
  }

  async #connected(signal: AbortSignal): Promise<net.Socket> {
    const known = this.#socket;
    if (known !== undefined && !known.destroyed && known.writable) return known;
    this.#socket = await this.#connect(AbortSignal.any([signal, AbortSignal.timeout(this.#target.connectTimeoutMs)]));
    return this.#socket;
  }

  #connect(signal: AbortSignal): Promise<net.Socket> {
    const { host, port } = this.#target;
    const secure = this.#target.tls;
    return new Promise((resolve, reject) => {
      const socket = secure === undefined ? net.connect({ host, port }) : tls.connect({ host, port, minVersion: 'TLSv1.2', ...(net.isIP(host) === 0 ? { servername: host } : {}), ...secure });
      socket.setNoDelay(true);
      const fail = (cause: unknown): void => {
        socket.destroy();
        const code = (cause as { code?: unknown }).code;
        reject(new GatewayError('MLLP_CONNECT_FAILED', `cannot be reached (${typeof code === 'string' ? code : 'timeout'})`, { failure: 'transient', context: { host, port }, cause }));
      };
      const late = (): void => fail(signal.reason);
      socket.on('error', fail);
      signal.addEventListener('abort', late, { once: true });
      socket.once(secure === undefined ? 'connect' : 'secureConnect', () => {
        signal.removeEventListener('abort', late);
        socket.removeAllListeners('error');
        socket.on('error', () => undefined);
        resolve(socket);
      });
    });
  }

  #forget(socket: net.Socket): void {
    socket.destroy();
    if (this.#socket === socket) this.#socket = undefined;
  }

  #noAnswer(message: string, cause?: unknown): GatewayError {
    return new GatewayError('MLLP_NO_ANSWER', message, { failure: 'ambiguous', context: { host: this.#target.host, port: this.#target.port }, cause });
  }
}
