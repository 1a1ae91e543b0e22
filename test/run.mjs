// `npm test`: builds, runs every test with mocha, and ends with the one line that says how it went.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../bin/build.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
if (!buildIfStale()) process.exit(1);

const mocha = path.join(path.dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin', 'mocha.js');
const run = spawn(process.execPath, [mocha, '--reporter', fileURLToPath(new URL('./support/reporter.mjs', import.meta.url)), ...(process.argv.length > 2 ? process.argv.slice(2) : ['test/**/*.test.ts'])], { cwd: root, stdio: 'inherit' });
run.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
