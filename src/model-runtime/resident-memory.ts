import { readFileSync } from 'node:fs';

// Linux counts /proc/<pid>/statm in pages; every platform Node ships for has 4 KiB pages there but some arm64 kernels, which have 16 or 64 KiB:
// `VmRSS` of status is in kB everywhere.
const RESIDENT = /^VmRSS:\s+(\d+) kB$/m;

/** Resident memory of another process, MiB; null where the system does not say (not Linux, or the process is gone). */
export function residentMiB(pid: number | undefined): number | null {
  if (pid === undefined) return null;
  try {
    const match = RESIDENT.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match === null ? null : Math.round(Number(match[1]) / 1024);
  } catch {
    return null;
  }
}
