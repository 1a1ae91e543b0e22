import { explicitVrLittleEndian, implicitVrLittleEndian } from '../../standards/upper-layer/negotiation.ts';
import { openAssociation } from '../../transport/dicom/association-client.ts';
import { addressed, type CallContext, type DimsePeer } from './dimse-peer.ts';

/**
 * C-ECHO on an association of its own.
 *
 * @returns the status of the answer, 0 = success. Errors: those of `openAssociation` and `cEcho`.
 */
export async function echo(peer: DimsePeer, context: CallContext): Promise<number> {
  const contexts = [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: [explicitVrLittleEndian, implicitVrLittleEndian] }];
  const association = await openAssociation({ ...addressed(peer, context), contexts }, context.signal);
  try {
    return await association.cEcho(context.signal);
  } finally {
    await association.release(context.signal);
  }
}
