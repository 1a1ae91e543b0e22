import { statfs } from 'node:fs/promises';

/** statfs(2) f_type of file systems whose acknowledgement of fsync proves nothing, or not enough. */
const doubtful: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs: contents are gone with the power'],
  [0x858458f6, 'ramfs: contents are gone with the power'],
  [0x794c7630, 'overlayfs: the writable layer of a container, gone with it'],
  [0x6969, 'NFS: durability is the server’s word, locks are not reliable'],
  [0xff534d42, 'CIFS: durability is the server’s word'],
  [0xfe534d42, 'SMB2: durability is the server’s word'],
  [0x65735546, 'FUSE: durability depends on the program behind it'],
  [0x01021997, '9P: durability depends on the host'],
]);

export interface FileSystemFacts {
  /** Undefined when nothing speaks against it; else one sentence. */
  readonly doubt: string | undefined;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What the file system under `folder` is and how much an ordinary user may still write to it. */
export async function fileSystemFacts(folder: string): Promise<FileSystemFacts> {
  const facts = await statfs(folder);
  return { doubt: doubtful.get(facts.type >>> 0), freeBytes: facts.bavail * facts.bsize, totalBytes: facts.blocks * facts.bsize };
}
