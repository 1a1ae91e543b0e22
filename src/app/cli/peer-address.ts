import { UsageError } from './command-config.ts';

export interface PeerAddress {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
}

/** Reads `AE@host:port`; IPv6 addresses in brackets. */
export function peerAddress(text: string): PeerAddress {
  const match = /^([^@]{1,16})@(\[[0-9a-fA-F:.]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65535) throw new UsageError(`${text}: a peer is written AE@host:port`);
  return { aeTitle: match[1]!.trim(), host: match[2]!.replaceAll(/[[\]]/g, ''), port };
}
