// The AI path of a whole gateway: a chest CT of 300 × 512 × 512 sent over DIMSE, the model run, SR and SEG written; what the gateway adds to the inference,
// what the run does to C-STORE, and how much memory it takes.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childrenOf, median, peakRssMb } from './process-cost.mjs';

export const title = 'ai: last C-STORE answer → SR and SEG written, C-STORE beside a running model';

const root = fileURLToPath(new URL('../../', import.meta.url));
const main = path.join(root, 'dist', 'main.js');
const QUIET_SECONDS = 1;
const SLICES = 300;

export async function run({ pairs = 3, note }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-ai-'));
  const gateway = await startGateway(folder);
  try {
    const rounds = [];
    // Round 0 runs the self-test, loads the weights and warms the compiler.
    for (let round = 0; round <= pairs; round += 1) {
      const outcome = await oneRound(gateway, folder, round);
      note(`round ${round}${round === 0 ? ' (warm-up)' : ''}: inference ${Math.round(outcome.inferMs)} ms, gateway beside it ${Math.round(outcome.overheadMs)} ms, C-STORE p50 ${outcome.idleP50.toFixed(2)} → ${outcome.busyP50.toFixed(2)} ms`);
      if (round > 0) rounds.push(outcome);
    }
    return report(rounds, gateway.memory());
  } finally {
    await gateway.stop();
    const mark = path.join(folder, 'data', 'postgresql-folder');
    if (existsSync(mark)) rmSync(readFileSync(mark, 'utf8').trim(), { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

async function oneRound(gateway, folder, round) {
  const idle = await sendSmall(gateway.port, 150);
  const images = path.join(folder, `ct-${round}`);
  await verb(['generate', 'chest-ct', '--seed', String(700 + round), '--slices', String(SLICES), '--fresh-uids', '--out', images]);
  const truth = JSON.parse(readFileSync(path.join(images, 'truth.json'), 'utf8'));
  rmSync(path.join(images, 'truth.json'));
  await verb(['send', images, '--to', gateway.dicom, '--calling', 'BENCH_AI']);
  const acked = Date.now();
  rmSync(images, { recursive: true, force: true });
  const claimed = await gateway.hop(truth.studyInstanceUid, 9);
  const busy = await sendSmall(gateway.port, 150);
  const stillRunning = !(await gateway.hops(truth.studyInstanceUid)).some((hop) => hop.hop === 10);
  const analysed = await gateway.hop(truth.studyInstanceUid, 10);
  const written = await gateway.hop(truth.studyInstanceUid, 11);
  const routed = (await gateway.hops(truth.studyInstanceUid)).find((hop) => hop.hop === 8).at;
  const { subject } = (await gateway.hops(truth.studyInstanceUid)).find((hop) => hop.hop === 10);
  const timing = gateway.timings().find((one) => one.jobKey === subject);
  const wait = Math.min(QUIET_SECONDS * 1000, routed - acked);
  return {
    sentToWrittenMs: written - acked, completenessMs: routed - acked, inferMs: timing.inferMs, readMs: timing.readMs, prepareMs: timing.prepareMs, measureMs: timing.measureMs,
    claimMs: claimed - routed, resultsMs: written - analysed, overheadMs: written - acked - wait - timing.inferMs,
    idleP50: idle.p50Ms, busyP50: busy.p50Ms, busyWhileRunning: stillRunning,
  };
}

function report(rounds, memory) {
  const of = (key) => median(rounds.map((one) => one[key]));
  const figures = Object.fromEntries(['sentToWrittenMs', 'completenessMs', 'inferMs', 'readMs', 'prepareMs', 'measureMs', 'claimMs', 'resultsMs', 'overheadMs', 'idleP50', 'busyP50'].map((key) => [key, of(key)]));
  figures.busyOverIdle = median(rounds.map((one) => one.busyP50 / one.idleP50));
  const ms = (value) => String(Math.round(value));
  const steps = [
    ['read and decode', ms(figures.readMs)], ['geometry, checks, resampling, lung mask', ms(figures.prepareMs)], ['inference (with windows and peaks)', ms(figures.inferMs)], ['outline and measure', ms(figures.measureMs)],
    ['routed → claimed', ms(figures.claimMs)], ['analysed → SR, SEG and report written', ms(figures.resultsMs)], ['last C-STORE answer → written, less completeness wait and inference', ms(figures.overheadMs)],
  ];
  const beside = [['idle', figures.idleP50.toFixed(2)], ['while the model runs', figures.busyP50.toFixed(2)], ['ratio', figures.busyOverIdle.toFixed(2)]];
  const notes = [`goals: overhead ≤ 1000 ms, ratio ≤ 2; median of ${rounds.length}; load ${os.loadavg().map((n) => n.toFixed(1)).join(' ')}${rounds.every((one) => one.busyWhileRunning) ? '' : '; in some rounds the model ended before the C-STOREs did'}`];
  return {
    tables: [
      { title: `one run on ${SLICES} × 512 × 512, ms`, columns: ['step', 'ms'], rows: steps, notes },
      { title: 'C-STORE of 10 KB, one association, p50 ms', columns: ['', 'ms'], rows: beside },
      { title: 'peak resident memory, MB (PostgreSQL beside it)', columns: ['process', 'MB'], rows: memory.map(({ name, mb }) => [name, String(Math.round(mb))]) },
    ],
    figures: { ...figures, rounds, memory },
  };
}

async function startGateway(folder) {
  const configFile = path.join(folder, 'isocenter.yaml');
  writeFileSync(configFile, JSON.stringify({
    dataDir: path.join(folder, 'data'), completeness: { quietSeconds: QUIET_SECONDS, maxWaitSeconds: 60 },
    rules: [{ name: 'chest', when: { modality: 'CT', callingAe: ['BENCH_AI'] }, run: ['ref-lung-nodule-ct'], deliver: [] }],
  }));
  const env = { ...process.env, ISOCENTER_CONFIG: configFile, ISOCENTER_DIMSE_PORT: '0', ISOCENTER_HTTP_PORT: '0', ISOCENTER_HL7_PORT: '0' };
  const child = spawn(process.execPath, [main, 'start'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk.toString()));
  await until(() => /^ready$/m.test(text), 120_000, () => `the gateway did not start:\n${text}`);
  const dicom = /^ {2}dicom +(\S+)$/m.exec(text)[1];
  const http = /^ {2}http +(\S+)$/m.exec(text)[1];
  const hops = async (uid) => {
    const response = await fetch(`${http}api/studies/${uid}`);
    return response.ok ? (await response.json()).hops.map((hop) => ({ ...hop, hop: hop.hop, at: Date.parse(hop.at) })) : [];
  };
  return {
    dicom, hops, port: Number(dicom.split(':').at(-1)),
    hop: async (uid, number) => {
      let found;
      await until(async () => (found = (await hops(uid)).find((hop) => hop.hop === number)) !== undefined, 600_000, () => `hop ${number} of the study did not come:\n${text.slice(-2000)}`, 50);
      return found.at;
    },
    timings: () => text.split('\n').filter((line) => line.includes('"model.timing"')).map((line) => JSON.parse(line)),
    memory: () => familyOf(child.pid).map((pid) => ({ name: nameOf(pid), mb: peakRssMb(pid) })).filter(({ name }) => name.startsWith('node')),
    stop: async () => {
      child.kill('SIGTERM');
      await until(() => child.exitCode !== null || child.signalCode !== null, 60_000, () => 'the gateway did not stop');
    },
  };
}

function familyOf(pid) {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

function nameOf(pid) {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter((word) => word !== '');
  return words.map((word) => path.basename(word)).filter((word) => !word.startsWith('-')).slice(0, 4).join(' ');
}

function verb(words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`isocenter ${words[0]} ended with ${code}`))));
  });
}

let runNumber = Math.floor(Date.now() / 100) % 1_000_000_000;

async function sendSmall(port, count) {
  runNumber += 1;
  const settings = { port, called: 'ISOCENTER', count, pixelBytes: 10_240, connections: 1, pduLength: 131_072, run: runNumber };
  const child = spawn(process.execPath, [fileURLToPath(new URL('./intake-sender.mjs', import.meta.url)), JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  child.stdin.write('go\n');
  const line = await lines.next();
  if (line.done) throw new Error('the sender failed');
  return JSON.parse(line.value);
}

async function until(condition, deadlineMs, message, everyMs = 25) {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(message());
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
