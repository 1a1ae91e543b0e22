import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { lockHolder, takeLock } from '../../../src/app/lock-file.ts';
import { identityOf, isRunning, ownIdentity } from '../../../src/app/process-identity.ts';

suite('lock file', () => {
  let file: string;

  setup(() => {
    file = path.join(mkdtempSync(path.join(os.tmpdir(), 'isocenter-lock-')), 'locks', 'intake.lock');
  });
  teardown(() => rmSync(path.dirname(path.dirname(file)), { recursive: true, force: true }));

  test('a lock that is held is refused with DATA_DIR_IN_USE and the holder’s pid', async () => {
    await takeLock(file);

    await assert.rejects(takeLock(file), (thrown: { code?: string; message: string }) => thrown.code === 'DATA_DIR_IN_USE' && thrown.message.includes(String(process.pid)));
  });

  test('a lock that is released can be taken again', async () => {
    (await takeLock(file)).release();

    await takeLock(file);

    assert.equal(lockHolder(file)?.pid, process.pid);
  });

  test('the lock of a dead process is stale, also when another process has its pid by now', async () => {
    const lock = await takeLock(file);
    lock.release();
    writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt: 'another boot:1' }));

    await takeLock(file);

    assert.deepEqual(lockHolder(file), ownIdentity());
  });

  test('a lock file torn by a crash does not lock for ever', async () => {
    (await takeLock(file)).release();
    writeFileSync(file, '');

    await takeLock(file);

    assert.ok(existsSync(file));
  });

  test('a process that is gone does not run', () => {
    assert.equal(isRunning({ pid: 2 ** 30, startedAt: 'x' }), false);
    assert.equal(isRunning(identityOf(process.pid)), true);
  });
});
