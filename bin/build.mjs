// Compiles src/ to dist/ when a source is newer than the last build. `npm start`, `npm run demo` and `npx isocenter`
// call it first, so that a fresh clone needs nothing but `npm ci`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const stamp = path.join(root, 'dist', '.built');

function newestIn(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(path.join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
  }
  return newest;
}

function isStale() {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((f) => statSync(path.join(root, f)).mtimeMs);
  return Math.max(newestIn(path.join(root, 'src')), ...settings) > built;
}

/** Builds dist/ if it is older than src/. Returns false (after the compiler has said why) when the sources do not compile. */
export function buildIfStale() {
  if (!existsSync(path.join(root, 'src')) || !isStale()) return true;
  const began = new Date();
  const tsc = createRequire(import.meta.url).resolve('typescript/package.json');
  const run = spawnSync(process.execPath, [path.join(path.dirname(tsc), 'bin', 'tsc'), '-p', 'tsconfig.build.json'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (run.status !== 0) return false;
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, began.toISOString());
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !buildIfStale()) process.exitCode = 1;
