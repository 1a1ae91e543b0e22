import { systemClock } from '../../foundation/clock.ts';
import { silentLog } from '../../foundation/log.ts';
import { echo as echoPeer } from '../../peers/dimse/echo.ts';
import { UsageError } from './command-config.ts';
import { peerAddress } from './peer-address.ts';

const DEADLINE_MS = 15_000;

export interface EchoOptions {
  readonly calling: string;
  readonly all?: boolean;
  readonly config?: string;
}

/** `isocenter echo AE@host:port`: C-ECHO (PS3.4 §A.4); 0 = the peer answered 0000H. With `--all`: see echo-all.ts. */
export async function echo(to: string | undefined, options: EchoOptions): Promise<number> {
  if (options.all === true) return (await import('./echo-all.ts')).echoAll(options);
  if (to === undefined) throw new UsageError('echo needs a peer, AE@host:port, or --all');
  const peer = { ...peerAddress(to), callingAe: options.calling };
  const status = await echoPeer(peer, { clock: systemClock, log: silentLog, signal: AbortSignal.timeout(DEADLINE_MS) });
  console.log(`${to}: ${status.toString(16).toUpperCase().padStart(4, '0')}H`);
  return status === 0 ? 0 : 1;
}
