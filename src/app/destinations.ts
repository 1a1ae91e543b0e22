import path from 'node:path';
import type { Destination } from '../destinations/destination.ts';
import { createDestination, isBuilt } from '../destinations/registry.ts';
import type { CommittingDestination } from '../stages/delivery/prove-deliveries.ts';
import { createDimseSender } from '../destinations/dimse-store/dimse-peers-sender.ts';
import { configuredPeer } from './dimse-sender.ts';
import type { RoleContext } from './role-context.ts';
import { version } from './version.ts';

/** The destinations of the configuration that this version can send to. */
export function createDestinations({ config, clock, log }: RoleContext): readonly Destination[] {
  const base = config.file === null ? process.cwd() : path.dirname(config.file);
  const tools = {
    clock,
    log,
    software: `isocenter/${version()}`,
    resolvePath: (file: string) => path.resolve(base, file),
    secret: (variable: string) => process.env[variable],
    dimse: createDimseSender({ peer: (aeTitle) => configuredPeer(config.dimse, aeTitle), clock, log }),
  };
  return config.destinations.filter((entry) => isBuilt(entry.kind)).map((entry) => createDestination(entry, tools));
}

/** The destinations whose deliveries are proven by Storage Commitment, with their peers. */
export function committingDestinations({ config }: RoleContext): readonly CommittingDestination[] {
  return config.destinations.flatMap((entry) => {
    const peer = entry.kind === 'dimse-store' && entry.storageCommitment ? configuredPeer(config.dimse, entry.peer) : undefined;
    return peer === undefined ? [] : [{ name: entry.name, peer }];
  });
}

/** Names of the destinations that prove what they took, beyond answering for it. */
export function provingDestinations(config: RoleContext['config']): readonly string[] {
  return config.destinations.filter((entry) => (entry.kind === 'dimse-store' && entry.storageCommitment) || (entry.kind === 'stow-rs' && entry.proof !== 'none')).map((entry) => entry.name);
}
