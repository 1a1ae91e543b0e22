import { systemClock } from '../../foundation/clock.ts';
import { silentLog } from '../../foundation/log.ts';
import { implicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import { openAssociation } from '../../transport/dicom/association-client.ts';
import { peerAddress } from './peer-address.ts';

const VERIFICATION = '1.2.840.10008.1.1';
const DEADLINE_MS = 15_000;

/** `isocenter echo AE@host:port`: C-ECHO (PS3.4 §A.4); 0 = the peer answered 0000H. */
export async function echo(to: string, options: { readonly calling: string }): Promise<number> {
  const { aeTitle, host, port } = peerAddress(to);
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const association = await openAssociation(
    { host, port, calledAe: aeTitle, callingAe: options.calling, contexts: [{ abstractSyntax: VERIFICATION, transferSyntaxes: [implicitLittleEndian] }], clock: systemClock, log: silentLog },
    signal,
  );
  const status = await association.cEcho(signal);
  await association.release(signal);
  console.log(`${to}: ${status.toString(16).toUpperCase().padStart(4, '0')}H`);
  return status === 0 ? 0 : 1;
}
