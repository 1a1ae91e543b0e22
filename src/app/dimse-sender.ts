import type { DimseSender } from '../destinations/dimse-store/dimse-sender.ts';
import type { Clock } from '../foundation/clock.ts';
import { GatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import { sendInstances } from '../peers/dimse/send-instances.ts';
import type { DimseConfig } from './config/schema.ts';

/** C-STORE to the peers of the configuration, for the destination kind dimse-store. */
export function createDimseSender(dimse: DimseConfig, clock: Clock, log: Log): DimseSender {
  return {
    store: async ({ peer: aeTitle, instances, timeoutMs }, signal) => {
      const peer = dimse.peers.find((known) => known.aeTitle === aeTitle);
      if (peer === undefined) throw new GatewayError('PEER_UNKNOWN', `${aeTitle} is none of dimse.peers`, { failure: 'permanent' });
      const items = instances.map((instance) => ({ ...instance, bytes: instance.dataSet() }));
      return sendInstances({ host: peer.host, port: peer.port, aeTitle, callingAe: dimse.aeTitle[0] ?? 'ISOCENTER' }, items, { clock, log, signal, timeoutMs });
    },
  };
}
