import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request, type Dispatcher } from 'undici';
import { z } from 'zod';
import type { DeliveryFailure } from '../domain/delivery.ts';
import type { Clock } from '../foundation/clock.ts';
import { GatewayError } from '../foundation/errors.ts';
import { networkFailure } from './http-failure.ts';

/** OAuth 2.0 client credentials: with a secret (RFC 6749 §4.4) or a signed assertion (RFC 7523, SMART Backend Services). */
export const oauthSchema = z
  .strictObject({
    tokenUrl: z.url({ protocol: /^https?$/ }).describe('Token endpoint of the authorization server'),
    clientId: z.string().min(1).describe('Client id as registered there'),
    scope: z.string().min(1).optional().describe('Scopes asked for, separated by blanks, for example system/*.write'),
    clientSecretEnv: z.string().min(1).optional().describe('Environment variable with the client secret'),
    privateKey: z.string().min(1).optional().describe('PEM file with the private key that signs the assertion: RSA (RS384) or EC P-384 (ES384), SMART Backend Services'),
    keyId: z.string().min(1).optional().describe('kid of its public key in the JWK set registered there'),
  })
  .refine((value) => (value.clientSecretEnv === undefined) !== (value.privateKey === undefined), { message: 'needs one of clientSecretEnv and privateKey' });

export type OauthConfig = z.output<typeof oauthSchema>;

export interface OauthTools {
  readonly clock: Clock;
  readonly dispatcher: Dispatcher;
  readonly resolvePath: (file: string) => string;
  readonly secret: (variable: string) => string | undefined;
}

/** A token, or why there is none. */
export type TokenResult = { readonly token: string } | { readonly failure: DeliveryFailure };

const ASSERTION_SECONDS = 240;
const EARLY_MS = 30_000;
const DEFAULT_LIFE_SECONDS = 300;
const ANSWER_MS = 30_000;
const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Access tokens of one destination, fetched when there is none or it ends soon; one question at a time however many requests wait. */
export class OauthTokens {
  readonly #config: OauthConfig;
  readonly #tools: OauthTools;
  readonly #key: KeyObject | undefined;
  #held: { readonly token: string; readonly until: number } | undefined;
  #asking: Promise<TokenResult> | undefined;

  /** Errors: DESTINATION_SECRET_MISSING, OAUTH_KEY_UNREADABLE (permanent). */
  constructor(config: OauthConfig, tools: OauthTools) {
    this.#config = config;
    this.#tools = tools;
    this.#key = config.privateKey === undefined ? undefined : readKey(tools.resolvePath(config.privateKey));
    if (config.clientSecretEnv !== undefined) this.#secret(config.clientSecretEnv);
  }

  async token(signal: AbortSignal): Promise<TokenResult> {
    if (this.#held !== undefined && this.#held.until > this.#tools.clock.now()) return { token: this.#held.token };
    this.#asking ??= this.#ask(signal).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** The peer did not accept the token: the next request asks for another. */
  forget(): void {
    this.#held = undefined;
  }

  async #ask(signal: AbortSignal): Promise<TokenResult> {
    const { tokenUrl } = this.#config;
    try {
      const answer = await request(tokenUrl, {
        method: 'POST', dispatcher: this.#tools.dispatcher, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...this.#basic() },
        body: this.#form().toString(),
      });
      const text = await answer.body.text();
      return this.#taken(answer.statusCode, text);
    } catch (thrown) {
      // Whatever the token server did, nothing has reached the destination.
      return { failure: { ...networkFailure(thrown), failure: 'transient', code: 'OAUTH_TOKEN_REFUSED', message: 'has no token for us: the authorization server does not answer' } };
    }
  }

  #form(): URLSearchParams {
    const { clientId, scope } = this.#config;
    return new URLSearchParams({
      grant_type: 'client_credentials',
      ...(scope === undefined ? {} : { scope }),
      ...(this.#key === undefined ? {} : { client_assertion_type: CLIENT_ASSERTION, client_assertion: this.#assertion(this.#key, clientId) }),
    });
  }

  /** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
  #basic(): Record<string, string> {
    const { clientId, clientSecretEnv } = this.#config;
    if (clientSecretEnv === undefined) return {};
    const encoded = [clientId, this.#secret(clientSecretEnv)].map((part) => encodeURIComponent(part)).join(':');
    return { authorization: `Basic ${Buffer.from(encoded).toString('base64')}` };
  }

  /** The authentication JWT of SMART App Launch 2.2, "Asymmetric Authentication": at most five minutes, a jti of its own each time. */
  #assertion(key: KeyObject, clientId: string): string {
    const now = Math.floor(this.#tools.clock.now() / 1_000);
    const { alg, options } = algorithmOf(key);
    const header = { alg, typ: 'JWT', ...(this.#config.keyId === undefined ? {} : { kid: this.#config.keyId }) };
    const claims = { iss: clientId, sub: clientId, aud: this.#config.tokenUrl, iat: now, exp: now + ASSERTION_SECONDS, jti: randomUUID() };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${signed}.${sign('sha384', Buffer.from(signed), { key, ...options }).toString('base64url')}`;
  }

  #taken(status: number, text: string): TokenResult {
    const body = parsed(text);
    const token = body['access_token'];
    if (status === 200 && typeof token === 'string' && token !== '') {
      const life = typeof body['expires_in'] === 'number' ? body['expires_in'] : DEFAULT_LIFE_SECONDS;
      this.#held = { token, until: this.#tools.clock.now() + Math.max(life * 1_000 - EARLY_MS, (life * 1_000) / 2) };
      return { token };
    }
    const error = typeof body['error'] === 'string' ? body['error'].slice(0, 64) : undefined;
    return { failure: { kind: 'failed', failure: 'transient', code: 'OAUTH_TOKEN_REFUSED', message: `has no token for us: the authorization server answered HTTP ${status}${error === undefined ? '' : ` ${error}`}`, status: String(status), peerIsAtFault: true } };
  }

  #secret(variable: string): string {
    const value = this.#tools.secret(variable);
    if (value === undefined || value === '') throw new GatewayError('DESTINATION_SECRET_MISSING', `environment variable ${variable} is not set`, { failure: 'permanent', context: { variable } });
    return value;
  }
}

/** RS384 and ES384: the two that SMART servers must support. */
function algorithmOf(key: KeyObject): { alg: 'RS384' | 'ES384'; options: { dsaEncoding?: 'ieee-p1363' } } {
  return key.asymmetricKeyType === 'ec' ? { alg: 'ES384', options: { dsaEncoding: 'ieee-p1363' } } : { alg: 'RS384', options: {} };
}

function readKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(file));
    const fits = key.asymmetricKeyType === 'rsa' || (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'secp384r1');
    if (fits) return key;
  } catch {
    // said below, without what the file holds
  }
  throw new GatewayError('OAUTH_KEY_UNREADABLE', 'privateKey is no PEM file with an RSA or EC P-384 private key', { failure: 'permanent' });
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
