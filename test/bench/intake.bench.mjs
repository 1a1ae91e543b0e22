// C-STORE: the gateway beside DCMTK's storescp (which syncs nothing) and Orthanc, in interleaved rounds of one run.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { programPath, startGateway, startOrthanc, startStorescp } from './intake-targets.mjs';
import { echoAmongStrangers } from './intake-strangers.mjs';
import { median } from './process-cost.mjs';

export const title = 'intake: C-STORE, instances per second';

const KiB = 1024;
// One thing varied at a time.
const cells = [
  { name: 'large, 4 associations', pixelBytes: 512 * KiB, quick: 240, full: 2_000, connections: 4, pduLength: 131_072 },
  { name: 'large, 1 association', pixelBytes: 512 * KiB, quick: 120, full: 2_000, connections: 1, pduLength: 131_072 },
  { name: 'large, 16 associations', pixelBytes: 512 * KiB, quick: 240, full: 2_000, connections: 16, pduLength: 131_072 },
  { name: 'large, 4 associations, PDU 16 K', pixelBytes: 512 * KiB, quick: 240, full: 2_000, connections: 4, pduLength: 16_384 },
  { name: 'small, 4 associations', pixelBytes: 10 * KiB, quick: 600, full: 5_000, connections: 4, pduLength: 131_072 },
  { name: 'small, 1 association', pixelBytes: 10 * KiB, quick: 300, full: 5_000, connections: 1, pduLength: 131_072 },
  { name: 'small, 16 associations', pixelBytes: 10 * KiB, quick: 600, full: 5_000, connections: 16, pduLength: 131_072 },
  { name: '1 GB multi-frame', pixelBytes: 1_000_000_000, quick: 0, full: 1, connections: 1, pduLength: 131_072 },
];

export async function run({ full, pairs = full ? 5 : 3, note }) {
  const targets = [await startGateway()];
  if (programPath('storescp')) targets.push(await startStorescp());
  else note('storescp is not installed: not measured');
  if (programPath('Orthanc')) targets.push(await startOrthanc());
  else note('Orthanc is not installed: not measured');
  try {
    const measured = [];
    for (const cell of cells.filter((one) => (full ? one.full : one.quick) > 0)) measured.push(await measure(cell, targets, { full, pairs, note }));
    const echo = await echoAmongStrangers(targets[0]);
    const memory = full ? await hugeInstance(targets[0], note) : undefined;
    return { tables: [...tablesOf(measured, targets, pairs, memory), echoTable(echo)], figures: { pairs, cells: measured, memory, echo } };
  } finally {
    for (const target of targets) await target.stop();
  }
}

async function measure(cell, targets, { full, pairs, note }) {
  const count = full ? cell.full : cell.quick;
  const runs = Object.fromEntries(targets.map((target) => [target.name, []]));
  for (let pair = -1; pair < pairs; pair += 1) {
    // The order turns, so that no one always runs behind the same neighbour. Round -1 only warms up.
    for (let i = 0; i < targets.length; i += 1) {
      const target = targets[(i + pair + 1) % targets.length];
      const outcome = await once(target, cell, pair < 0 ? Math.min(count, 100) : count);
      if (pair >= 0) runs[target.name].push(outcome);
      await target.between();
    }
  }
  note(`${cell.name}: ${targets.map((target) => `${target.name} ${median(runs[target.name].map((one) => one.perSecond)).toFixed(1)}/s`).join(', ')}`);
  return { name: cell.name, count, bytes: cell.pixelBytes, connections: cell.connections, pduLength: cell.pduLength, runs };
}

let runNumber = Math.floor(Date.now() / 100) % 1_000_000_000;

async function once(target, cell, count) {
  runNumber += 1;
  const settings = { port: target.port, called: target.called, count, pixelBytes: cell.pixelBytes, connections: cell.connections, pduLength: cell.pduLength, run: runNumber };
  const child = spawn(process.execPath, [fileURLToPath(new URL('./intake-sender.mjs', import.meta.url)), JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const before = await target.cost();
  child.stdin.write('go\n');
  const line = await lines.next();
  if (line.done) throw new Error(`the sender to ${target.name} failed`);
  const sent = JSON.parse(line.value);
  const after = await target.cost();
  if (Object.keys(sent.statuses).length > 0) throw new Error(`${target.name} answered ${JSON.stringify(sent.statuses)}`);
  const used = Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - (before[key] ?? 0)]));
  const busy = { sender: sent.cpuMs / sent.seconds / 1000, cpu: used.cpuMs / sent.seconds / 1000, disk: (used.writingMs ?? 0) / sent.seconds / 1000, index: (used.postgresqlCpuMs ?? 0) / sent.seconds / 1000 };
  return { ...sent, cpuPerInstanceMs: used.cpuMs / count, postgresqlCpuPerInstanceMs: used.postgresqlCpuMs === undefined ? undefined : used.postgresqlCpuMs / count, rssMb: after.rssMb, recordsPerCommit: used.records / used.batches, busy };
}

