import { Client } from 'fhir-kit-client';
import type { Dispatcher } from 'undici';
import type { DeliveryOutcome } from '../../domain/delivery.ts';
import type { Clock } from '../../foundation/clock.ts';
import { networkFailure } from '../http-failure.ts';
import { transactionOutcome } from './fhir-response.ts';

export interface FhirTarget {
  /** Base of the FHIR service: `https://ehr/fhir/R4`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Posts a transaction bundle and says what became of it. Never rejects.
 *
 * @param requestId the same on each repeat, so that both logs can be laid side by side
 */
export async function submitTransaction(target: FhirTarget, bundle: { readonly resourceType: string }, requestId: string, signal: AbortSignal): Promise<DeliveryOutcome> {
  // A client per request: it keeps state (agents, headers), and the pool is in the dispatcher anyway.
  const client = new Client({ baseUrl: target.url, customHeaders: { ...target.headers, prefer: 'return=minimal', 'x-request-id': requestId } });
  const options = {
    signal: AbortSignal.any([signal, AbortSignal.timeout(target.timeoutMs)]),
    // The client asks for `keepalive`, under which fetch may refuse bodies over 64 KiB; a redirected POST would lose its body.
    keepalive: false,
    redirect: 'manual',
    dispatcher: target.dispatcher,
  } as const;
  try {
    const body = await client.request(target.url, { method: 'POST', body: bundle, options: { ...options, headers: { 'content-type': 'application/fhir+json' } } as never });
    const response = Client.httpFor(body).response;
    return transactionOutcome({ status: response?.status ?? 200, retryAfter: undefined, body }, target.clock.now());
  } catch (thrown) {
    const refused = responseOf(thrown);
    return refused === undefined ? networkFailure(thrown) : transactionOutcome(refused, target.clock.now());
  }
}

/** fhir-kit-client rejects with `response` and `config` for an answer outside 2xx and for one that is no JSON. */
function responseOf(thrown: unknown): { status: number; retryAfter: string | undefined; body: unknown } | undefined {
  const { response, config } = thrown as { response?: { status?: unknown; data?: unknown }; config?: { headers?: unknown } };
  if (typeof response?.status !== 'number') return undefined;
  const headers = config?.headers;
  return { status: response.status, retryAfter: headers instanceof Headers ? (headers.get('retry-after') ?? undefined) : undefined, body: response.data };
}
