import { z } from 'zod';
import { GatewayError } from '../foundation/errors.ts';
import type { Destination, DestinationTools, PayloadMediaType } from './destination.ts';
import type { DestinationKind } from './destination-kind.ts';
import { dimseStore } from './dimse-store/dimse-store-destination.ts';
import { fhir } from './fhir/fhir-destination.ts';
import { folder } from './folder/folder-destination.ts';
import { hl7Oru } from './hl7-oru/hl7-oru-destination.ts';
import { stowRs } from './stow-rs/stow-rs-destination.ts';

/** One entry of `destinations` in the configuration. A new kind: its folder, a line here and one in `kinds`. */
export const destinationSchema = z.discriminatedUnion('kind', [stowRs.schema, dimseStore.schema, fhir.schema, folder.schema, hl7Oru.schema]);

export type DestinationConfig = z.output<typeof destinationSchema>;

const kinds: readonly DestinationKind[] = [stowRs, dimseStore, fhir, folder, hl7Oru];

/** Whether objects of this type go to destinations of this kind at all. */
export function takes(kind: string, mediaType: PayloadMediaType): boolean {
  return kindOf(kind).mediaTypes.includes(mediaType);
}

/** False: accepted by the configuration, and nothing is sent to it yet; said at start. */
export function isBuilt(kind: string): boolean {
  return kindOf(kind).create !== null;
}

/**
 * Makes a destination that has been built (isBuilt). Defaults are filled in here, so an entry may be given as the file has it.
 * Errors: DESTINATION_NOT_BUILT, DESTINATION_UNKNOWN, DESTINATION_SECRET_MISSING (permanent); ZodError for an entry that is none.
 */
export function createDestination(entry: { readonly name: string; readonly kind: string }, tools: DestinationTools): Destination {
  const kind = kindOf(entry.kind);
  if (kind.create === null) throw new GatewayError('DESTINATION_NOT_BUILT', `kind ${entry.kind} is not built yet`, { failure: 'permanent' });
  return kind.create(kind.schema.parse(entry), tools);
}

function kindOf(kind: string): DestinationKind {
  const found = kinds.find((candidate) => candidate.kind === kind);
  if (found === undefined) throw new GatewayError('DESTINATION_UNKNOWN', `no such kind of destination: ${kind}`, { failure: 'permanent' });
  return found;
}
