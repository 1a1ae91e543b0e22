import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Context } from 'mocha';

/**
 * Skips the running test, visibly, when a program of a peer is not installed. With REQUIRE_PEERS=1 a missing peer fails the test:
 * CI must never be green because it looked at nothing.
 */
export function needsPeer(test: Context, ...programs: readonly string[]): void {
  const missing = programs.filter((program) => pathOf(program) === undefined);
  if (missing.length > 0) absent(test, `${missing.join(', ')} not installed`);
}

/** Absolute path of a program on PATH (and in /usr/sbin), undefined when it is not installed. */
export function pathOf(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => path.join(folder, program)).find((file) => existsSync(file));
}

/** A folder (or file) of the corpus of real DICOM files; the test is skipped when ISOCENTER_CORPUS is unset or lacks it. */
export function corpus(test: Context, ...parts: readonly string[]): string {
  const root = process.env['ISOCENTER_CORPUS'];
  if (root === undefined || !existsSync(path.join(root, ...parts))) return absent(test, `corpus ${parts.join('/')} (ISOCENTER_CORPUS)`);
  return path.join(root, ...parts);
}

function absent(test: Context, what: string): never {
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(`${what}; REQUIRE_PEERS=1 makes this a failure`);
  test.skip();
}
