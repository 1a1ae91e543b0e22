// CPU time and memory of processes, from /proc (Linux). Zeros elsewhere.
import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** CPU milliseconds of a process, and with `family` of those it started, ended ones included. */
export function cpuMs(pid, { family = false } = {}) {
  const own = statOf(pid);
  if (own === undefined) return 0;
  const spent = (Number(own[11]) + Number(own[12]) + (family ? Number(own[13]) + Number(own[14]) : 0)) * TICK_MS;
  if (!family) return spent;
  return spent + childrenOf(pid).reduce((sum, child) => sum + cpuMs(child, { family: true }), 0);
}

export function childrenOf(pid) {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(name)?.[1] === String(pid)).map(Number);
  } catch {
    return [];
  }
}

/** Most memory the process ever had, MB. */
export function peakRssMb(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length === 0 ? Number.NaN : sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
