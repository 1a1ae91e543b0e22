import { readdirSync } from 'node:fs';
import path from 'node:path';
import { GatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import { migrate } from '../store/migrate.ts';
import { installationFolder, type Config } from './config/load-config.ts';
import { startEmbeddedPostgresql, type EmbeddedPostgresql } from './embedded-postgresql.ts';
import { lockHolder, takeLock, type LockFile } from './lock-file.ts';
import { pidExists } from './process-identity.ts';

/** Locks of this name stand for processes that use the embedded server. */
const USE = 'database-user-';

/**
 * The database of a gateway: the server named in the configuration, or the embedded one, which is then started, watched (a server
 * that dies is started again) and stopped when no role on this data folder needs it any more.
 */
export class DatabaseKeeper {
  readonly #config: Config;
  readonly #log: Log;
  #embedded: EmbeddedPostgresql | undefined;
  #use: LockFile | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  /** Starts what must be started and brings the schema up to date. */
  async start(): Promise<void> {
    if (this.#config.database.url === null) await this.#startEmbedded();
    const { applied } = await migrate(this.url, path.join(installationFolder, 'migrations'));
    if (applied.length > 0) this.#log.info('database.migrated', { applied });
    this.#watch = setInterval(() => void this.#revive(), 1000);
    this.#watch.unref();
  }

  get url(): string {
    const url = this.#config.database.url ?? this.#embedded?.url();
    if (url === undefined) throw new GatewayError('POSTGRESQL_START', 'the embedded database is not started', { failure: 'permanent' });
    return url;
  }

  /** One line for people: where the data lie. */
  describe(): string {
    if (this.#embedded === undefined) return 'the server named in the configuration';
    const { folder, pid, adopted } = this.#embedded;
    return `embedded PostgreSQL in ${folder}${process.getuid?.() === 0 ? ' as nobody' : ''}, process ${pid}${adopted ? ', adopted from an earlier run' : ''}`;
  }

  /** Stops the embedded server unless another process on the same data folder still needs it. */
  async stop(deadlineMs: number): Promise<void> {
    clearInterval(this.#watch);
    if (this.#embedded === undefined) return;
    const lock = await takeLock(this.#lockFile('postgresql'), deadlineMs);
    try {
      this.#use?.release();
      const others = readdirSync(this.#locks).filter((name) => name.startsWith(USE) && lockHolder(path.join(this.#locks, name)) !== undefined);
      if (others.length === 0) await this.#embedded.stop(deadlineMs);
    } finally {
      lock.release();
    }
  }

  async #startEmbedded(): Promise<void> {
    const lock = await takeLock(this.#lockFile('postgresql'), 60_000);
    try {
      this.#use ??= await takeLock(this.#lockFile(`${USE}${process.pid}`));
      this.#embedded = await startEmbeddedPostgresql({ dataDir: this.#config.dataDir });
      this.#log.info('database.started', { folder: this.#embedded.folder, pid: this.#embedded.pid, adopted: this.#embedded.adopted });
    } finally {
      lock.release();
    }
  }

  async #revive(): Promise<void> {
    if (this.#embedded === undefined || pidExists(this.#embedded.pid)) return;
    clearInterval(this.#watch);
    this.#log.error('database.died', { pid: this.#embedded.pid });
    try {
      await this.#startEmbedded();
    } catch (thrown) {
      this.#log.error('database.restart-failed', { reason: thrown instanceof Error ? thrown.message : String(thrown) });
    }
    this.#watch = setInterval(() => void this.#revive(), 1000);
    this.#watch.unref();
  }

  get #locks(): string {
    return path.join(this.#config.dataDir, 'locks');
  }

  #lockFile(name: string): string {
    return path.join(this.#locks, `${name}.lock`);
  }
}
