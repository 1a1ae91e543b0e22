import { z } from 'zod';
import type { DeliveryFailure, DeliveryOutcome } from '../../domain/delivery.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import { destinationKind, destinationName } from '../destination-kind.ts';
import { ladderShape } from '../ladder-options.ts';
import { paced, paceOf, paceShape } from '../pace.ts';
import { refuseMediaType } from '../payload-check.ts';
import type { DimseStoreResult } from './dimse-sender.ts';

/** A PACS that takes objects over C-STORE, PS3.4 Annex B. */
export const dimseStore = destinationKind({
  kind: 'dimse-store',
  schema: z.strictObject({
    name: destinationName,
    kind: z.literal('dimse-store'),
    peer: z.string().min(1).max(16).describe('AE title of one of dimse.peers'),
    storageCommitment: z.boolean().default(false).describe('Ask the peer to commit what it took'),
    timeoutSeconds: z.number().min(1).max(3_600).default(60).describe('Longest wait for one answer, seconds'),
    concurrency: z.int().min(1).max(16).default(1).describe('Associations at one time'),
    ...ladderShape,
    batchSize: z.int().min(1).max(500).default(100).describe('Instances in one association'),
    ...paceShape,
  }),
  mediaTypes: ['application/dicom'],
  create: (config, tools) => {
    const pace = paceOf(config.maxKilobitsPerSecond);
    return {
      name: config.name,
      kind: config.kind,
      concurrency: config.concurrency,
      batchSize: config.batchSize,
      deliver: (payloads, signal) =>
        refuseMediaType(payloads, 'application/dicom', async (instances) => {
          const request = { peer: config.peer, instances: paced(instances, pace), timeoutMs: config.timeoutSeconds * 1_000 };
          try {
            return (await tools.dimse.store(request, signal)).map(outcomeOf);
          } catch (thrown) {
            const failure = associationFailure(thrown);
            return instances.map(() => failure);
          }
        }),
      probe: (sopClassUids, signal) => tools.dimse.probe(config.peer, sopClassUids, signal),
      close: () => Promise.resolve(),
    };
  },
});

function associationFailure(thrown: unknown): DeliveryFailure {
  const error = asGatewayError(thrown);
  // A rejected association (unknown AE, no contexts) ends when somebody changes a setting; messages wait for that.
  const failure = error.failure === 'permanent' && error.code !== 'BLOB_UNREADABLE' ? 'transient' : error.failure;
  return { kind: 'failed', failure, code: error.code, message: `no association: ${error.message}`, peerIsAtFault: error.code !== 'BLOB_UNREADABLE' };
}

/** Status of a C-STORE-RSP: PS3.4 Table B.2-1 and PS3.7 Annex C. */
export function outcomeOf(result: DimseStoreResult): DeliveryOutcome {
  if (result.kind === 'answered') return statusOutcome(result.status, result.comment);
  const base = { kind: 'failed', peerIsAtFault: true } as const;
  if (result.kind === 'not-sent') return { ...base, failure: 'transient', code: 'PEER_UNREACHABLE', message: result.message };
  if (result.kind === 'unanswered') return { ...base, failure: 'ambiguous', code: 'PEER_NO_ANSWER', message: result.message };
  return { ...base, failure: 'permanent', code: 'PRESENTATION_CONTEXT_REFUSED', message: 'takes no objects of this SOP class and transfer syntax', peerIsAtFault: false };
}

function statusOutcome(status: number, comment: string | undefined): DeliveryOutcome {
  const text = `${status.toString(16).toUpperCase().padStart(4, '0')}H`;
  // The comment is the peer's and may quote the patient: it is kept in the attempt, never in a message or log.
  const detail = comment === undefined ? {} : { detail: { comment } };
  const warning = (status & 0xf000) === 0xb000 || status === 0x0001 || status === 0x0107 || status === 0x0116;
  if (status === 0x0000 || warning) return { kind: 'delivered', proven: false, status: text, ...detail };
  if (status === 0x0111) return { kind: 'delivered', proven: false, status: text, alreadyThere: true, ...detail };
  const base = { kind: 'failed', status: text, ...detail } as const;
  if ((status & 0xff00) === 0xa700) return { ...base, failure: 'transient', code: 'PEER_OUT_OF_RESOURCES', message: `has no room (${text})`, peerIsAtFault: true };
  if (status === 0x0213 || status === 0xfe00) return { ...base, failure: 'transient', code: 'PEER_BUSY', message: `cannot take it now (${text})`, peerIsAtFault: true };
  if (status === 0x0124) return { ...base, failure: 'transient', code: 'PEER_DENIED', message: `does not allow us to store (${text})`, peerIsAtFault: true };
  if (status === 0x0110) return { ...base, failure: 'ambiguous', code: 'PEER_FAILED', message: `failed to process it (${text})`, peerIsAtFault: false };
  // PS3.7 §C.5.6: SOP class not supported, said in the answer rather than when the association was made.
  if (status === 0x0122) return { ...base, failure: 'permanent', code: 'SOP_CLASS_REFUSED', message: `takes no objects of this SOP class (${text})`, peerIsAtFault: false };
  return { ...base, failure: 'permanent', code: 'PEER_REFUSED', message: `refused the instance (${text})`, peerIsAtFault: false };
}
