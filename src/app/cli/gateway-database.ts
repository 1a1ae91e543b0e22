import { createLog } from '../../foundation/log.ts';
import { Database } from '../../store/database.ts';
import type { Config } from '../config/load-config.ts';
import { DatabaseKeeper } from '../database-keeper.ts';
import { commandConfig } from './command-config.ts';

/**
 * Lends a verb the database of the gateway, running or not: an embedded server that is stopped is started for the verb, one that
 * runs is used as it is.
 */
export async function withGatewayDatabase<T>(option: string | undefined, work: (database: Database, config: Config) => Promise<T>): Promise<T> {
  const config = commandConfig(option);
  const keeper = new DatabaseKeeper(config, createLog({ level: 'error', role: 'command' }));
  try {
    await keeper.start();
    const database = new Database({ url: keeper.url, maxConnections: 2, applicationName: 'isocenter command' });
    try {
      return await work(database, config);
    } finally {
      await database.close();
    }
  } finally {
    await keeper.stop(20_000);
  }
}
