import { GatewayError } from '../../foundation/errors.ts';
import { commandFields } from '../../standards/dimse/command.ts';
import { type CommitmentEvent, storageCommitmentInstance, storageCommitmentPush, writeCommitmentEvent } from '../../standards/dimse/commitment-messages.ts';
import { statusText } from '../../standards/dimse/statuses.ts';
import { type AcceptedContext, explicitVrLittleEndian, implicitVrLittleEndian } from '../../standards/upper-layer/negotiation.ts';
import { openAssociation } from '../../transport/dicom/association-client.ts';
import type { PeerAssociation } from '../../transport/dicom/dimse-service.ts';
import { addressed, type CallContext, type DimsePeer } from './dimse-peer.ts';

/**
 * Tells the result of a storage commitment on an association of our own, on which we are the SCP (PS3.4 §J.3.3, PS3.7 §D.3.3.4).
 * Errors: those of `openAssociation`; `COMMITMENT_NOT_TAKEN` (transient) when the peer has no such context or answers with a failure.
 */
export async function reportCommitment(peer: DimsePeer, event: CommitmentEvent, context: CallContext): Promise<void> {
  const contexts = [{ abstractSyntax: storageCommitmentPush, transferSyntaxes: [explicitVrLittleEndian, implicitVrLittleEndian] }];
  const roles = [{ sopClassUid: storageCommitmentPush, scu: false, scp: true }];
  const association = await openAssociation({ ...addressed(peer, context), contexts, roles }, context.signal);
  try {
    const accepted = association.contextFor(storageCommitmentPush);
    if (accepted === undefined) throw new GatewayError('COMMITMENT_NOT_TAKEN', 'the peer accepts no context for results of storage commitments', { failure: 'transient' });
    await reportOn(association, accepted, event, context.signal);
  } finally {
    await association.release(context.signal);
  }
}

/** The same on an association that is there already. */
export async function reportOn(association: Pick<PeerAssociation, 'invoke'>, accepted: AcceptedContext, event: CommitmentEvent, signal: AbortSignal): Promise<void> {
  const { eventTypeId, bytes } = writeCommitmentEvent(event, accepted.transferSyntax);
  const command = { field: commandFields.nEventReportRq, affectedSopClassUid: storageCommitmentPush, affectedSopInstanceUid: storageCommitmentInstance, eventTypeId };
  const response = await association.invoke({ contextId: accepted.id, command, dataSet: bytes }, signal);
  if (response.status !== 0) throw new GatewayError('COMMITMENT_NOT_TAKEN', `the peer answered the result with ${statusText(response.status)}`, { failure: 'transient' });
}
