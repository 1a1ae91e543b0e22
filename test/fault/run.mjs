// node test/fault/run.mjs [--kills 100] [--seed 1] [--json FILE]      random kills under load; see docs/reliability.md
// node test/fault/run.mjs --five-hundred                              one kill in the middle of 500 instances
// Ends with 1 when an acknowledged instance is missing, doubled or not what was sent.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../../bin/build.mjs';
import { runCrashes, runFiveHundred } from './crash-run.mjs';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' }, json: { type: 'string' }, 'five-hundred': { type: 'boolean', default: false }, quiet: { type: 'boolean', default: false } } });
const root = fileURLToPath(new URL('../../', import.meta.url));
if (!buildIfStale() && !existsSync(path.join(root, 'dist', 'stages', 'intake'))) process.exit(2);

const say = (event) => {
  if (!values.quiet) process.stderr.write(`${JSON.stringify(event)}\n`);
};
const outcome = values['five-hundred'] ? await runFiveHundred({ seed: Number(values.seed) }) : await runCrashes({ kills: Number(values.kills), seed: Number(values.seed), onEvent: say });
const text = JSON.stringify(outcome, null, 2);
if (values.json !== undefined) writeFileSync(values.json, text);
console.log(text);
const isGood = [outcome, outcome.afterKill ?? outcome].every((one) => one.lost === 0 && one.twice === 0 && one.half === 0 && one.quarantined === 0 && one.miscounted === 0);
process.exit(isGood ? 0 : 1);
