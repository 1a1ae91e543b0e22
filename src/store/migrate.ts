import knexPackage, { type Knex } from 'knex';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Migrated {
  /** Names of the migrations that ran now; empty when the schema was up to date. */
  readonly applied: readonly string[];
}

/**
 * Brings the schema to the newest of `folder`'s NNNN_name.sql files: forward only, each in a transaction, under knex' lock, so that
 * two starting processes do not run one twice.
 */
export async function migrate(url: string, folder: string): Promise<Migrated> {
  const knex = knexPackage({ client: 'pg', connection: { connectionString: url }, pool: { min: 0, max: 2 } });
  try {
    const [, applied] = (await knex.migrate.latest({ migrationSource: sqlFiles(folder), tableName: 'schema_migration' })) as [number, string[]];
    return { applied };
  } finally {
    await knex.destroy();
  }
}

function sqlFiles(folder: string): Knex.MigrationSource<string> {
  return {
    getMigrations: async () => (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort(),
    getMigrationName: (name) => name,
    getMigration: async (name) => {
      const sql = await readFile(path.join(folder, name), 'utf8');
      return {
        up: async (knex) => {
          // knex takes a bare question mark for a binding.
          await knex.raw(sql.replaceAll('?', '\\?'));
        },
        down: () => Promise.reject(new Error('migrations are forward-only')),
      };
    },
  };
}
