import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GatewayError } from '../foundation/errors.ts';
import { pause } from './pause.ts';
import { findBinaries, type PostgresqlBinaries } from './postgresql-binaries.ts';
import { commandLine, pidExists } from './process-identity.ts';

/**
 * The PostgreSQL server that comes with the gateway, for installations that name none (ADR 0010).
 *
 * It listens on a Unix socket in a 0700 folder only, runs in a process group of its own, outlives a killed gateway and is
 * adopted by the next one. Run by root it drops to the user `nobody` and lives in /var/lib/isocenter/<folder per data
 * folder>, because PostgreSQL refuses to run as root and `nobody` may not be able to enter the data folder.
 */
export interface EmbeddedPostgresql {
  /** Where the cluster, the socket and the server's log lie. */
  readonly folder: string;
  readonly pid: number;
  /** True when a server left by a killed gateway was found running and taken over. */
  readonly adopted: boolean;
  /** Folder of the Unix socket: the `host` of a pg connection. */
  readonly socketFolder: string;
  readonly user: string;
  /** URL for pg and knex; the database `isocenter` unless told. */
  url(database?: string): string;
  /** Fast shutdown (open transactions are rolled back); after the deadline immediate shutdown, which recovery repairs. */
  stop(deadlineMs?: number): Promise<void>;
}

export interface EmbeddedOptions {
  /** The gateway's data folder. */
  readonly dataDir: string;
  /** Where the server's files go instead of the usual place; the server's user must be able to enter its parents. */
  readonly folder?: string;
  /** False only in tests: no fsync, faster, survives a killed process but not a power cut. */
  readonly durable?: boolean;
  /** How long crash recovery may take, milliseconds; 300,000 unless told. */
  readonly deadlineMs?: number;
}

const ROOT_HOME = '/var/lib/isocenter';
const USER = 'isocenter';
const DATABASE = 'isocenter';
/** sockaddr_un.sun_path holds 104 bytes on macOS, 108 on Linux; `/.s.PGSQL.5432` and the NUL take 15. */
const SOCKET_FOLDER_LIMIT = 88;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface Place {
  readonly binaries: PostgresqlBinaries;
  readonly folder: string;
  readonly cluster: string;
  readonly socketFolder: string;
  readonly owner: Owner | undefined;
  readonly durable: boolean;
}

/**
 * Starts the embedded server of a data folder, or adopts the one that runs there, creating the cluster when there is none.
 * Errors: POSTGRESQL_NOT_INSTALLED, POSTGRESQL_START (with the tail of the server's log).
 */
export async function startEmbeddedPostgresql(options: EmbeddedOptions): Promise<EmbeddedPostgresql> {
  const place = prepare(options);
  const running = runningServer(place);
  if (running !== undefined) {
    await untilReady(place, running, options.deadlineMs ?? 300_000);
    return handle(place, running, true, undefined);
  }
  if (!existsSync(path.join(place.cluster, 'PG_VERSION'))) createCluster(place);
  allowConnections(place);
  const child = launch(place);
  const pid = await untilReady(place, child, options.deadlineMs ?? 300_000);
  return handle(place, pid, false, child);
}

/** Where the server's files of a data folder lie; the same for every start on that folder. */
export function embeddedFolder(dataDir: string): string {
  if (process.getuid?.() !== 0) return path.join(path.resolve(dataDir), 'postgresql');
  mkdirSync(dataDir, { recursive: true });
  // The name hangs on a mark inside the data folder, not on its path: a data folder that is deleted and made anew must not
  // meet the rows of its predecessor, and one that is moved must find its own.
  const mark = path.join(dataDir, 'postgresql-folder');
  if (!existsSync(mark)) {
    const name = path.basename(realpathSync(dataDir)).replaceAll(/[^A-Za-z0-9-]/g, '').slice(0, 20) || 'data';
    writeFileSync(mark, `${path.join(ROOT_HOME, `${name}-${randomBytes(6).toString('hex')}`)}\n`);
  }
  return readFileSync(mark, 'utf8').trim();
}

function prepare(options: EmbeddedOptions): Place {
  if (process.platform === 'win32') throw new GatewayError('POSTGRESQL_START', 'the embedded database needs Unix sockets; name a server in database.url', { failure: 'permanent' });
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? nobody() : undefined;
  const folder = path.resolve(options.folder ?? embeddedFolder(options.dataDir));
  mkdirSync(folder, { recursive: true });
  if (isRoot) chmodSync(folder, 0o711); // the server's user passes through; what it owns inside is 0700
  const binaries = findBinaries(isRoot ? ROOT_HOME : folder, isRoot);
  const socketFolder = ownFolder(socketPlace(folder), owner);
  return { binaries, folder, cluster: path.join(folder, 'cluster'), socketFolder, owner, durable: options.durable ?? true };
}

function nobody(): Owner {
  const ask = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: ask('-u'), gid: ask('-g') };
}

function socketPlace(folder: string): string {
  const beside = path.join(folder, 'socket');
  if (beside.length <= SOCKET_FOLDER_LIMIT) return beside;
  const mark = path.join(folder, 'socket-folder');
  if (!existsSync(mark)) writeFileSync(mark, path.join('/tmp', `isocenter-${randomBytes(9).toString('hex')}`));
  return readFileSync(mark, 'utf8').trim();
}

function ownFolder(folder: string, owner: Owner | undefined): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const expected = owner?.uid ?? process.getuid?.();
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  const found = statSync(folder);
  if (found.uid !== expected || (found.mode & 0o077) !== 0) throw new GatewayError('POSTGRESQL_START', `${folder} must belong to the database's user alone`, { failure: 'permanent' });
  return folder;
}

