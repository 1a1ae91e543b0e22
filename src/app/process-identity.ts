import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Which process a pid means. Pids are reused (in containers after every restart), so a pid alone never proves that the
 * process which wrote it still lives.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: equal for the same process, different for a later one with the same pid. Empty when the system does not tell. */
  readonly startedAt: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startMark(process.pid) };
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startedAt: startMark(pid) };
}

/** True while the very process of `identity` runs; a zombie does not run. */
export function isRunning(identity: ProcessIdentity): boolean {
  return pidExists(identity.pid) && startMark(identity.pid) === identity.startedAt;
}

/** True when some process, of whichever user, has this pid and is no zombie. */
export function pidExists(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return process.platform !== 'linux' || statFields(pid)?.[0] !== 'Z';
}

/** The command line of a process, arguments joined by blanks; empty when it is gone or not ours to read. */
export function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

function startMark(pid: number): string {
  try {
    // proc(5): field 22 is the start time in clock ticks since boot; field 3 is index 0 here. The boot id guards against a reboot.
    if (process.platform === 'linux') return `${bootId()}:${statFields(pid)?.[19] ?? ''}`;
    return execFileSync('ps', ['-p', String(pid), '-o', 'lstart='], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** The fields of /proc/<pid>/stat after the command name, which may itself hold blanks and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
