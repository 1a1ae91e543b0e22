import type { DeliveryFailure, DeliveryOutcome } from '../domain/delivery.ts';
import type { Payload, PayloadMediaType } from './destination.ts';

/**
 * Hands the payloads of one media type to `deliver` and refuses the others for good: routing a picture to an EHR is a mistake of the
 * configuration, and the rest of the batch must not suffer from it. Order is kept.
 */
export async function refuseMediaType<M extends PayloadMediaType>(
  payloads: readonly Payload[],
  mediaType: M,
  deliver: (taken: readonly Extract<Payload, { mediaType: M }>[]) => Promise<readonly DeliveryOutcome[]>,
): Promise<readonly DeliveryOutcome[]> {
  const taken = payloads.filter((payload): payload is Extract<Payload, { mediaType: M }> => payload.mediaType === mediaType);
  const outcomes = taken.length === 0 ? [] : await deliver(taken);
  let next = 0;
  return payloads.map((payload) => (payload.mediaType === mediaType ? outcomes[next++]! : refused(payload.mediaType)));
}

function refused(mediaType: string): DeliveryFailure {
  return { kind: 'failed', failure: 'permanent', code: 'MEDIA_TYPE_NOT_TAKEN', message: `does not take ${mediaType}`, peerIsAtFault: false };
}
