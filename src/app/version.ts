import { readFileSync } from 'node:fs';
import path from 'node:path';
import { installationFolder } from './config/load-config.ts';

/** The version in package.json. */
export function version(): string {
  return (JSON.parse(readFileSync(path.join(installationFolder, 'package.json'), 'utf8')) as { version: string }).version;
}