/** The pid of a live server on this cluster. A pid file that was left behind, its pid by now another program's, is removed. */
function runningServer(place: Place): number | undefined {
  const file = path.join(place.cluster, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (pidExists(pid)) {
    if (commandLine(pid).includes(place.cluster)) return pid;
    // PostgreSQL would refuse to start: it sees a live pid and cannot know that it belongs to something else.
    rmSync(file, { force: true });
  }
  return undefined;
}

function createCluster(place: Place): void {
  const draft = `${place.cluster}.draft`; // a crash in the middle of initdb must not look like a cluster
  rmSync(draft, { recursive: true, force: true });
  ownFolder(draft, place.owner);
  run(place, 'initdb', ['-D', draft, '-U', USER, '-A', 'peer', '-E', 'UTF8', '--locale=C', ...(place.durable ? [] : ['--no-sync'])]);
  const plain = place.durable ? [] : ['-F'];
  run(place, 'postgres', ['--single', ...plain, '-D', draft, 'postgres'], `create database ${DATABASE}\n`);
  renameSync(draft, place.cluster);
}

function run(place: Place, program: string, args: readonly string[], input?: string): void {
  try {
    execFileSync(path.join(place.binaries.folder, 'bin', program), args, { ...spawnOptions(place), stdio: 'pipe', ...(input === undefined ? {} : { input }) });
  } catch (cause) {
    const said = (cause as { stderr?: Buffer }).stderr?.toString().slice(-2000) ?? '';
    throw new GatewayError('POSTGRESQL_START', `${program} failed: ${said.trim()}`, { failure: 'permanent', cause });
  }
}

/** Only the user who runs the gateway may connect: the socket's peer must be that user (PostgreSQL 18 §20.9, §20.2). */
function allowConnections(place: Place): void {
  writeFileSync(path.join(place.cluster, 'pg_hba.conf'), 'local all all peer map=gateway\n');
  writeFileSync(path.join(place.cluster, 'pg_ident.conf'), `gateway "${os.userInfo().username}" ${USER}\n`);
}

function launch(place: Place): ChildProcess {
  // The server outlives a killed gateway: its messages go to a file, for a pipe would break under it.
  const logFile = path.join(place.folder, 'postgresql.log');
  const tooLong = existsSync(logFile) && statSync(logFile).size > 16 * 1024 * 1024;
  const log = openSync(logFile, tooLong ? 'w' : 'a', 0o600);
  const settings = Object.entries({ ...tuning(place.durable), unix_socket_directories: place.socketFolder }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(path.join(place.binaries.folder, 'bin', 'postgres'), ['-D', place.cluster, ...settings], { ...spawnOptions(place), detached: true, stdio: ['ignore', log, log] });
  child.on('error', () => undefined); // seen by untilReady as a process that is not there
  child.unref();
  closeSync(log);
  return child;
}

/** Small memory, full durability: what was committed survives a power cut, and so an acknowledgement may follow it. */
function tuning(durable: boolean): Record<string, string> {
  const safety = durable ? 'on' : 'off';
  return {
    listen_addresses: '',
    unix_socket_permissions: '0700',
    fsync: safety,
    synchronous_commit: 'on',
    full_page_writes: safety,
    max_connections: '80',
    shared_buffers: '96MB',
    work_mem: '8MB',
    maintenance_work_mem: '48MB',
    effective_cache_size: '512MB',
    huge_pages: 'off',
    io_method: 'sync',
    max_worker_processes: '2',
    max_parallel_workers: '0',
    max_wal_senders: '0',
    max_wal_size: '512MB',
    checkpoint_timeout: '10min',
    autovacuum_max_workers: '2',
    random_page_cost: '1.1',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
}

function spawnOptions(place: Place): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { cwd: '/', env: { ...Object.fromEntries(inherited), LC_ALL: 'C', TZ: 'UTC' }, ...place.owner };
}

/** Waits for the status line of postmaster.pid to read "ready", as pg_ctl does. */
async function untilReady(place: Place, server: ChildProcess | number, deadlineMs: number): Promise<number> {
  const pid = typeof server === 'number' ? server : server.pid;
  const file = path.join(place.cluster, 'postmaster.pid');
  const giveUpAt = performance.now() + deadlineMs;
  while (performance.now() < giveUpAt) {
    if (pid === undefined || !pidExists(pid)) break;
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    if (Number(lines[0]) === pid && lines[7]?.trim() === 'ready') return pid;
    await pause(15);
  }
  const log = path.join(place.folder, 'postgresql.log');
  const tail = existsSync(log) ? readFileSync(log, 'utf8').slice(-1500) : '';
  throw new GatewayError('POSTGRESQL_START', `the embedded database did not become ready; ${log} ends with: ${tail}`, { failure: 'transient' });
}

function handle(place: Place, pid: number, adopted: boolean, child: ChildProcess | undefined): EmbeddedPostgresql {
  const isGone = (): boolean => (child === undefined ? !pidExists(pid) : child.exitCode !== null || child.signalCode !== null || !pidExists(pid));
  return {
    folder: place.folder,
    pid,
    adopted,
    socketFolder: place.socketFolder,
    user: USER,
    url: (database = DATABASE) => `postgresql://${USER}@/${encodeURIComponent(database)}?host=${encodeURIComponent(place.socketFolder)}`,
    stop: async (deadlineMs = 20_000) => {
      const immediateAt = performance.now() + deadlineMs;
      signal(pid, 'SIGINT');
      while (!isGone() && performance.now() < immediateAt) await pause(15);
      if (isGone()) return;
      signal(pid, 'SIGQUIT');
      while (!isGone() && performance.now() < immediateAt + 5000) await pause(15);
    },
  };
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // already gone
  }
}
