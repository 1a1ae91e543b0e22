import { reencodeBytes } from '../../archive/reencode-bytes.ts';
import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import type { DimsePeer } from '../../peers/dimse/dimse-peer.ts';
import { probeStorage } from '../../peers/dimse/probe-storage.ts';
import { sendInstances } from '../../peers/dimse/send-instances.ts';
import type { DimseSender } from './dimse-sender.ts';

export interface DimsePeersSenderOptions {
  /** One of `dimse.peers` with our calling AE title, as it is reached now; asked for each call, so that new certificates are taken up. */
  readonly peer: (aeTitle: string) => DimsePeer | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * C-STORE to the peers of the configuration.
 * Errors of `store`: DIMSE_PEER_UNKNOWN (permanent), and those of opening an association.
 */
export function createDimseSender({ peer: lookUp, clock, log }: DimsePeersSenderOptions): DimseSender {
  const peerOf = (aeTitle: string): DimsePeer => {
    const peer = lookUp(aeTitle);
    if (peer === undefined) throw new GatewayError('DIMSE_PEER_UNKNOWN', 'no such AE title among dimse.peers', { failure: 'permanent', context: { peer: aeTitle } });
    return peer;
  };
  return {
    probe: async (peer, sopClassUids, signal) => probeStorage(peerOf(peer), sopClassUids, { clock, log, signal }),
    store: async (request, signal) => {
      // What the peer does not take as it is stored is re-encoded without loss.
      const instances = request.instances.map((instance) => ({
        ...instance,
        bytes: instance.dataSet(),
        reencode: (acceptable: readonly string[]) => reencodeBytes(instance.dataSet(), instance.transferSyntaxUid, acceptable),
      }));
      return sendInstances(peerOf(request.peer), instances, { clock, log, signal, timeoutMs: request.timeoutMs });
    },
  };
}
