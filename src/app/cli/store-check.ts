import path from 'node:path';
import { systemClock } from '../../foundation/clock.ts';
import { checkStore } from '../../stages/intake/check-store.ts';
import { withGatewayDatabase } from './gateway-database.ts';

export interface StoreCheckOptions {
  readonly config?: string;
  /** False = look only. */
  readonly repair?: boolean;
}

/** `isocenter store check`: 0 = every record has its checksum, and segments and index agree (after repair); 1 = not, with every fault named. */
export function storeCheck(options: StoreCheckOptions): Promise<number> {
  return withGatewayDatabase(options.config, async (database, config) => {
    const report = await checkStore({ database, folder: path.join(config.dataDir, 'segments'), clock: systemClock, repair: options.repair ?? true });
    for (const { kind, where, sopInstanceUid, repaired } of report.faults) console.error([kind, where, sopInstanceUid ?? '', repaired ? 'repaired' : 'NOT REPAIRED'].filter((part) => part !== '').join(' '));
    console.log(`${report.segments} segments, ${report.records} records, ${report.bytes} bytes; ${report.torn} torn ends, ${report.waiting} waiting for the index, ${report.unusedResults} unused results`);
    const open = report.faults.filter((fault) => !fault.repaired).length;
    console.log(open > 0 ? `${open} faults remain` : report.faults.length > 0 ? `${report.faults.length} faults repaired` : 'segments and index agree');
    return open > 0 ? 1 : 0;
  });
}
