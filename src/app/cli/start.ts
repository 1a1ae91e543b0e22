import type { Config } from '../config/load-config.ts';
import { unbuilt } from '../config/unbuilt.ts';
import { allRoles, type Role } from '../ipc.ts';
import { Supervisor } from '../supervisor.ts';
import { version } from '../version.ts';
import { commandConfig, UsageError } from './command-config.ts';

export interface StartOptions {
  readonly config?: string;
  readonly roles?: string;
}

/** `isocenter start`: runs the gateway until SIGTERM or SIGINT; resolves with the exit code. */
export async function start(options: StartOptions): Promise<number> {
  const config = commandConfig(options.config);
  const roles = rolesOf(options.roles);
  const supervisor = new Supervisor({ config, roles, environment: process.env });
  const ended = untilSignal();
  console.log(`isocenter ${version()}, configuration ${config.file ?? 'defaults'}`);
  for (const notice of unbuilt(config)) console.log(`  not built yet: ${notice}`);
  await supervisor.start();
  describe(config, supervisor);
  process.on('SIGHUP', () => supervisor.reload());
  const signal = await ended;
  console.log(`stopping (${signal})`);
  await supervisor.stop();
  return 0;
}

function rolesOf(list: string | undefined): readonly Role[] {
  if (list === undefined) return allRoles;
  const named = list.split(',').map((name) => name.trim()).filter((name) => name !== '');
  const unknown = named.filter((name) => !allRoles.some((role) => role === name));
  if (unknown.length > 0 || named.length === 0) throw new UsageError(`--roles: ${unknown.join(', ') || 'nothing'} is not among ${allRoles.join(', ')}`);
  return allRoles.filter((role) => named.includes(role));
}

function describe(config: Config, supervisor: Supervisor): void {
  console.log(`  data      ${config.dataDir}`);
  console.log(`  database  ${supervisor.describeDatabase()}`);
  for (const [name, address] of Object.entries(supervisor.addresses)) console.log(`  ${name.padEnd(9)} ${address}`);
  console.log('ready');
}

/** Resolves with the first of SIGTERM and SIGINT; a second one ends the process at once. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        resolve(name);
        process.once(name, () => process.exit(1));
      });
    }
  });
}
