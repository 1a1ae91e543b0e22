import { existsSync } from 'node:fs';
import { unknownVariables } from '../config/environment.ts';
import { describeFault, loadConfig, type Config } from '../config/load-config.ts';

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {}

/** The file a verb reads: --config, else ISOCENTER_CONFIG, else ./isocenter.yaml when it is there, else none (defaults). */
export function configFile(option: string | undefined): string | null {
  const named = option ?? process.env['ISOCENTER_CONFIG'];
  if (named !== undefined && named !== '') return named;
  return existsSync('isocenter.yaml') ? 'isocenter.yaml' : null;
}

/** The checked configuration; all faults are thrown at once as a UsageError, a line each. */
export function commandConfig(option: string | undefined): Config {
  const loaded = loadConfig({ file: configFile(option), environment: process.env });
  for (const variable of unknownVariables(process.env)) console.error(`isocenter: warning: nothing reads the environment variable ${variable}`);
  if (!loaded.ok) throw new UsageError(loaded.fault.map(describeFault).join('\n'));
  return loaded.value;
}
