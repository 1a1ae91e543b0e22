import type { DeliveryOutcome } from '../../domain/delivery.ts';
import { readAcknowledgement } from '../../standards/hl7v2/acknowledgement.ts';

/** Table 0357: 206 application record locked, 207 application internal error. What the sender did is right; later it may be taken. */
const PASSING = new Set(['206', '207']);

/**
 * What an acknowledgement says about the message with this control id. AA and CA: taken. AE, CE, AR, CR: refused, for good unless the error
 * code says that the receiver itself was at fault. An answer to another message is none.
 */
export function acknowledgementOutcome(text: string, controlId: string): DeliveryOutcome {
  const read = readAcknowledgement(text);
  const noOutcome = (message: string): DeliveryOutcome => ({ kind: 'failed', failure: 'ambiguous', code: 'PEER_NO_OUTCOME', message, peerIsAtFault: true });
  if (!read.ok) return noOutcome('answered with something that is no acknowledgement');
  const { code, controlId: answered, errorCodes } = read.value;
  if (answered !== controlId) return noOutcome('acknowledged another message (MSA-2)');
  if (code === 'AA' || code === 'CA') return { kind: 'delivered', proven: false, status: code };
  const base = { kind: 'failed', status: [code, ...errorCodes].join('/'), detail: { acknowledgement: code, errorCodes } } as const;
  if (errorCodes.some((error) => PASSING.has(error))) return { ...base, failure: 'ambiguous', code: 'PEER_FAILED', message: `could not process it (${base.status})`, peerIsAtFault: false };
  return { ...base, failure: 'permanent', code: 'PEER_REFUSED', message: `refused the message (${base.status})`, peerIsAtFault: false };
}
