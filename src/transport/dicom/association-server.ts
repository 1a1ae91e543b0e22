import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { type Rejection, rejections } from '../../standards/upper-layer/reject-reasons.ts';
import type { AssociationTimes } from './activity-watch.ts';
import type { DimseService, PeerFacts } from './dimse-service.ts';
import { type AssociationLifecycle, ServedAssociation } from './served-association.ts';
import { type ByteSource, byteSource, sharedBufferSource } from './shared-buffer-socket.ts';
import { secureContext, type ServerTls, serverTlsOptions, verifiedCertificate } from './tls-options.ts';

export interface AssociationListener {
  readonly host: string;
  /** 0 = any free one, see `ports`. */
  readonly port: number;
  readonly tls?: ServerTls;
}

export interface AssociationServerLimits {
  /** Connections of all kinds; over it the longest silent one without an association is closed, or else the new one. */
  readonly maxConnections: number;
  readonly maxAssociations: number;
  readonly maxAssociationsPerAe: number;
  /** Longest P-DATA-TF body taken, announced to every peer, bytes. */
  readonly maxPduLength: number;
  /** Longest A-ASSOCIATE-RQ body taken, bytes. */
  readonly maxAssociateLength: number;
  /** Asynchronous operations window granted to peers that ask for one; 0 = any. */
  readonly maxOperations: number;
}

export const defaultLimits: AssociationServerLimits = {
  maxConnections: 512,
  maxAssociations: 128,
  maxAssociationsPerAe: 64,
  maxPduLength: 131_072,
  maxAssociateLength: 1_048_576,
  maxOperations: 32,
};

export const defaultTimes: AssociationTimes = { artimMs: 10_000, idleMs: 60_000, pduMs: 60_000 };

export interface AssociationServerOptions {
  readonly listeners: readonly AssociationListener[];
  readonly services: readonly DimseService[];
  readonly lifecycle: AssociationLifecycle;
  readonly limits?: Partial<AssociationServerLimits>;
  readonly times?: Partial<AssociationTimes>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Accepts DICOM associations on TCP and TLS and serves them with the given services. */
export class AssociationServer {
  readonly #options: AssociationServerOptions;
  readonly #limits: AssociationServerLimits;
  readonly #times: AssociationTimes;
  readonly #servers: Server[] = [];
  /** In the order they came; the value is there once bytes of PDUs may flow (after TLS). */
  readonly #connections = new Map<Socket, ServedAssociation | undefined>();
  readonly #perAe = new Map<string, number>();
  #associations = 0;
  #isQuiescing = false;
  #whenEmpty: (() => void)[] = [];

  constructor(options: AssociationServerOptions) {
    this.#options = options;
    const limits = { ...defaultLimits, ...options.limits };
    // Room for connections that are only opening or closing, beside all associations.
    this.#limits = { ...limits, maxConnections: options.limits?.maxConnections ?? Math.max(limits.maxConnections, 2 * limits.maxAssociations) };
    this.#times = { ...defaultTimes, ...options.times };
  }

