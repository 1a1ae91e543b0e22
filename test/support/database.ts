import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { startEmbeddedPostgresql, type EmbeddedPostgresql } from '../../src/app/embedded-postgresql.ts';
import { commandLine, isRunning, ownIdentity, type ProcessIdentity } from '../../src/app/process-identity.ts';
import { migrate } from '../../src/store/migrate.ts';

export interface TestDatabase {
  /** For pg, knex and the gateway's `database.url`. */
  readonly url: string;
  readonly name: string;
  /** Drops the database, whoever is still connected. */
  close(): Promise<void>;
}

interface Server {
  readonly postgresql: EmbeddedPostgresql;
  readonly admin: Client;
}

const TEMPLATE = 'migrated';
const PREFIX = 'isocenter-test-';
let starting: Promise<Server> | undefined;
let count = 0;

/**
 * A fresh, migrated database of its own for one test or suite. All databases of one mocha process live on one embedded server
 * (the same binaries and settings as the gateway's, but without fsync), started on first use and stopped after the last test.
 */
export async function testDatabase(): Promise<TestDatabase> {
  starting ??= start();
  const { postgresql, admin } = await starting;
  count += 1;
  const name = `test_${count}`;
  await admin.query(`create database ${name} template ${TEMPLATE}`);
  return {
    url: postgresql.url(name),
    name,
    close: async () => {
      await admin.query(`drop database if exists ${name} with (force)`);
    },
  };
}

/** The server the test databases live on, for tests that need its process (to kill it, say). Start it with testDatabase() first. */
export async function testServer(): Promise<EmbeddedPostgresql> {
  starting ??= start();
  return (await starting).postgresql;
}

async function start(): Promise<Server> {
  clearAbandoned();
  const folder = mkdtempSync(path.join(os.tmpdir(), PREFIX));
  writeFileSync(path.join(folder, 'owner.json'), JSON.stringify(ownIdentity()));
  removeAtExit(folder);
  const postgresql = await startEmbeddedPostgresql({ dataDir: folder, folder, durable: false });
  process.once('exit', () => stopNow(postgresql.pid));
  const admin = new Client({ connectionString: postgresql.url('postgres') });
  await admin.connect();
  // An idle connection must not keep mocha from ending, nor its loss at the end be an error.
  admin.on('error', () => undefined);
  (admin as unknown as { connection: { stream: { unref(): void } } }).connection.stream.unref();
  await admin.query(`create database ${TEMPLATE}`);
  await migrate(postgresql.url(TEMPLATE), fileURLToPath(new URL('../../migrations/', import.meta.url)));
  return { postgresql, admin };
}

/** Stops and removes what a test run left that was killed before it could do so itself. */
function clearAbandoned(): void {
  for (const name of readdirSync(os.tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = path.join(os.tmpdir(), name);
    const owner = path.join(folder, 'owner.json');
    if (!existsSync(owner) || isRunning(JSON.parse(readFileSync(owner, 'utf8')) as ProcessIdentity)) continue;
    const pidFile = path.join(folder, 'cluster', 'postmaster.pid');
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').split('\n')[0]) : 0;
    if (pid > 0 && commandLine(pid).includes(folder)) stopNow(pid);
    rmSync(folder, { recursive: true, force: true });
  }
}

function removeAtExit(folder: string): void {
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

function stopNow(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    // already stopped
  }
}

if (typeof suiteTeardown === 'function') {
  suiteTeardown('stop the test database server', async () => {
    const server = await starting?.catch(() => undefined); // a failed start has failed its test already
    await server?.admin.end();
    await server?.postgresql.stop();
  });
}
