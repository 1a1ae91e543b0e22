import path from 'node:path';
import { systemClock } from '../foundation/clock.ts';
import { asGatewayError, GatewayError } from '../foundation/errors.ts';
import { createLog, type Log } from '../foundation/log.ts';
import { Metrics } from '../foundation/metrics.ts';
import { Database } from '../store/database.ts';
import type { Component } from './component.ts';
import { describeFault, loadConfig, type Config } from './config/load-config.ts';
import { GatewayStatus } from './gateway-status.ts';
import { allRoles, type FromRole, type Role, type ToRole } from './ipc.ts';
import { Lifecycle } from './lifecycle.ts';
import { takeLock, type LockFile } from './lock-file.ts';
import type { RoleContext } from './role-context.ts';
import { intakeComponents } from './roles/intake.ts';
import { webComponents } from './roles/web.ts';
import { workComponents } from './roles/work.ts';
import { SharedMetrics } from './shared-metrics.ts';

/**
 * The entry of a forked role process. It starts on the supervisor's word, reports its health, and ends when told to, on SIGTERM,
 * or when the supervisor is gone: no role outlives its gateway.
 */

const componentsOf: Readonly<Record<Role, (context: RoleContext) => readonly Component[]>> = {
  intake: intakeComponents,
  web: webComponents,
  work: workComponents,
};

/** The predecessor of a killed gateway needs a moment to notice that its supervisor is gone. */
const LOCK_WAIT_MS = 30_000;
const ORPHAN_DEADLINE_MS = 2_000;
const METRICS_EVERY_MS = 5_000;
const TERMINATED_DEADLINE_MS = 20_000;

class RoleProcess {
  readonly #role: Role;
  readonly #status = new GatewayStatus();
  readonly #addresses: Record<string, string> = {};
  readonly #metrics = new Metrics();
  readonly #shared = new SharedMetrics(this.#metrics);
  #log: Log;
  #lifecycle: Lifecycle | undefined;
  #database: Database | undefined;
  #lock: LockFile | undefined;
  #health: NodeJS.Timeout | undefined;
  #metricsTimer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(role: Role) {
    this.#role = role;
    this.#log = createLog({ level: 'info', role });
  }

  listen(): void {
    process.on('message', (message: ToRole) => this.#receive(message));
    process.once('disconnect', () => void this.#stop(ORPHAN_DEADLINE_MS));
    process.once('SIGTERM', () => void this.#stop(TERMINATED_DEADLINE_MS));
    // Ctrl-C reaches the whole process group; the supervisor decides the order in which the roles go.
    process.on('SIGINT', () => undefined);
    // The same for a terminal that goes away; whoever means a reload tells the supervisor.
    process.on('SIGHUP', () => undefined);
    process.on('unhandledRejection', (thrown) => this.#crash(thrown));
    process.on('uncaughtException', (thrown) => this.#crash(thrown));
  }

  #receive(message: ToRole): void {
    switch (message.kind) {
      case 'start':
        void this.#start(message);
        break;
      case 'metrics':
        this.#shared.take(message.role, message.metrics);
        break;
      case 'gateway':
        this.#status.update(message.roles);
        break;
      case 'reload':
        this.#lifecycle?.reload();
        break;
      case 'stop':
        void this.#stop(message.deadlineMs);
        break;
    }
  }

  async #start(message: Extract<ToRole, { kind: 'start' }>): Promise<void> {
    try {
      const config = readConfig(message.configFile);
      this.#log = createLog({ level: config.log.level, role: this.#role });
      this.#lock = await takeLock(path.join(config.dataDir, 'locks', `${this.#role}.lock`), LOCK_WAIT_MS);
      this.#database = new Database({
        url: message.databaseUrl,
        maxConnections: config.database.maxConnections,
        applicationName: `isocenter ${this.#role}`,
        onIdleError: () => this.#log.warn('database.connection-lost'),
      });
      this.#lifecycle = new Lifecycle(this.#log, systemClock);
      const context = this.#context(config, this.#database);
      await this.#lifecycle.start(componentsOf[this.#role](context), ORPHAN_DEADLINE_MS);
      if (this.#stopping) return;
      send({ kind: 'ready', addresses: this.#addresses });
      this.#reportHealth(this.#lifecycle);
    } catch (thrown) {
      this.#crash(thrown);
    }
  }

  #context(config: Config, database: Database): RoleContext {
    return {
      config,
      database,
      log: this.#log,
      clock: systemClock,
      metrics: this.#metrics,
      gateway: this.#status,
      unready: () => this.#lifecycle?.unready() ?? [],
      allMetrics: () => this.#shared.text(),
      announce: (name, address) => {
        this.#addresses[name] = address;
      },
    };
  }

  #reportHealth(lifecycle: Lifecycle): void {
    let told: string | undefined;
    const tell = (): void => {
      const unready = lifecycle.unready();
      if (told === unready.join('\n')) return;
      told = unready.join('\n');
      send({ kind: 'health', unready });
    };
    tell();
    this.#health = setInterval(tell, 500);
    this.#metricsTimer = setInterval(() => void this.#shared.report().then((metrics) => send({ kind: 'metrics', metrics })), METRICS_EVERY_MS);
    this.#metricsTimer.unref();
  }

  async #stop(deadlineMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearInterval(this.#health);
    clearInterval(this.#metricsTimer);
    // Whatever hangs must not keep the process: the work it holds is safe in rows and segments.
    setTimeout(() => process.exit(1), deadlineMs + 5_000).unref();
    await this.#lifecycle?.stop(deadlineMs);
    await this.#database?.close().catch(() => undefined);
    this.#lock?.release();
    process.exit(0);
  }

  /** A failure nobody caught: say it and go; the supervisor starts a fresh process, and rows and segments say where to go on. */
  #crash(thrown: unknown): void {
    const failure = asGatewayError(thrown);
    this.#log.error('role.failed', { code: failure.code, reason: failure.message, ...failure.context, stack: thrown instanceof Error ? thrown.stack : undefined });
    send({ kind: 'failed', code: failure.code, message: failure.message, failure: failure.failure });
    this.#lock?.release();
    setTimeout(() => process.exit(1), 50);
  }
}

function readConfig(file: string | null): Config {
  const loaded = loadConfig({ file, environment: process.env });
  if (!loaded.ok) throw new GatewayError('CONFIG_INVALID', loaded.fault.map(describeFault).join('; '), { failure: 'permanent' });
  return loaded.value;
}

function send(message: FromRole): void {
  if (process.connected) process.send?.(message);
}

const role = allRoles.find((name) => name === process.argv[2]);
if (role === undefined || process.send === undefined) throw new Error('role processes are started by the supervisor');
new RoleProcess(role).listen();
