import { explicitVrLittleEndian, implicitVrLittleEndian } from '../../standards/upper-layer/negotiation.ts';
import { openAssociation } from '../../transport/dicom/association-client.ts';
import { addressed, type CallContext, type DimsePeer } from './dimse-peer.ts';

/**
 * Proposes a presentation context for each SOP class and stores nothing: what the peer accepts, it takes (PS3.8 §9.3.3.2).
 *
 * @param sopClassUids at most 128
 * Errors: those of `openAssociation`.
 */
export async function probeStorage(peer: DimsePeer, sopClassUids: readonly string[], context: CallContext): Promise<readonly { readonly sopClassUid: string; readonly accepted: boolean }[]> {
  const contexts = sopClassUids.map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: [explicitVrLittleEndian, implicitVrLittleEndian] }));
  const association = await openAssociation({ ...addressed(peer, context), contexts }, context.signal);
  try {
    return sopClassUids.map((sopClassUid) => ({ sopClassUid, accepted: association.contextFor(sopClassUid) !== undefined }));
  } finally {
    await association.release(context.signal);
  }
}
