import type { Clock } from '../../foundation/clock.ts';
import type { Log } from '../../foundation/log.ts';
import type { AssociationRequest } from '../../transport/dicom/association-client.ts';
import type { ClientTls } from '../../transport/dicom/tls-options.ts';

/** A DICOM application entity we call, and who we say we are. */
export interface DimsePeer {
  readonly host: string;
  readonly port: number;
  readonly aeTitle: string;
  readonly callingAe: string;
  /** Present = over TLS. */
  readonly tls?: ClientTls;
}

/** What every call of this folder needs from its caller. */
export interface CallContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the whole call; what is under way is aborted. */
  readonly signal: AbortSignal;
}

/** The part of an association request that the peer and the caller decide. */
export function addressed(peer: DimsePeer, { clock, log }: CallContext): Omit<AssociationRequest, 'contexts'> {
  return {
    host: peer.host,
    port: peer.port,
    calledAe: peer.aeTitle,
    callingAe: peer.callingAe,
    ...(peer.tls === undefined ? {} : { tls: peer.tls }),
    clock,
    log,
  };
}
