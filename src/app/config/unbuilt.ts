import { isDeepStrictEqual } from 'node:util';
import { isBuilt } from '../../destinations/registry.ts';
import { configSchema } from './schema.ts';
import type { Config } from './load-config.ts';

/**
 * What the configuration asks for and this version does not do yet, a sentence each. The whole schema is accepted from the first
 * release on, so that files need not change; but nobody may believe that something runs which does not.
 */
export function unbuilt(config: Config): string[] {
  const notices: string[] = [];
  const { destinations, hl7, http, storage } = config;
  if (storage.kind === 's3') notices.push('storage.kind s3; instances are kept on disk under dataDir');
  if (!isDeepStrictEqual(hl7, configSchema.parse({}).hl7)) notices.push('hl7: nothing listens for HL7 v2 messages');
  if (http.auth.oidc !== undefined) notices.push('http.auth.oidc; only ISOCENTER_ADMIN_TOKEN is accepted');
  if (http.auth.required) notices.push('a login form of the page; with http.auth.required only programs that send the token get in');
  for (const destination of destinations) {
    if (!isBuilt(destination.kind)) notices.push(`destination ${destination.name} of kind ${destination.kind}; what is sent to it waits`);
  }
  return notices;
}
