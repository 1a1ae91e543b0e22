import { readFileSync } from 'node:fs';
import type { DimseSender } from '../destinations/dimse-store/dimse-sender.ts';
import type { Clock } from '../foundation/clock.ts';
import { GatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import type { DimsePeer } from '../peers/dimse/dimse-peer.ts';
import { probeStorage } from '../peers/dimse/probe-storage.ts';
import { sendInstances } from '../peers/dimse/send-instances.ts';
import type { DimseConfig } from './config/schema.ts';

/** C-STORE to the peers of the configuration, for the destination kind dimse-store. */
export function createDimseSender(dimse: DimseConfig, clock: Clock, log: Log): DimseSender {
  return {
    store: async ({ peer: aeTitle, instances, timeoutMs }, signal) => {
      const peer = configuredPeer(dimse, aeTitle);
      if (peer === undefined) throw new GatewayError('PEER_UNKNOWN', `${aeTitle} is none of dimse.peers`, { failure: 'permanent' });
      const items = instances.map((instance) => ({ ...instance, bytes: instance.dataSet() }));
      return sendInstances(peer, items, { clock, log, signal, timeoutMs });
    },
    probe: async (aeTitle, sopClassUids, signal) => {
      const peer = configuredPeer(dimse, aeTitle);
      if (peer === undefined) throw new GatewayError('PEER_UNKNOWN', `${aeTitle} is none of dimse.peers`, { failure: 'permanent' });
      return probeStorage(peer, sopClassUids, { clock, log, signal });
    },
  };
}

/** How a peer of the configuration is called; undefined when it is none. Over TLS with the certificate of dimse.tls when it says so. */
export function configuredPeer(dimse: DimseConfig, aeTitle: string): DimsePeer | undefined {
  const peer = dimse.peers.find((known) => known.aeTitle === aeTitle);
  if (peer === undefined) return undefined;
  const { host, port } = peer;
  const pem = (file: string | undefined): string | undefined => (file === undefined ? undefined : readFileSync(file, 'utf8'));
  const ca = pem(dimse.tls?.ca);
  const identity = dimse.tls === undefined ? {} : { cert: readFileSync(dimse.tls.cert, 'utf8'), key: readFileSync(dimse.tls.key, 'utf8') };
  const tls = peer.tls ? { tls: { ...identity, ...(ca === undefined ? {} : { ca }) } } : {};
  return { host, port, aeTitle, callingAe: dimse.aeTitle[0] ?? 'ISOCENTER', ...tls };
}
