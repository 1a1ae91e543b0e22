import { z } from 'zod';

/** Destinations, by kind. Secrets are never in the file: `…Env` names the environment variable that holds one. */

const common = {
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be 1–63 letters, digits, dots, dashes or underscores').describe('Unique name; rules refer to it.'),
  timeoutSeconds: z.number().min(1).max(3600).default(60).describe('Longest wait for one answer, seconds.'),
  concurrency: z.int().min(1).max(32).default(2).describe('Deliveries to it at a time.'),
};

const login = {
  bearerTokenEnv: z.string().min(1).optional().describe('Environment variable with a bearer token.'),
  username: z.string().min(1).optional().describe('User name of HTTP Basic; the password comes from passwordEnv.'),
  passwordEnv: z.string().min(1).optional().describe('Environment variable with the password of HTTP Basic.'),
};

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

export const destinationSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('stow-rs').describe('A PACS over DICOMweb STOW-RS.'),
    url: httpUrl.describe('URL instances are POSTed to; it ends in /studies.'),
    ...common,
    ...login,
  }),
  z.strictObject({
    kind: z.literal('dimse-store').describe('A PACS over C-STORE.'),
    peer: z.string().min(1).describe('AE title of one of dimse.peers.'),
    storageCommitment: z.boolean().default(false).describe('Ask for storage commitment; a delivery then counts as done when the peer has committed it.'),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('fhir').describe('An EHR over FHIR R4.'),
    url: httpUrl.describe('FHIR base URL; bundles are POSTed to it.'),
    ...common,
    ...login,
  }),
  z.strictObject({
    kind: z.literal('hl7-oru').describe('An EHR or RIS over HL7 v2 ORU^R01.'),
    host: z.string().min(1).describe('Host name or address.'),
    port: z.int().min(1).max(65535).describe('TCP port of its MLLP listener.'),
    tls: z.boolean().default(false).describe('Reach it over TLS.'),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('folder').describe('Files in a folder.'),
    path: z.string().min(1).describe('Folder; made when missing.'),
    ...common,
  }),
]);

export type DestinationConfig = z.output<typeof destinationSchema>;
