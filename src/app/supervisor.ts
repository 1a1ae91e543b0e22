import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { createLog, type Log } from '../foundation/log.ts';
import type { Config } from './config/load-config.ts';
import { DatabaseKeeper } from './database-keeper.ts';
import { allRoles, type Role, type RoleState } from './ipc.ts';
import { takeLock, type LockFile } from './lock-file.ts';
import { SupervisedRole } from './supervised-role.ts';

export interface SupervisorOptions {
  readonly config: Config;
  readonly roles: readonly Role[];
  /** What the role processes see as their environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** File the logs of all processes go to instead of stderr. */
  readonly logFile?: string;
}

/**
 * Runs a gateway on this machine: the database, its migrations, and one process per role, started again when it crashes.
 * Two gateways cannot run the same role on one data folder.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #log: Log;
  readonly #logFd: number | undefined;
  readonly #database: DatabaseKeeper;
  readonly #roles: SupervisedRole[];
  #locks: LockFile[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#logFd = options.logFile === undefined ? undefined : openSync(options.logFile, 'a', 0o600);
    this.#log = createLog({ level: options.config.log.level, role: 'supervisor', fd: this.#logFd ?? 2 });
    this.#database = new DatabaseKeeper(options.config, this.#log);
    this.#roles = allRoles
      .filter((role) => options.roles.includes(role))
      .map((role) => new SupervisedRole({
        role,
        configFile: options.config.file,
        databaseUrl: () => this.#database.url,
        environment: options.environment,
        logFd: this.#logFd,
        log: this.#log,
        changed: () => this.#spread(),
        reported: (from, metrics) => this.#roles.find((other) => other.role === 'web')?.send({ kind: 'metrics', role: from, metrics }),
      }));
  }

  /** Resolves when every role has started. When one cannot, everything is stopped again and its failure is passed on. */
  async start(): Promise<void> {
    try {
      for (const { role } of this.#roles) this.#locks.push(await takeLock(this.#lockFile(role)));
      await this.#database.start();
      // Work before web before intake would be the data path upside down; they meet in rows only, so all start at once.
      const starts = await Promise.allSettled(this.#roles.map((role) => role.start()));
      for (const start of starts) if (start.status === 'rejected') throw start.reason;
    } catch (thrown) {
      await this.stop(2_000);
      throw thrown;
    }
  }

  /** Stops intake first (nothing new comes in), then web, then work, and the database last. */
  async stop(deadlineMs = 20_000): Promise<void> {
    for (const role of this.#roles) await role.stop(deadlineMs);
    for (const lock of this.#locks) lock.release();
    this.#locks = [];
    await this.#database.stop(deadlineMs);
    if (this.#logFd !== undefined) closeSync(this.#logFd);
  }

  /** SIGHUP: every role reads its certificates again. */
  reload(): void {
    for (const role of this.#roles) role.send({ kind: 'reload' });
  }

  get databaseUrl(): string {
    return this.#database.url;
  }

  /** One line for people about the database. */
  describeDatabase(): string {
    return this.#database.describe();
  }

  /** Where the listeners of all roles listen, by name. */
  get addresses(): Readonly<Record<string, string>> {
    return Object.assign({}, ...this.#roles.map((role) => role.addresses)) as Record<string, string>;
  }

  get states(): Readonly<Record<string, RoleState>> {
    return Object.fromEntries(this.#roles.map((role) => [role.role, role.state]));
  }

  /** Every role hears how all are doing; the web role answers /readyz from it. */
  #spread(): void {
    for (const role of this.#roles) role.send({ kind: 'gateway', roles: this.states });
  }

  #lockFile(role: Role): string {
    return path.join(this.#options.config.dataDir, 'locks', `supervisor-${role}.lock`);
  }
}
