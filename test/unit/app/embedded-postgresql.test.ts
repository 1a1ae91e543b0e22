import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { embeddedFolder, startEmbeddedPostgresql, type EmbeddedPostgresql } from '../../../src/app/embedded-postgresql.ts';
import { testDatabase } from '../../support/database.ts';

async function ask<T extends QueryResultRow>(url: string, statement: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(statement)).rows;
  } finally {
    await client.end();
  }
}

suite('embedded PostgreSQL', () => {
  let folder: string;
  let server: EmbeddedPostgresql | undefined;

  setup(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-pg-'));
    chmodSync(folder, 0o755);
  });

  teardown(async () => {
    await server?.stop();
    server = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  test('the gateway’s server is durable: fsync, synchronous commit and full page writes are on', async () => {
    server = await startEmbeddedPostgresql({ dataDir: folder, folder });

    const rows = await ask<{ name: string; setting: string }>(server.url(), `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')`);

    assert.deepEqual(rows.map((row) => row.setting), ['on', 'on', 'on']);
  });

  test('a server that a killed gateway left behind is adopted, and is stopped by its adopter', async () => {
    const first = await startEmbeddedPostgresql({ dataDir: folder, folder, durable: false });

    server = await startEmbeddedPostgresql({ dataDir: folder, folder, durable: false });

    assert.equal(server.adopted, true);
    assert.equal(server.pid, first.pid);
    await server.stop();
    assert.equal(existsSync(path.join(folder, 'cluster', 'postmaster.pid')), false);
  });

  test('what was committed is there after the server itself was killed', async () => {
    const first = await startEmbeddedPostgresql({ dataDir: folder, folder, durable: false });
    await ask(first.url(), 'create table kept (n int); insert into kept values (7)');
    process.kill(first.pid, 'SIGKILL');
    await assert.doesNotReject(async () => {
      server = await startEmbeddedPostgresql({ dataDir: folder, folder, durable: false });
    });

    const rows = await ask<{ n: number }>(server!.url(), 'select n from kept');

    assert.deepEqual(rows, [{ n: 7 }]);
  });

  test('a pid file whose pid by now belongs to another program does not keep the server from starting', async () => {
    const first = await startEmbeddedPostgresql({ dataDir: folder, folder, durable: false });
    const pidFile = path.join(folder, 'cluster', 'postmaster.pid');
    const text = readFileSync(pidFile, 'utf8');
    await first.stop();
    const stranger = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    await once(stranger, 'spawn');
    writeFileSync(pidFile, text.replace(String(first.pid), String(stranger.pid)));

    try {
      server = await startEmbeddedPostgresql({ dataDir: folder, folder, durable: false });
    } finally {
      stranger.kill();
    }

    assert.equal(server.adopted, false);
    assert.equal((await ask<{ one: number }>(server.url(), 'select 1 as one'))[0]?.one, 1);
  });

  test('a data folder with a path longer than a Unix socket allows works all the same', async () => {
    const long = path.join(folder, 'a'.repeat(60), 'b'.repeat(60));

    server = await startEmbeddedPostgresql({ dataDir: long, folder: long, durable: false });

    assert.equal((await ask<{ one: number }>(server.url(), 'select 1 as one'))[0]?.one, 1);
    rmSync(server.socketFolder, { recursive: true, force: true });
  });

  test('each data folder has a place of its own, the same at every start, another one when it is made anew', () => {
    const place = embeddedFolder(folder);

    assert.equal(embeddedFolder(folder), place);
    if (process.getuid?.() === 0) {
      rmSync(path.join(folder, 'postgresql-folder'));
      assert.notEqual(embeddedFolder(folder), place);
    } else {
      assert.equal(place, path.join(folder, 'postgresql'));
    }
  });
});

suite('test databases', () => {
  test('two test databases do not see each other', async () => {
    const [a, b] = [await testDatabase(), await testDatabase()];
    await ask(a.url, 'create table only_here (n int)');

    const rows = await ask<{ found: string | null }>(b.url, `select to_regclass('only_here')::text as found`);

    assert.deepEqual(rows, [{ found: null }]);
    await a.close();
    await b.close();
  });
});
