import { systemClock } from '../../foundation/clock.ts';
import { silentLog } from '../../foundation/log.ts';
import { echo as echoPeer } from '../../peers/dimse/echo.ts';
import { peerAddress } from './peer-address.ts';

const DEADLINE_MS = 15_000;

/** `isocenter echo AE@host:port`: C-ECHO (PS3.4 §A.4); 0 = the peer answered 0000H. */
export async function echo(to: string, options: { readonly calling: string }): Promise<number> {
  const peer = { ...peerAddress(to), callingAe: options.calling };
  const status = await echoPeer(peer, { clock: systemClock, log: silentLog, signal: AbortSignal.timeout(DEADLINE_MS) });
  console.log(`${to}: ${status.toString(16).toUpperCase().padStart(4, '0')}H`);
  return status === 0 ? 0 : 1;
}
