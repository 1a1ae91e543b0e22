// Kills intake, PostgreSQL or both with SIGKILL at random moments while a sender stores, restarts them, and then holds what is there
// against what was acknowledged: every acknowledged instance byte for byte, none twice, none half.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { dataSetOf, instanceOf } from './crash-content.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const load = (name) => import(pathToFileURL(path.join(root, 'dist', `${name}.js`)).href);

/** Numbers that follow from a seed, so that a failing run can be repeated as far as the moments of kills can. */
function random(seed) {
  let x = seed >>> 0 || 1;
  return () => {
    x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0;
    return x / 2 ** 32;
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function runCrashes({ kills, seed = 1, connections = 6, instancesPerKill = 60, perKillMs = [100, 900], targets = ['intake', 'postgresql', 'both'], onEvent = () => {} }) {
  const { startEmbeddedPostgresql } = await load('app/embedded-postgresql');
  const { migrate } = await load('store/migrate');
  const next = random(seed);
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'isocenter-crash-'));
  const rig = new Rig(dataDir, await freePort(), startEmbeddedPostgresql);
  const began = Date.now();
  try {
    await rig.startPostgresql();
    await migrate(rig.postgresql.url(), path.join(root, 'migrations'));
    await rig.startIntake();
    const run = 1 + Math.floor(Date.now() / 1000) % 1_000_000;
    const sender = new Sender(rig.port, run, connections);
    const done = { intake: 0, postgresql: 0, both: 0 };
    let first = 0;
    sender.send(first, instancesPerKill * 2);
    for (let kill = 0; kill < kills; kill += 1) {
      first += instancesPerKill;
      sender.send(first + instancesPerKill, instancesPerKill);
      await pause(perKillMs[0] + next() * (perKillMs[1] - perKillMs[0]));
      const target = targets[Math.floor(next() * targets.length)];
      done[target] += 1;
      await rig.kill(target, next);
      onEvent({ kill: kill + 1, target, acknowledged: sender.acknowledged.size });
    }
    await sender.finished(240_000);
    const recovery = await rig.settled();
    const found = await verify(rig, sender.acknowledged);
    return { kills: done, seed, seconds: (Date.now() - began) / 1000, acknowledged: sender.acknowledged.size, refusals: sender.refusals, recoverySeconds: recovery, ...found };
  } finally {
    await rig.stop();
    if (process.env['KEEP'] === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The case of the issue: 500 instances, a kill in the middle; what was acknowledged is there after the restart, and the sender can go on. */
export async function runFiveHundred({ seed = 1 } = {}) {
  const { startEmbeddedPostgresql } = await load('app/embedded-postgresql');
  const { migrate } = await load('store/migrate');
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'isocenter-crash-'));
  const rig = new Rig(dataDir, await freePort(), startEmbeddedPostgresql);
  try {
    await rig.startPostgresql();
    await migrate(rig.postgresql.url(), path.join(root, 'migrations'));
    await rig.startIntake();
    const sender = new Sender(rig.port, 1 + (Math.floor(Date.now() / 1000) % 1_000_000), 4);
    sender.send(0, 500);
    const middle = 150 + Math.floor(random(seed)() * 200);
    while (sender.acknowledged.size < middle) await pause(2);
    rig.intake.kill('SIGKILL');
    await rig.gone;
    const atKill = new Set(sender.acknowledged);
    await rig.startIntake();
    await rig.recovered();
    const afterKill = await verify(rig, atKill);
    await sender.finished(120_000);
    await rig.settled();
    return { acknowledgedAtKill: atKill.size, afterKill, acknowledged: sender.acknowledged.size, ...(await verify(rig, sender.acknowledged)) };
  } finally {
    await rig.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

class Rig {
  constructor(dataDir, port, startEmbeddedPostgresql) {
    this.dataDir = dataDir;
    this.port = port;
    this.folder = path.join(dataDir, 'segments');
    this.startEmbedded = startEmbeddedPostgresql;
  }

  async startPostgresql() {
    this.postgresql = await this.startEmbedded({ dataDir: this.dataDir });
  }

  async startIntake() {
    const settings = {
      databaseUrl: this.postgresql.url(), folder: this.folder, port: this.port, logLevel: process.env['CRASH_LOG'] ?? 'silent',
      // Small segments, so that kills meet sealing, switching and preparing too.
      segments: { segmentBytes: 16 << 20, spareSegments: 1, lowBytes: 0, fullBytes: 0, largeBytes: 1 << 20 },
    };
    for (;;) {
      const child = spawn(process.execPath, [path.join(root, 'test/support/intake-process.mjs')], { env: { ...process.env, INTAKE_CODE: 'dist', INTAKE_SETTINGS: JSON.stringify(settings) }, stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.on('error', () => undefined);
      this.intake = child;
      this.gone = new Promise((resolve) => child.once('exit', () => resolve(false)));
      this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const line = await Promise.race([this.lines.next(), this.gone]);
      if (line !== false && !line.done) return;
      await pause(100);
    }
  }

  async kill(target, next) {
    if (target !== 'postgresql') this.intake.kill('SIGKILL');
    if (target !== 'intake') killGroup(this.postgresql.pid);
    if (target !== 'postgresql') await this.gone;
    // Now and then PostgreSQL stays away for a while: intake goes on without it.
    if (target !== 'intake') await pause(next() < 0.3 ? 1_500 : 50);
    if (target !== 'intake') await this.startPostgresql();
    if (target !== 'postgresql') await this.startIntake();
  }

  async stats() {
    this.intake.stdin.write('stats\n');
    return JSON.parse((await this.lines.next()).value);
  }

  async recovered() {
    while (!(await this.stats()).recovered) await pause(50);
  }

  /** Seconds until nothing waits for the index. */
  async settled() {
    const began = Date.now();
    for (;;) {
      const { recovered, lag } = await this.stats();
      if (recovered && lag === 0) return (Date.now() - began) / 1000;
      if (Date.now() - began > 120_000) throw new Error('the index does not catch up');
      await pause(50);
    }
  }

  async stop() {
    this.intake?.kill('SIGKILL');
    await this.gone;
    await this.postgresql?.stop().catch(() => undefined);
    // Run by root the cluster lies outside the data folder.
    if (this.postgresql !== undefined && process.env['KEEP'] === undefined) rmSync(this.postgresql.folder, { recursive: true, force: true });
  }
}

/** The postmaster and everything it started: a power cut for PostgreSQL. */
function killGroup(pid) {
  const family = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((name) => {
    try {
      return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(pid);
    } catch {
      return false;
    }
  });
  for (const one of [pid, ...family.map(Number)]) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // gone already
    }
  }
}

/** Sender processes, one after the other or beside each other, and what they were told. */
class Sender {
  constructor(port, run, connections) {
    Object.assign(this, { port, run, connections, acknowledged: new Set(), refusals: {}, running: new Set(), queue: Promise.resolve() });
  }

  send(first, count) {
    this.queue = this.queue.then(() => this.#process(first, count));
  }

  async finished(ms) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the sender is not done after ${ms} ms: ${this.acknowledged.size} acknowledged`)), ms);
    });
    try {
      await Promise.race([this.queue, late]);
    } finally {
      clearTimeout(timer);
      for (const child of this.running) child.kill('SIGKILL');
    }
  }

  #process(first, count) {
    const { port, run, connections } = this;
    const child = spawn(process.execPath, [path.join(root, 'test/fault/crash-sender.mjs'), JSON.stringify({ port, run, connections, first, count })], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.running.add(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word, value] = line.split(' ');
      if (word === 'ack') this.acknowledged.add(value);
      if (word === 'status') this.refusals[value] = (this.refusals[value] ?? 0) + 1;
    });
    return new Promise((resolve) => child.once('close', () => {
      this.running.delete(child);
      resolve();
    }));
  }
}

/** Counts of what is wrong; all zero in a good run. */
async function verify(rig, acknowledged) {
  const { Database } = await load('store/database');
  const { SegmentReader } = await load('store/segments/segment-reader');
  const { blobAddressOf } = await load('store/segments/blob-address');
  const database = new Database({ url: rig.postgresql.url(), applicationName: 'crash check' });
  const reader = new SegmentReader(rig.folder);
  try {
    const rows = await database.query({ name: 'all', text: 'select sop_instance_uid, state, writer, segment, data_offset, data_length from instance' });
    const active = new Map();
    let twice = 0;
    let half = 0;
    for (const row of rows) {
      if (row.state === 'active') {
        if (active.has(row.sop_instance_uid)) twice += 1;
        active.set(row.sop_instance_uid, row);
      }
      const bytes = await reader.readRange(blobAddressOf(row)).catch(() => undefined);
      if (bytes === undefined || !bytes.equals(dataSetOf(instanceOf(row.sop_instance_uid)))) half += 1;
    }
    const lost = [...acknowledged].filter((sop) => !active.has(sop)).length;
    const [{ quarantined }] = await database.query({ name: 'q', text: 'select count(*) as quarantined from quarantine' });
    const [{ miscounted }] = await database.query({ name: 'c', text: `select count(*) as miscounted from study s where instance_count <> (select count(*) from instance i join series r on r.id = i.series_id where r.study_id = s.id and i.state = 'active')` });
    return { instances: active.size, duplicates: rows.length - active.size, lost, twice, half, quarantined, miscounted };
  } finally {
    reader.close();
    await database.close();
  }
}

function freePort() {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
