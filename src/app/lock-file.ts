import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GatewayError } from '../foundation/errors.ts';
import { pause } from './pause.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';

export interface LockFile {
  release(): void;
}

/**
 * Takes a lock that a file stands for; the holder's pid and start time are in it, so that the lock of a process that died is seen
 * to be stale. Waits up to `waitMs` for a holder to go away.
 *
 * Errors: DATA_DIR_IN_USE, permanent, with the holder's pid.
 */
export async function takeLock(file: string, waitMs = 0): Promise<LockFile> {
  mkdirSync(path.dirname(file), { recursive: true });
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    if (tryLock(file) || (removeStale(file) && tryLock(file))) return { release: () => release(file) };
    if (performance.now() >= giveUpAt) {
      throw new GatewayError('DATA_DIR_IN_USE', `${path.basename(file, '.lock')} of ${path.dirname(path.dirname(file))} already runs as process ${lockHolder(file)?.pid ?? 'unknown'}`, { failure: 'permanent' });
    }
    await pause(50);
  }
}

/** The live process that holds a lock, if any. */
export function lockHolder(file: string): ProcessIdentity | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
    return isRunning(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

function tryLock(file: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(ownIdentity()));
  try {
    // link(2) is atomic and fails when the name exists: the file is never seen half-written.
    linkSync(draft, file);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes a dead process's lock away. Two may try at once: what was taken is looked at again, and put back if it is a live one. */
function removeStale(file: string): boolean {
  if (lockHolder(file) !== undefined) return false;
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    if (lockHolder(aside) !== undefined) linkSync(aside, file);
    rmSync(aside, { force: true });
  } catch {
    // somebody else took it away
  }
  return true;
}

function release(file: string): void {
  const holder = lockHolder(file);
  if (holder?.pid === process.pid) rmSync(file, { force: true });
}