/** 2 GB in one instance: what the gateway's heap does meanwhile. */
async function hugeInstance(gateway, note) {
  await gateway.cost();
  const before = await gateway.cost();
  const outcome = await once(gateway, { pixelBytes: 2_000_000_000, connections: 1, pduLength: 131_072 }, 1);
  const after = await gateway.cost();
  const growthMb = (after.maxHeap - before.maxHeap) / 1e6;
  note(`2 GB instance: ${outcome.megabytesPerSecond.toFixed(0)} MB/s, heap and buffers grew by ${growthMb.toFixed(1)} MB`);
  return { growthMb, megabytesPerSecond: outcome.megabytesPerSecond };
}

/** The busiest part names what to look at; nothing busy = waiting for each other, or a machine that others use. */
function limitOf({ busy, cpuPerInstanceMs }) {
  const parts = [['fsync', busy.disk], ['CPU', busy.cpu], ['sender', busy.sender], ['index', busy.index]].sort((a, b) => b[1] - a[1]);
  const [name, share] = parts[0];
  return Number.isNaN(cpuPerInstanceMs) ? '' : `${name} ${(share * 100).toFixed(0)} %`;
}

function tablesOf(measured, targets, pairs, memory) {
  const rate = (cell, target) => median(cell.runs[target.name].map((one) => one.perSecond));
  const ratio = (cell, target) => median(cell.runs[targets[0].name].map((one, i) => one.perSecond / cell.runs[target.name][i].perSecond));
  const peers = targets.slice(1);
  const middle = (cell, key) => median(cell.runs['isocenter'].map((one) => one[key]));
  const speed = {
    title: `Instances per second (median of ${pairs}); in brackets the gateway's rate over the peer's, median of the pairs`,
    columns: ['cell', ...targets.map((target) => `${target.name} (durable: ${target.durable})`), 'p50 ms', 'p99 ms', 'per commit', 'limited by'],
    rows: measured.map((cell) => [
      cell.name, rate(cell, targets[0]).toFixed(1), ...peers.map((peer) => `${rate(cell, peer).toFixed(1)} (${ratio(cell, peer).toFixed(2)} ×)`),
      middle(cell, 'p50Ms').toFixed(2), middle(cell, 'p99Ms').toFixed(2), middle(cell, 'recordsPerCommit').toFixed(1), limitOf(cell.runs['isocenter'].at(-1)),
    ]),
    notes: ['Rows in the index are included in the gateway’s time: its release is answered when they are there.'],
  };
  const cost = {
    title: 'Cost per instance',
    columns: ['cell', ...targets.map((target) => `${target.name} CPU ms`), 'PostgreSQL CPU ms', 'sender CPU ms', 'isocenter peak RSS MB'],
    rows: measured.map((cell) => [
      cell.name, ...targets.map((target) => median(cell.runs[target.name].map((one) => one.cpuPerInstanceMs)).toFixed(3)),
      middle(cell, 'postgresqlCpuPerInstanceMs').toFixed(3), (middle(cell, 'cpuMs') / cell.count).toFixed(3), middle(cell, 'rssMb').toFixed(0),
    ]),
    notes: memory === undefined ? [] : [`An instance of 2 GB passed at ${memory.megabytesPerSecond.toFixed(0)} MB/s; heap and buffers grew by ${memory.growthMb.toFixed(1)} MB.`],
  };
  return [speed, cost];
}

function echoTable({ alone, among, strangers }) {
  const row = (name, { p50Ms, p99Ms, maxMs }) => [name, p50Ms.toFixed(2), p99Ms.toFixed(2), maxMs.toFixed(2)];
  return {
    title: 'An echo: association, C-ECHO, release',
    columns: ['beside', 'p50 ms', 'p99 ms', 'longest ms'],
    rows: [row('nobody', alone), row(`${strangers} strangers (silent, or one byte a second)`, among)],
    notes: [],
  };
}
