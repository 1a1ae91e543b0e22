import { z } from 'zod';
import type { Destination, DestinationTools, PayloadMediaType } from './destination.ts';

/** A kind of destination: its configuration, what it takes, and how one is made. */
export interface DestinationKind<Schema extends z.ZodType<{ name: string; kind: string }> = z.ZodType<{ name: string; kind: string }>> {
  readonly kind: string;
  readonly schema: Schema;
  readonly mediaTypes: readonly PayloadMediaType[];
  /** Null: accepted by the configuration, not built yet; messages for it wait. */
  readonly create: ((config: z.output<Schema>, tools: DestinationTools) => Destination) | null;
}

/** Keeps the schema's type for `create` and forgets it for the registry. */
export function destinationKind<Schema extends z.ZodType<{ name: string; kind: string }>>(kind: DestinationKind<Schema>): DestinationKind<Schema> {
  return kind;
}

export const destinationName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be 1–63 letters, digits, dots, dashes or underscores')
  .describe('Unique name; rules refer to it');
