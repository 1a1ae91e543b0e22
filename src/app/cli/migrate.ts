import { createLog } from '../../foundation/log.ts';
import { DatabaseKeeper } from '../database-keeper.ts';
import { commandConfig } from './command-config.ts';

/** `isocenter migrate`: brings the schema up to date and stops again what it had to start. */
export async function migrateDatabase(options: { readonly config?: string }): Promise<number> {
  const config = commandConfig(options.config);
  const keeper = new DatabaseKeeper(config, createLog({ level: config.log.level, role: 'migrate' }));
  try {
    await keeper.start();
    console.log(`${keeper.describe()}: the schema is up to date`);
  } finally {
    await keeper.stop(20_000);
  }
  return 0;
}
