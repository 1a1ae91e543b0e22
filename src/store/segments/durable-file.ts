import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { alignedMemory } from './aligned-memory.ts';
import { BLOCK } from './record-format.ts';

/** How bytes are made to survive a power cut: O_DIRECT with O_DSYNC, or ordinary writes and fdatasync. */
export type Durability = 'direct' | 'fdatasync';

/** A file that says when its bytes are durable. Buffers are page-aligned, lengths and positions multiples of 4096. */
export interface DurableFile {
  /** Resolves when the bytes are durable. Rejects with the system's error; some of the bytes may then be on disk. */
  write(buffers: readonly Buffer[], position: number): Promise<void>;
  /** Writes without waiting for durability; `sync` follows. */
  writeUnsynced(buffers: readonly Buffer[], position: number): Promise<void>;
  /** Makes everything written so far durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type OpenDurableFile = (file: string, durability: Durability) => Promise<DurableFile>;

/** Opens (creates) a file for writing. */
export const openDurableFile: OpenDurableFile = async (file, durability) => {
  if (durability === 'fdatasync') return new SyncedFile(await open(file, constants.O_RDWR | constants.O_CREAT, 0o640));
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_DIRECT;
  const durable = await open(file, flags | constants.O_DSYNC, 0o640);
  try {
    return new DirectFile(durable, await open(file, flags, 0o640));
  } catch (thrown) {
    await durable.close();
    throw thrown;
  }
};

/** Tries O_DIRECT in `folder`: some file systems refuse it when opening, some when writing. */
export async function probeDurability(folder: string): Promise<Durability> {
  if (constants.O_DIRECT === undefined || constants.O_DSYNC === undefined) return 'fdatasync';
  const file = path.join(folder, `probe-${process.pid}.tmp`);
  try {
    const probe = await openDurableFile(file, 'direct');
    try {
      await probe.write([Buffer.from(alignedMemory(BLOCK), 0, BLOCK)], 0);
    } finally {
      await probe.close();
    }
    return 'direct';
  } catch {
    return 'fdatasync';
  } finally {
    await rm(file, { force: true });
  }
}

/** Makes a created, renamed or removed file name durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class DirectFile implements DurableFile {
  readonly #durable: FileHandle;
  readonly #plain: FileHandle;

  constructor(durable: FileHandle, plain: FileHandle) {
    this.#durable = durable;
    this.#plain = plain;
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    return writeAll(this.#durable, buffers, position);
  }

  writeUnsynced(buffers: readonly Buffer[], position: number): Promise<void> {
    return writeAll(this.#plain, buffers, position);
  }

  sync(): Promise<void> {
    return this.#plain.datasync();
  }

  async close(): Promise<void> {
    await this.#durable.close();
    await this.#plain.close();
  }
}

class SyncedFile implements DurableFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    await writeAll(this.#handle, buffers, position);
    await this.#handle.datasync();
  }

  writeUnsynced(buffers: readonly Buffer[], position: number): Promise<void> {
    return writeAll(this.#handle, buffers, position);
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function writeAll(handle: FileHandle, buffers: readonly Buffer[], position: number): Promise<void> {
  let left = [...buffers];
  let at = position;
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left, at);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    at += bytesWritten;
    left = after(left, bytesWritten);
  }
}

function after(buffers: readonly Buffer[], written: number): Buffer[] {
  let skip = written;
  let first = 0;
  while (first < buffers.length && skip >= buffers[first]!.length) {
    skip -= buffers[first]!.length;
    first += 1;
  }
  const left = buffers.slice(first);
  if (skip > 0) left[0] = left[0]!.subarray(skip);
  return left;
}
