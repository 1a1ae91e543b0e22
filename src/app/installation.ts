import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { derivedUid } from '../foundation/uid.ts';
import type { GatewayEquipment } from '../result-objects/result-context.ts';
import type { Config } from './config/load-config.ts';
import { version } from './version.ts';

/** What this installation is called in the objects it makes. Its serial number is drawn once and kept in the data folder. */
export function gatewayEquipment(config: Config): GatewayEquipment {
  const serialNumber = installationId(config.dataDir);
  return {
    manufacturer: 'isocenter project',
    modelName: 'isocenter',
    serialNumber,
    softwareVersion: version(),
    deviceUid: derivedUid('installation', serialNumber),
    stationName: config.dimse.aeTitle[0] ?? 'ISOCENTER',
    institutionName: config.site.institutionName,
  };
}

function installationId(dataDir: string): string {
  const file = path.join(dataDir, 'installation-id');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, randomBytes(8).toString('hex'));
    try {
      linkSync(draft, file);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown; // another role was first
    } finally {
      rmSync(draft, { force: true });
    }
  }
  return readFileSync(file, 'utf8').trim();
}
