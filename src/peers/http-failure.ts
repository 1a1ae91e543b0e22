import type { DeliveryFailure } from '../domain/delivery.ts';

// Nothing of the request has left: no name, no route, nobody listening, no trust.
const NOT_SENT = new Set([
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_REVOKED', 'EPROTO',
]);

/** A request that got no answer: whether it can have had an effect decides between transient and ambiguous. */
export function networkFailure(thrown: unknown): DeliveryFailure {
  const code = networkCode(thrown);
  const sent = !(code !== undefined && (NOT_SENT.has(code) || code.startsWith('ERR_SSL')));
  return {
    kind: 'failed',
    failure: sent ? 'ambiguous' : 'transient',
    code: sent ? 'PEER_NO_ANSWER' : 'PEER_UNREACHABLE',
    message: sent ? `no answer after sending (${code ?? 'unknown error'})` : `cannot be reached (${code})`,
    ...(code === undefined ? {} : { status: code }),
    peerIsAtFault: true,
  };
}

export interface HttpAnswer {
  readonly status: number;
  /** Retry-After as the peer wrote it. */
  readonly retryAfter: string | undefined;
}

/**
 * An answer outside 2xx, by its status alone; a protocol that says more in its body decides by that first.
 * 401, 403 and 407 concern all messages and end when a person changes a setting: the messages wait, they do not die.
 */
export function httpFailure(answer: HttpAnswer, now: number): DeliveryFailure {
  const { status } = answer;
  const base = { kind: 'failed', status: String(status), retryAfterMs: retryAfterMs(answer.retryAfter, now) } as const;
  if (status === 401 || status === 403 || status === 407) {
    return { ...base, failure: 'transient', code: 'PEER_DENIED', message: `refuses our credentials (HTTP ${status})`, peerIsAtFault: true };
  }
  if (status === 429 || status === 503 || status === 408 || status === 425 || status === 507) {
    return { ...base, failure: 'transient', code: 'PEER_BUSY', message: `cannot take it now (HTTP ${status})`, peerIsAtFault: true };
  }
  if (status >= 500) return { ...base, failure: 'ambiguous', code: 'PEER_FAILED', message: `failed on its side (HTTP ${status})`, peerIsAtFault: true };
  if (status === 409) return { ...base, failure: 'transient', code: 'PEER_CONFLICT', message: 'met a conflict with another change (HTTP 409)', peerIsAtFault: false };
  return { ...base, failure: 'permanent', code: 'PEER_REFUSED', message: `refused it (HTTP ${status})`, peerIsAtFault: false };
}

/** Retry-After (RFC 9110 §10.2.3): seconds or a date; undefined when absent or unreadable. At most a day is believed. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 24 * 3_600_000) : undefined;
}

/** The system's or undici's error code, from whatever depth of `cause` it lies at. */
function networkCode(thrown: unknown): string | undefined {
  let at: unknown = thrown;
  for (let depth = 0; depth < 5 && at instanceof Error; depth += 1) {
    const { code, errors } = at as { code?: unknown; errors?: readonly unknown[] };
    if (typeof code === 'string' && code !== '') return code;
    if (at.name === 'TimeoutError' || at.name === 'AbortError') return 'TIMEOUT';
    at = at.cause ?? errors?.[0];
  }
  return undefined;
}
