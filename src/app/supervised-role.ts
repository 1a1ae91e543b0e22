import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { GatewayError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import { siblingModule } from '../foundation/sibling-module.ts';
import type { FromRole, Role, RoleState, ToRole } from './ipc.ts';

export interface SupervisedRoleOptions {
  readonly role: Role;
  readonly configFile: string | null;
  /** Asked at every start: the embedded database may have moved in between. */
  readonly databaseUrl: () => string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** File descriptor for the log of the process; its own stderr unless told. */
  readonly logFd: number | undefined;
  readonly log: Log;
  readonly changed: () => void;
  readonly reported: (role: Role, metrics: unknown) => void;
}

const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 30_000;
/** A role that ran this long before it crashed starts again at once. */
const HEALTHY_AFTER_MS = 60_000;

/** One role process: forked, watched, started again with growing pauses when it crashes. */
export class SupervisedRole {
  readonly #options: SupervisedRoleOptions;
  #child: ChildProcess | undefined;
  #state: RoleState['state'] = 'starting';
  #unready: readonly string[] = ['not started'];
  #restarts = 0;
  #backOffMs = FIRST_BACK_OFF_MS;
  #startedAt = 0;
  #retry: NodeJS.Timeout | undefined;
  #addresses: Readonly<Record<string, string>> = {};

  constructor(options: SupervisedRoleOptions) {
    this.#options = options;
  }

  get role(): Role {
    return this.#options.role;
  }

  get state(): RoleState {
    return { state: this.#state, pid: this.#child?.pid ?? null, restarts: this.#restarts, unready: this.#unready };
  }

  /** Where its listeners listen, by name. */
  get addresses(): Readonly<Record<string, string>> {
    return this.#addresses;
  }

  /** Resolves when the role has started; a first start that fails is the gateway's failure, not something to repeat for ever. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#launch(resolve, reject);
    });
  }

  send(message: ToRole): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#state = 'stopping';
    clearTimeout(this.#retry);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    this.send({ kind: 'stop', deadlineMs });
    const killer = setTimeout(() => child.kill('SIGKILL'), deadlineMs + 6_000);
    await gone;
    clearTimeout(killer);
  }

  #launch(started: () => void, failed: (reason: GatewayError) => void): void {
    const { role, environment, logFd } = this.#options;
    const child = fork(siblingModule(import.meta.url, './role-process'), [role], {
      env: { ...environment },
      stdio: ['ignore', 'inherit', logFd ?? 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#startedAt = performance.now();
    let isReady = false;
    let fault: Extract<FromRole, { kind: 'failed' }> | undefined;
    child.on('message', (message: FromRole) => {
      if (message.kind === 'metrics') {
        this.#options.reported(role, message.metrics);
        return;
      }
      if (message.kind === 'failed') fault = message;
      if (message.kind === 'health') this.#unready = message.unready;
      if (message.kind === 'ready') {
        isReady = true;
        this.#addresses = message.addresses;
        if (this.#state !== 'stopping') this.#state = 'running';
        this.#unready = [];
        started();
      }
      this.#options.changed();
    });
    child.on('error', () => undefined); // 'exit' or a failed 'send' says the same
    child.once('exit', (code, signal) => {
      if (this.#state === 'stopping') return;
      if (!isReady && this.#restarts === 0 && this.#state === 'starting') {
        failed(new GatewayError(fault?.code ?? 'ROLE_FAILED', `${role}: ${fault?.message ?? `ended with ${signal ?? code}`}`, { failure: fault?.failure ?? 'transient' }));
        return;
      }
      this.#restart(code, signal);
    });
    this.send({ kind: 'start', databaseUrl: this.#options.databaseUrl(), configFile: this.#options.configFile });
    this.#options.changed();
  }

  #restart(code: number | null, signal: NodeJS.Signals | null): void {
    if (performance.now() - this.#startedAt > HEALTHY_AFTER_MS) this.#backOffMs = FIRST_BACK_OFF_MS;
    this.#state = 'restarting';
    this.#restarts += 1;
    this.#unready = [`ended with ${signal ?? code}, starts again`];
    this.#options.log.error('role.ended', { process: this.#options.role, code, signal, restartInMs: this.#backOffMs });
    this.#retry = setTimeout(() => {
      this.#launch(
        () => undefined,
        () => undefined,
      );
    }, this.#backOffMs);
    this.#backOffMs = Math.min(this.#backOffMs * 2, LONGEST_BACK_OFF_MS);
    this.#options.changed();
  }
}
