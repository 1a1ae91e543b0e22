import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { GatewayError } from '../../foundation/errors.ts';
import { siblingModule } from '../../foundation/sibling-module.ts';

/**
 * Runs a verb of this program in a process of its own, as a modality would be one, and hands on every line it prints.
 * Errors: DEMO_STEP_FAILED when it ends with anything but 0.
 */
export async function runVerb(args: readonly string[], onLine: (line: string) => void): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, siblingModule(import.meta.url, '../../main'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-2000)));
  createInterface({ input: child.stdout }).on('line', onLine);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0) throw new GatewayError('DEMO_STEP_FAILED', `${args[0]} ended with ${signal ?? code}: ${complaint.trim()}`, { failure: 'permanent' });
}
