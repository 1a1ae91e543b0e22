import { fault, ok, type Result } from '../../foundation/result.ts';
import { parseAccept, type MediaRange } from '../../standards/dicomweb/media-type.ts';

/** One representation the server can give, in its order of preference. */
export interface Offer {
  /** `application/dicom`, `application/octet-stream`, `application/dicom+json`, … */
  readonly type: string;
  /** As a part of multipart/related, or as the whole body. */
  readonly multipart: boolean;
}

export interface Chosen extends Offer {
  /** `transfer-syntax` of the accepted range: a UID, `*`, or undefined when none was named (PS3.18 §8.7.3.5.2). */
  readonly transferSyntax: string | undefined;
}

/**
 * Picks what is sent from the Accept header (PS3.18 §8.7). A missing header counts as anything: real clients omit it although
 * §8.7.5 asks for one (ADR 0014).
 */
export function chooseOffer(accept: string | undefined, offers: readonly Offer[]): Result<Chosen, { readonly message: string }> {
  const ranges = accept === undefined || accept.trim() === '' ? parseAccept('*/*') : parseAccept(accept);
  for (const range of ranges) {
    if (range.q === 0) continue;
    const offer = offers.find((one) => accepts(range, one));
    if (offer !== undefined) return ok({ ...offer, transferSyntax: range.parameters.get('transfer-syntax') });
  }
  const list = offers.map((offer) => (offer.multipart ? `multipart/related; type="${offer.type}"` : offer.type)).join(', ');
  return fault({ message: `nothing acceptable; this resource comes as ${list}` });
}

function accepts(range: MediaRange, offer: Offer): boolean {
  if (range.type === '*/*') return true;
  if (range.type === 'multipart/related') {
    const type = range.parameters.get('type')?.toLowerCase();
    return offer.multipart && (type === undefined || type === '*/*' || type === offer.type);
  }
  if (range.type === 'multipart/*') return offer.multipart;
  const [main] = range.type.split('/');
  return !offer.multipart && (range.type === offer.type || (range.type.endsWith('/*') && offer.type.startsWith(`${main}/`)));
}