  /** Ports listened on, in the order of the listeners. */
  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as AddressInfo | null)?.port ?? 0);
  }

  get associations(): number {
    return this.#associations;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Errors: GatewayError `DIMSE_LISTEN_FAILED`, permanent. */
  async start(): Promise<void> {
    for (const listener of this.#options.listeners) {
      const server = this.#create(listener);
      await listen(server, listener);
      server.on('error', (error) => this.#options.log.error('association.listener-failed', { port: listener.port, error: error.message }));
      this.#servers.push(server);
    }
  }

  /** From now on every A-ASSOCIATE-RQ is rejected as transient; those that are open go on. */
  quiesce(): void {
    this.#isQuiescing = true;
  }

  /** Undoes `quiesce`, when the reason for it (a full disk) has gone. */
  resume(): void {
    this.#isQuiescing = false;
  }

  /** New certificates for a TLS listener (by its index); open associations keep theirs. */
  reloadTls(listener: number, tls: ServerTls): void {
    (this.#servers[listener] as TlsServer).setSecureContext(secureContext(tls));
  }

  /** Quiesces, waits for the open associations until `deadline` aborts, aborts the rest, closes. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.quiesce();
    await this.#empty(deadline);
    for (const served of this.#connections.values()) served?.association.abort('the gateway is stopping');
    for (const server of this.#servers) server.close();
    // One turn of the loop lets the A-ABORTs go out; who holds on longer is cut off.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [socket, served] of this.#connections) {
      if (served?.isEstablished === true) socket.destroySoon();
      else socket.destroy();
    }
    await this.#closed(1_000);
  }

  /** Waits until all connections are gone; cuts them after `ms`. */
  #closed(ms: number): Promise<void> {
    const cut = setTimeout(() => {
      for (const socket of this.#connections.keys()) socket.destroy();
    }, ms);
    const gone = [...this.#connections.keys()].map((socket) => new Promise<void>((resolve) => void socket.once('close', () => resolve())));
    return Promise.all(gone).then(() => clearTimeout(cut));
  }

  async #empty(deadline: AbortSignal): Promise<void> {
    while (this.#associations > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty.push(resolve);
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #create(listener: AssociationListener): Server {
    // Nagle against delayed acknowledgement costs 40 ms per small instance.
    if (listener.tls === undefined) {
      return createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
        const source = sharedBufferSource(accepted);
        if (this.#admitConnection(source.socket)) this.#serve(source, factsOf(source.socket));
      });
    }
    const server = createTlsServer({ ...serverTlsOptions(listener.tls, this.#times.artimMs), noDelay: true });
    // The TCP connection counts from its first moment: a handshake that never ends holds a place too.
    server.on('connection', (socket: Socket) => this.#admitConnection(socket));
    server.on('secureConnection', (socket) => {
      const raw = [...this.#connections.keys()].find((candidate) => candidate.remotePort === socket.remotePort && candidate.remoteAddress === socket.remoteAddress);
      if (raw !== undefined) this.#connections.delete(raw);
      this.#track(socket);
      const certificate = verifiedCertificate(socket);
      this.#serve(byteSource(socket), { ...factsOf(socket), isTls: true, ...(certificate === undefined ? {} : { certificate }) });
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => this.#options.lifecycle.connectionFailed?.(socket.remoteAddress ?? '', `TLS: ${error.code ?? error.name}`));
    return server;
  }

  #admitConnection(socket: Socket): boolean {
    if (this.#connections.size >= this.#limits.maxConnections && !this.#closeOldestSilent()) {
      this.#options.log.warn('association.connection-refused', { connections: this.#connections.size });
      socket.destroy();
      return false;
    }
    this.#track(socket);
    return true;
  }

  #track(socket: Socket): void {
    this.#connections.set(socket, undefined);
    socket.on('close', () => this.#connections.delete(socket));
    // Association listens to errors too; before it exists (TLS handshake) an error must not be an uncaught one.
    socket.on('error', () => {});
  }

  #closeOldestSilent(): boolean {
    for (const [socket, served] of this.#connections) {
      if (served?.isEstablished === true) continue;
      this.#connections.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  #serve(source: ByteSource, peer: PeerFacts): void {
    const { services, lifecycle, clock, log } = this.#options;
    const served = new ServedAssociation({
      source,
      peer,
      clock,
      log,
      times: this.#times,
      services,
      lifecycle,
      maxPduLength: this.#limits.maxPduLength,
      maxAssociateLength: this.#limits.maxAssociateLength,
      maxOperations: this.#limits.maxOperations,
      takeSlot: (callingAe) => this.#takeSlot(callingAe),
      releaseSlot: (callingAe) => this.#releaseSlot(callingAe),
    });
    this.#connections.set(source.socket, served);
  }

  #takeSlot(callingAe: string): Rejection | undefined {
    if (this.#isQuiescing) return rejections.temporaryCongestion;
    const ofThisAe = this.#perAe.get(callingAe) ?? 0;
    if (this.#associations >= this.#limits.maxAssociations || ofThisAe >= this.#limits.maxAssociationsPerAe) return rejections.localLimit;
    this.#associations += 1;
    this.#perAe.set(callingAe, ofThisAe + 1);
    return undefined;
  }

  #releaseSlot(callingAe: string): void {
    this.#associations -= 1;
    const left = (this.#perAe.get(callingAe) ?? 1) - 1;
    if (left === 0) this.#perAe.delete(callingAe);
    else this.#perAe.set(callingAe, left);
    if (this.#associations > 0) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const wake of waiting) wake();
  }
}

function factsOf(socket: Socket): PeerFacts {
  return { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0, localPort: socket.localPort ?? 0, isTls: false };
}

function listen(server: Server, { host, port }: AssociationListener): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(new GatewayError('DIMSE_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${error.code ?? error.message}`, { failure: 'permanent', context: { host, port }, cause: error }));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
