import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, utimes } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { delay } from '../../foundation/deadline.ts';
import { GatewayError } from '../../foundation/errors.ts';

interface Holder {
  readonly token: string;
  readonly pid: number;
  /** Boot and start time of the process: a pid alone is reused. */
  readonly startedAt: string;
  /** Pids mean something only inside one host and pid namespace. */
  readonly namespace: string;
}

const HEARTBEAT_MS = 5_000;
/** A holder in another container or host counts as dead after this long without a heartbeat. */
const FOREIGN_SILENCE_MS = 30_000;

/**
 * One process per writer's folder. The lock is a file that names its holder; it outlives a kill, and is taken over when that very
 * process is gone.
 *
 * Errors: `STORE_LOCKED` (transient) while another live process holds it.
 */
export class WriterLock {
  readonly #file: string;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(file: string) {
    this.#file = file;
    this.#heartbeat = setInterval(() => {
      const now = new Date();
      utimes(file, now, now).catch(() => undefined);
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  static async acquire(folder: string): Promise<WriterLock> {
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, 'LOCK');
    const self: Holder = { token: randomUUID(), pid: process.pid, startedAt: startMark(process.pid), namespace: namespaceMark() };
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (await create(file, self)) return new WriterLock(file);
      const holder = await read(file);
      if (holder === undefined) await delay(25); // being written or removed this moment
      else if (holdsStill(holder, file)) throw locked(holder);
      else await takeAway(file, holder);
    }
    throw new GatewayError('STORE_LOCKED', 'the lock of this writer changes hands too fast', { failure: 'transient' });
  }

  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    await rm(this.#file, { force: true });
  }
}

async function create(file: string, self: Holder): Promise<boolean> {
  // Written whole under another name first: a lock file never lacks its holder.
  const draft = `${file}.${self.token}.tmp`;
  const handle = await open(draft, 'wx', 0o640);
  try {
    await handle.writeFile(JSON.stringify(self));
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  } finally {
    await rm(draft, { force: true });
  }
}

async function read(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

function holdsStill(holder: Holder, file: string): boolean {
  if (holder.namespace === namespaceMark()) return exists(holder.pid) && startMark(holder.pid) === holder.startedAt;
  try {
    // The heartbeat is a time of the file system, and so is what it is compared with.
    return Math.abs(new Date().getTime() - statSync(file).mtimeMs) < FOREIGN_SILENCE_MS;
  } catch {
    return false;
  }
}

/** Removes the lock of a dead holder, unless someone else has taken it over meanwhile. */
async function takeAway(file: string, dead: Holder): Promise<void> {
  const aside = `${file}.${randomUUID()}.tmp`;
  try {
    await rename(file, aside);
  } catch {
    return; // another process was faster
  }
  const moved = await read(aside);
  if (moved !== undefined && moved.token !== dead.token) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startMark(pid: number): string {
  try {
    // proc(5): the fields after the command name, which may hold blanks and brackets; start time is field 22.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return 'zombie';
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}

function namespaceMark(): string {
  try {
    return `${os.hostname()}:${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return os.hostname();
  }
}

function locked(holder: Holder): GatewayError {
  return new GatewayError('STORE_LOCKED', 'another process writes to this segment folder', { failure: 'transient', context: { pid: holder.pid } });
}
