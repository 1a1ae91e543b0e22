import type { Socket } from 'node:net';

/**
 * Flow control of one socket, both ways: reading stops while anyone holds it and, on the acceptor's side, while the peer does not read
 * what we write: a peer that only talks must not make our write buffer grow. The requestor reads on, so that two of us never wait for
 * each other.
 */
export class SocketFlow {
  readonly #socket: Socket;
  readonly #holdsOnStall: boolean;
  readonly #drained: () => void;
  #holds = 0;
  #isClosed = false;
  #drain: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  /** @param options.drained  called when the peer has read what waited */
  constructor(socket: Socket, options: { readonly holdsOnStall: boolean; readonly drained: () => void }) {
    this.#socket = socket;
    this.#holdsOnStall = options.holdsOnStall;
    this.#drained = options.drained;
    socket.on('drain', () => this.#onDrain());
  }

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  get isWaitingForDrain(): boolean {
    return this.#drain !== undefined;
  }

  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1 && !this.#isClosed) this.#socket.pause();
  }

  unhold(): void {
    this.#holds -= 1;
    if (this.#holds === 0 && !this.#isClosed) this.#socket.resume();
  }

  /** Reads on whatever is held; used when the association is over and only its close is awaited. */
  release(): void {
    this.#isClosed = true;
    this.#settleDrain();
    if (!this.#socket.destroyed) this.#socket.resume();
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): void {
    const { destroyed, writable } = this.#socket;
    if (destroyed || !writable) return;
    if (this.#put(bytes) || this.#drain !== undefined || this.#isClosed) return;
    let resolve = (): void => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    this.#drain = { promise, resolve };
    if (this.#holdsOnStall) this.hold();
  }

  /** From now on what is written waits, to go out together; until `uncork`, once for each call. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Undefined while the socket takes more; else settles when it does again or is gone. */
  drained(): Promise<void> | undefined {
    return this.#drain?.promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#settleDrain();
  }

  #put(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (bytes instanceof Uint8Array) return this.#socket.write(bytes);
    // One writev for all of them.
    this.#socket.cork();
    for (const part of bytes) this.#socket.write(part);
    this.#socket.uncork();
    return !this.#socket.writableNeedDrain;
  }

  #onDrain(): void {
    if (this.#drain === undefined) return;
    this.#drained();
    this.#settleDrain();
    if (this.#holdsOnStall) this.unhold();
  }

  #settleDrain(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }
}
