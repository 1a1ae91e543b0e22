import { GatewayError } from '../../foundation/errors.ts';
import { commandFields } from '../../standards/dimse/command.ts';
import { type CommitmentAction, requestCommitment, storageCommitmentInstance, storageCommitmentPush, writeCommitmentAction } from '../../standards/dimse/commitment-messages.ts';
import { statusText } from '../../standards/dimse/statuses.ts';
import { explicitVrLittleEndian, implicitVrLittleEndian } from '../../standards/upper-layer/negotiation.ts';
import { openAssociation } from '../../transport/dicom/association-client.ts';
import type { DimseService } from '../../transport/dicom/dimse-service.ts';
import { addressed, type CallContext, type DimsePeer } from './dimse-peer.ts';

export interface AskCommitmentOptions extends CallContext {
  /** Takes the N-EVENT-REPORT when it comes on this association. */
  readonly results: DimseService;
  /** Resolves when the result is here, or nobody waits for it on this association any more. */
  readonly untilHeard: () => Promise<void>;
}

/**
 * Asks a peer to commit objects, PS3.4 §J.3.2, and keeps the association open for its result as long as `untilHeard` says.
 * Errors: those of `openAssociation`; `COMMITMENT_REFUSED` (transient: somebody may change a setting) when it has no such context or
 * answers with a failure.
 */
export async function askCommitment(peer: DimsePeer, action: CommitmentAction, options: AskCommitmentOptions): Promise<void> {
  const { results, untilHeard, signal } = options;
  const contexts = [{ abstractSyntax: storageCommitmentPush, transferSyntaxes: [explicitVrLittleEndian, implicitVrLittleEndian] }];
  const association = await openAssociation({ ...addressed(peer, options), contexts, services: [results] }, signal);
  try {
    const accepted = association.contextFor(storageCommitmentPush);
    if (accepted === undefined) throw new GatewayError('COMMITMENT_REFUSED', 'the peer accepts no context for storage commitment', { failure: 'transient' });
    const command = { field: commandFields.nActionRq, requestedSopClassUid: storageCommitmentPush, requestedSopInstanceUid: storageCommitmentInstance, actionTypeId: requestCommitment };
    const response = await association.invoke({ contextId: accepted.id, command, dataSet: writeCommitmentAction(action, accepted.transferSyntax) }, signal);
    if (response.status !== 0) throw new GatewayError('COMMITMENT_REFUSED', `the peer answered the request with ${statusText(response.status)}`, { failure: 'transient' });
    const ended = new Promise<void>((resolve) => {
      association.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([untilHeard(), ended]);
  } finally {
    await association.release(AbortSignal.any([signal, AbortSignal.timeout(10_000)]));
  }
}
