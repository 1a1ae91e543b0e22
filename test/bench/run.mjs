// npm run bench -- [NAME…] [--json FILE] [--full] [--pairs N]
// Runs test/bench/*.bench.mjs. Each exports `title` and `run({ full, pairs, note })`, which returns { tables: [{ title, columns, rows, notes }], figures }.
// Peers and gateway run in interleaved pairs in one go; absolute figures drift with the machine, the ratios of one run are what counts.
import { readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../../bin/build.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' }, full: { type: 'boolean', default: false }, pairs: { type: 'string' } } });
const known = readdirSync(here).filter((name) => name.endsWith('.bench.mjs')).map((name) => name.slice(0, -'.bench.mjs'.length)).sort();
const wanted = positionals.length > 0 ? positionals : known;
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`unknown benchmark ${unknown.join(', ')}; there are ${known.join(', ')}`);
  process.exit(2);
}
if (!buildIfStale()) process.exit(1);

const report = { at: new Date().toISOString(), node: process.version, cpus: os.cpus().length, cpu: os.cpus()[0]?.model ?? 'unknown', memoryGiB: Math.round(os.totalmem() / 2 ** 30), full: values.full, benchmarks: {} };
console.log(`${report.cpus} × ${report.cpu}, ${report.memoryGiB} GiB, Node ${report.node}, load ${os.loadavg().map((n) => n.toFixed(1)).join(' ')}${values.full ? '' : ' — quick mode, see --full'}`);
for (const name of wanted) {
  const bench = await import(pathToFileURL(path.join(here, `${name}.bench.mjs`)).href);
  console.log(`\n# ${bench.title}`);
  const outcome = await bench.run({ full: values.full, pairs: values.pairs === undefined ? undefined : Number(values.pairs), note: (text) => console.log(`  ${text}`) });
  report.benchmarks[name] = outcome.figures;
  for (const table of outcome.tables) print(table);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
process.exit(0);

function print({ title, columns, rows, notes = [] }) {
  const lines = [columns, columns.map(() => ''), ...rows].map((row) => row.map(String));
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  console.log(`\n## ${title}\n`);
  for (const [i, line] of lines.entries()) console.log(`| ${line.map((cell, c) => (i === 1 ? '-'.repeat(widths[c]) : cell.padEnd(widths[c]))).join(' | ')} |`);
  for (const text of notes) console.log(`\n${text}`);
}
