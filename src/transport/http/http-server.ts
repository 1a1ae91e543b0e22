import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { GatewayError } from '../../foundation/errors.ts';
import { watchSlowBodies } from './slow-bodies.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** An express app or any other request listener. */
  readonly handler: http.RequestListener;
  readonly tls?: HttpTls | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
}

/** PEM texts. */
export interface HttpTls {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
  readonly requireClientCertificate?: boolean | undefined;
}

export interface HttpLimits {
  /** Request line and headers must be complete within this time. */
  readonly headersTimeoutMs: number;
  /** A socket without a byte in either direction for this long is closed. */
  readonly idleTimeoutMs: number;
  /** A request body must advance by `minimumBodyBytes` in each window of `bodyWindowMs`: a sender that trickles is cut off, a slow line is not. */
  readonly bodyWindowMs: number;
  readonly minimumBodyBytes: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
}

export interface RunningHttpServer {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string;
  /** Accepts no more connections; open requests go on and their connections close after the answer. */
  quiesce(): void;
  /** Quiesces, waits for open requests at most `deadlineMs`, then cuts what is left. */
  stop(deadlineMs: number): Promise<void>;
}

const defaults: HttpLimits = {
  headersTimeoutMs: 15_000,
  idleTimeoutMs: 120_000,
  bodyWindowMs: 30_000,
  minimumBodyBytes: 1_024,
  keepAliveTimeoutMs: 65_000,
  maxConnections: 512,
  maxHeaderBytes: 32_768,
};

/**
 * Listens for HTTP/1.1 with limits against slow and greedy clients. HTTP/2 belongs to the reverse proxy.
 * Errors: HTTP_LISTEN_FAILED (permanent) when the address cannot be bound.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningHttpServer> {
  const limits = { ...defaults, ...definedOf(options.limits) };
  const server = createServer(options, limits);
  const unwatch = watchSlowBodies(server, limits);
  let stopping = false;
  server.prependListener('request', (_request, response) => {
    if (stopping) response.setHeader('Connection', 'close');
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const quiesce = (): void => {
    if (stopping) return;
    stopping = true;
    server.close();
    server.closeIdleConnections();
  };
  return {
    host: options.host,
    port,
    url: `${options.tls === undefined ? 'http' : 'https'}://${hostInUrl(options.host)}:${port}`,
    quiesce,
    stop: async (deadlineMs) => {
      quiesce();
      await drained(server, deadlineMs);
      unwatch();
    },
  };
}

function createServer(options: HttpServerOptions, limits: HttpLimits): http.Server {
  // requestTimeout would end a long upload over a slow line; watchSlowBodies looks at its progress instead.
  const settings = { maxHeaderSize: limits.maxHeaderBytes, headersTimeout: limits.headersTimeoutMs, requestTimeout: 0, keepAliveTimeout: limits.keepAliveTimeoutMs, noDelay: true };
  const { tls } = options;
  const server =
    tls === undefined
      ? http.createServer(settings, options.handler)
      : https.createServer({ ...settings, cert: tls.cert, key: tls.key, ca: tls.ca, requestCert: tls.requireClientCertificate === true, rejectUnauthorized: true, minVersion: 'TLSv1.2' }, options.handler);
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.idleTimeoutMs);
  return server;
}

function listen(server: http.Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => {
      reject(new GatewayError('HTTP_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${cause.message}`, { failure: 'permanent', context: { host, port }, cause }));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      // Errors of a listening server (EMFILE on accept) concern one connection; clients see it closed.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function drained(server: http.Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), deadlineMs);
    // A keep-alive connection becomes idle after its answer; close() alone would wait for its timeout.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const poll = setInterval(() => server.getConnections((_error, count) => count === 0 && done()), 20);
    function done(): void {
      clearTimeout(cut);
      clearInterval(sweep);
      clearInterval(poll);
      resolve();
    }
  });
}

function definedOf<T extends object>(partial: T | undefined): T {
  return Object.fromEntries(Object.entries(partial ?? {}).filter(([, value]) => value !== undefined)) as T;
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
