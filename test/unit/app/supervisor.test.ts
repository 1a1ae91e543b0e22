import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, pidExists } from '../../../src/app/process-identity.ts';
import { eventually } from '../../support/eventually.ts';

/** The compiled program, as `npm test` builds it first: four processes that translate their own sources would take minutes. */
const main = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

interface Gateway {
  readonly process: ChildProcess;
  readonly output: () => string;
}

suite('supervisor', function () {
  this.timeout(180_000);
  let dataDir: string;
  let started: ChildProcess[] = [];

  function gateway(...args: string[]): Gateway {
    const child = spawn(process.execPath, [main, 'start', ...args], {
      env: { ...process.env, ISOCENTER_DATA_DIR: dataDir, ISOCENTER_DIMSE_PORT: '0', ISOCENTER_HTTP_PORT: '0', ISOCENTER_HL7_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return { process: child, output: () => text };
  }

  async function ready(started: Gateway): Promise<void> {
    await eventually(() => /^ready$/m.test(started.output()) || started.process.exitCode !== null, 90_000);
    assert.match(started.output(), /^ready$/m);
  }

  function holder(role: string): number {
    return (JSON.parse(readFileSync(path.join(dataDir, 'locks', `${role}.lock`), 'utf8')) as { pid: number }).pid;
  }

  function postmaster(): number {
    const folder = process.getuid?.() === 0 ? readFileSync(path.join(dataDir, 'postgresql-folder'), 'utf8').trim() : path.join(dataDir, 'postgresql');
    const file = path.join(folder, 'cluster', 'postmaster.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
  }

  setup(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'isocenter-supervisor-'));
  });

  teardown(async () => {
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    started = [];
    if (process.getuid?.() === 0 && existsSync(path.join(dataDir, 'postgresql-folder'))) rmSync(readFileSync(path.join(dataDir, 'postgresql-folder'), 'utf8').trim(), { recursive: true, force: true });
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('SIGTERM ends it with 0 and leaves no process behind', async () => {
    const first = gateway();
    await ready(first);
    const server = postmaster();
    const roles = ['intake', 'web', 'work'].map(holder);

    const exit = once(first.process, 'exit');
    first.process.kill('SIGTERM');

    assert.deepEqual(await exit, [0, null]);
    assert.deepEqual([server, ...roles].filter((pid) => pidExists(pid)), []);
  });

  test('a second gateway on the same data folder is refused with the pid of the first, which goes on', async () => {
    const first = gateway();
    await ready(first);

    const second = gateway();
    const [code] = (await once(second.process, 'exit')) as [number];

    assert.equal(code, 1);
    assert.match(second.output(), new RegExp(`DATA_DIR_IN_USE.*process ${first.process.pid}`));
    assert.ok(pidExists(postmaster()) && pidExists(holder('intake')));
  });

  test('a role that crashes is started again; the others and the database go on', async () => {
    const only = gateway();
    await ready(only);
    const [crashed, other, server] = [holder('work'), holder('intake'), postmaster()];

    process.kill(crashed, 'SIGKILL');

    await eventually(() => holder('work') !== crashed && pidExists(holder('work')), 30_000);
    assert.deepEqual([holder('intake'), postmaster()], [other, server]);
  });

  test('after kill -9 of the supervisor the roles end, the database stays, and the next start adopts it', async () => {
    const first = gateway();
    await ready(first);
    const roles = ['intake', 'web', 'work'].map(holder);
    const server = postmaster();

    first.process.kill('SIGKILL');
    const second = gateway();
    await ready(second);

    assert.deepEqual(roles.filter((pid) => pidExists(pid)), []);
    assert.equal(postmaster(), server);
    assert.match(second.output(), /adopted from an earlier run/);
  });

  test('an embedded database that dies is started again', async () => {
    const only = gateway();
    await ready(only);
    const server = postmaster();

    process.kill(server, 'SIGKILL');

    await eventually(() => postmaster() !== server && commandLine(postmaster()).includes('postgres'), 30_000);
  });

  test('two gateways with different roles share one data folder; the database stops with the last', async () => {
    const first = gateway('--roles', 'intake');
    await ready(first);
    const second = gateway('--roles', 'web,work');
    await ready(second);
    const server = postmaster();

    const firstGone = once(first.process, 'exit');
    first.process.kill('SIGTERM');
    await firstGone;
    assert.ok(pidExists(server));
    const secondGone = once(second.process, 'exit');
    second.process.kill('SIGTERM');
    await secondGone;

    assert.equal(pidExists(server), false);
  });
});
