import { readFileSync } from 'node:fs';
import { Agent } from 'undici';
import { z } from 'zod';

/** How to reach and be let in by an HTTP peer. Secrets come out of the configuration (environment) and go nowhere else. */
export const httpPeerShape = {
  url: z.url({ protocol: /^https?$/ }).describe('Address of the service'),
  timeoutSeconds: z.number().min(1).max(3_600).default(60).describe('Longest wait for an answer after the last byte was sent, seconds'),
  concurrency: z.int().min(1).max(32).default(2).describe('Requests at one time'),
  auth: z
    .union([
      z.strictObject({ username: z.string().min(1), password: z.string() }),
      z.strictObject({ bearerToken: z.string().min(1) }),
    ])
    .optional()
    .describe('Basic credentials or a fixed bearer token'),
  tls: z
    .strictObject({
      ca: z.string().optional().describe('PEM file with the certificates to trust instead of the system’s'),
      cert: z.string().optional().describe('PEM file with our certificate, for mutual TLS'),
      key: z.string().optional().describe('PEM file with its key'),
    })
    .optional(),
} as const;

const schema = z.strictObject(httpPeerShape);
export type HttpPeer = z.output<typeof schema>;

/** A connection pool of its own for one destination, so that its dead sockets are nobody else's. */
export function createAgent(peer: HttpPeer, resolvePath: (file: string) => string): Agent {
  const pem = (file: string | undefined): string | undefined => (file === undefined ? undefined : readFileSync(resolvePath(file), 'utf8'));
  const connect = {
    timeout: 10_000,
    ...definedOf({ ca: pem(peer.tls?.ca), cert: pem(peer.tls?.cert), key: pem(peer.tls?.key) }),
  };
  const timeout = peer.timeoutSeconds * 1_000;
  return new Agent({ connect, connections: peer.concurrency, headersTimeout: timeout, bodyTimeout: timeout, keepAliveTimeout: 4_000, pipelining: 1 });
}

export function authorization(peer: Pick<HttpPeer, 'auth'>): Record<string, string> {
  if (peer.auth === undefined) return {};
  if ('bearerToken' in peer.auth) return { authorization: `Bearer ${peer.auth.bearerToken}` };
  return { authorization: `Basic ${Buffer.from(`${peer.auth.username}:${peer.auth.password}`).toString('base64')}` };
}

function definedOf<T extends object>(partial: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(partial).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
