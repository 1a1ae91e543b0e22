import { readFileSync } from 'node:fs';
import type { DimsePeer } from '../peers/dimse/dimse-peer.ts';
import type { DimseConfig } from './config/schema.ts';

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
