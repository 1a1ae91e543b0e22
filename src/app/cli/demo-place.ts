import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { installationFolder } from '../config/load-config.ts';

export interface DemoPlace {
  readonly dataDir: string;
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Prepares the data folder (ISOCENTER_DATA_DIR, else ./data/demo, else a temporary one), its configuration and free ports. */
export async function prepareDemo(ehrUrl: string): Promise<DemoPlace> {
  const dataDir = dataFolder();
  const configFile = path.join(dataDir, 'isocenter.yaml');
  const template = parse(readFileSync(path.join(installationFolder, 'config', 'demo.yaml'), 'utf8')) as { destinations: { kind: string; url?: string }[] };
  for (const destination of template.destinations) if (destination.kind === 'fhir') destination.url = ehrUrl;
  writeFileSync(configFile, `# Written by isocenter demo.\n${stringify(template)}`);
  const environment = {
    ...process.env,
    ISOCENTER_CONFIG: configFile,
    ISOCENTER_DATA_DIR: dataDir,
    ISOCENTER_DIMSE_PORT: process.env['ISOCENTER_DIMSE_PORT'] ?? String(await freePort(11112)),
    ISOCENTER_HTTP_PORT: process.env['ISOCENTER_HTTP_PORT'] ?? String(await freePort(8080)),
    ISOCENTER_HL7_PORT: process.env['ISOCENTER_HL7_PORT'] ?? String(await freePort(2575)),
  };
  return { dataDir, configFile, environment };
}

function dataFolder(): string {
  const wanted = path.resolve(process.env['ISOCENTER_DATA_DIR'] ?? path.join('data', 'demo'));
  try {
    mkdirSync(wanted, { recursive: true });
    accessSync(wanted, constants.W_OK | constants.X_OK);
    return wanted;
  } catch {
    // A checkout that belongs to someone else, or a demo that root ran here before.
    const own = path.join(os.tmpdir(), `isocenter-demo-${process.getuid?.() ?? 'user'}`);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return own;
  }
}

/** `wanted` when nobody listens there, else 0: any free port. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(wanted)));
  });
}
