import { z } from 'zod';
import { destinationKind, destinationName } from '../destination-kind.ts';

/** A RIS or EHR that takes ORU^R01 over MLLP. Accepted by the configuration; the sender is not built yet. */
export const hl7Oru = destinationKind({
  kind: 'hl7-oru',
  schema: z.strictObject({
    name: destinationName,
    kind: z.literal('hl7-oru'),
    host: z.string().min(1).describe('Host of the MLLP listener'),
    port: z.int().min(1).max(65_535).describe('Its port'),
    timeoutSeconds: z.number().min(1).max(600).default(30).describe('Longest wait for an acknowledgement, seconds'),
    tls: z.boolean().default(false).describe('Reach it over TLS'),
    concurrency: z.int().min(1).max(32).default(1).describe('Connections at one time'),
  }),
  mediaTypes: [],
  create: null,
});
