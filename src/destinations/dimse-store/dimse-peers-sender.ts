import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import type { DimsePeer } from '../../peers/dimse/dimse-peer.ts';
import { sendInstances } from '../../peers/dimse/send-instances.ts';
import type { DimseSender } from './dimse-sender.ts';

export interface DimsePeersSenderOptions {
  /** `dimse.peers`, each with our calling AE title. */
  readonly peers: readonly DimsePeer[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * C-STORE to the peers of the configuration.
 * Errors of `store`: DIMSE_PEER_UNKNOWN (permanent), and those of opening an association.
 */
export function createDimseSender({ peers, clock, log }: DimsePeersSenderOptions): DimseSender {
  return {
    store: async (request, signal) => {
      const peer = peers.find((candidate) => candidate.aeTitle === request.peer);
      if (peer === undefined) throw new GatewayError('DIMSE_PEER_UNKNOWN', 'no such AE title among dimse.peers', { failure: 'permanent', context: { peer: request.peer } });
      const instances = request.instances.map((instance) => ({ ...instance, bytes: instance.dataSet() }));
      return sendInstances(peer, instances, { clock, log, signal, timeoutMs: request.timeoutMs });
    },
  };
}
