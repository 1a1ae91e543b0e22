import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { request, type Dispatcher } from 'undici';
import type { DeliveryOutcome } from '../../domain/delivery.ts';
import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import { networkFailure } from '../http-failure.ts';
import { multipartBody, type StowInstance } from './multipart.ts';
import { stowOutcomes } from './stow-response.ts';

export interface StowTarget {
  /** The `studies` resource: `…/dicom-web/studies`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
}

const MAX_ANSWER_BYTES = 8 << 20;

/**
 * Stores instances in one STOW-RS request (PS3.18 §10.5) and says what became of each. Streams; holds no instance in memory.
 * Rejects only when the bytes of an instance cannot be read on our side (the GatewayError of that).
 */
export async function stowInstances(target: StowTarget, instances: readonly StowInstance[], signal: AbortSignal): Promise<DeliveryOutcome[]> {
  const body = multipartBody(instances, `isocenter-${randomBytes(16).toString('hex')}`);
  let ownFailure: GatewayError | undefined;
  const source = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* body.stream();
    } catch (thrown) {
      if (thrown instanceof GatewayError) ownFailure = thrown;
      throw thrown;
    }
  };
  try {
    const answer = await request(target.url, {
      method: 'POST',
      headers: { ...target.headers, accept: 'application/dicom+json', 'accept-encoding': 'identity', 'content-type': body.contentType, 'content-length': String(body.contentLength) },
      body: Readable.from(source(), { objectMode: false }),
      dispatcher: target.dispatcher,
      signal,
    });
    const retryAfter = answer.headers['retry-after'];
    const text = await boundedText(answer.body);
    const head = { status: answer.statusCode, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined };
    return stowOutcomes({ ...head, body: text }, instances.map((instance) => instance.sopInstanceUid), target.clock.now());
  } catch (thrown) {
    if (ownFailure !== undefined) throw ownFailure;
    const failure = networkFailure(thrown);
    return instances.map(() => failure);
  }
}

async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) break;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
