import { isBuilt } from '../../destinations/registry.ts';
import type { Config } from './load-config.ts';

/**
 * What the configuration asks for and this version does not do yet, a sentence each. The whole schema is accepted from the first
 * release on, so that files need not change; but nobody may believe that something runs which does not.
 */
export function unbuilt(config: Config): string[] {
  const notices: string[] = [];
  const { destinations, dimse, http, storage } = config;
  if (storage.kind === 's3') notices.push('storage.kind s3; instances are kept on disk under dataDir');
  if (dimse.tls !== undefined || dimse.listeners.some((entry) => entry.tls !== undefined)) notices.push('dimse TLS');
  if (dimse.listeners.length > 0) notices.push('dimse.listeners; only host and port are listened on');
  if (http.listeners.length > 0) notices.push('http.listeners; only host and port are listened on');
  if (http.auth.oidc !== undefined) notices.push('http.auth.oidc; only ISOCENTER_ADMIN_TOKEN is accepted');
  for (const destination of destinations) {
    if (!isBuilt(destination.kind)) notices.push(`destination ${destination.name} of kind ${destination.kind}; what is sent to it waits`);
    if (destination.kind === 'dimse-store' && destination.storageCommitment) notices.push(`storageCommitment of destination ${destination.name}; a delivery is done when every C-STORE is answered`);
  }
  return notices;
}
