import { readFileSync } from 'node:fs';
import { Agent } from 'undici';
import { z } from 'zod';
import { GatewayError } from '../foundation/errors.ts';

/** How to reach and be let in by an HTTP peer. */
export const httpPeerShape = {
  url: z.url({ protocol: /^https?$/ }).describe('Address of the service'),
  timeoutSeconds: z.number().min(1).max(3_600).default(60).describe('Longest wait for an answer after the last byte was sent, seconds'),
  concurrency: z.int().min(1).max(32).default(2).describe('Requests at one time'),
  bearerTokenEnv: z.string().min(1).optional().describe('Environment variable with a bearer token'),
  username: z.string().min(1).optional().describe('User name of HTTP Basic; the password comes from passwordEnv'),
  passwordEnv: z.string().min(1).optional().describe('Environment variable with the password of HTTP Basic'),
  tls: z
    .strictObject({
      ca: z.string().optional().describe('PEM file with the certificates to trust instead of the system’s'),
      cert: z.string().optional().describe('PEM file with our certificate, for mutual TLS'),
      key: z.string().optional().describe('PEM file with its key'),
    })
    .optional()
    .describe('TLS towards the service; the system’s certificates when absent'),
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

/**
 * The Authorization header. Secrets are never in the configuration, only the names of the environment variables that hold them.
 * Errors: DESTINATION_SECRET_MISSING (permanent) when a named variable is not set.
 */
export function authorization(peer: Pick<HttpPeer, 'bearerTokenEnv' | 'username' | 'passwordEnv'>, secret: (variable: string) => string | undefined): Record<string, string> {
  const known = (variable: string): string => {
    const value = secret(variable);
    if (value === undefined || value === '') throw new GatewayError('DESTINATION_SECRET_MISSING', `environment variable ${variable} is not set`, { failure: 'permanent', context: { variable } });
    return value;
  };
  if (peer.bearerTokenEnv !== undefined) return { authorization: `Bearer ${known(peer.bearerTokenEnv)}` };
  if (peer.username === undefined) return {};
  const password = peer.passwordEnv === undefined ? '' : known(peer.passwordEnv);
  return { authorization: `Basic ${Buffer.from(`${peer.username}:${password}`).toString('base64')}` };
}

function definedOf<T extends object>(partial: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(partial).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
