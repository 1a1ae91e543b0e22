import { describeFault, loadConfig } from '../config/load-config.ts';
import { unbuilt } from '../config/unbuilt.ts';
import { configFile } from './command-config.ts';

/** `isocenter check-config`: 0 = the configuration holds, 1 = it does not, with every fault named. */
export function checkConfig(options: { readonly config?: string }): number {
  const file = configFile(options.config);
  const loaded = loadConfig({ file, environment: process.env });
  if (!loaded.ok) {
    for (const entry of loaded.fault) console.error(describeFault(entry));
    return 1;
  }
  for (const notice of unbuilt(loaded.value)) console.log(`not built yet: ${notice}`);
  console.log(`${file ?? 'the defaults'}: valid, digest ${loaded.value.digest}`);
  return 0;
}
