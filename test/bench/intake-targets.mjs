// What the intake benchmark measures: the gateway's intake with its PostgreSQL, DCMTK's storescp, Orthanc.
// DCMTK leaves Nagle's algorithm on unless TCP_NODELAY=1 (Orthanc is built on it): against delayed ACKs each answer then takes 40 ms.
// The peers are measured without that handicap.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cpuMs, peakRssMb } from './process-cost.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const load = (name) => import(pathToFileURL(path.join(root, 'dist', `${name}.js`)).href);

/** Path of a program, also where Debian puts daemons. */
export function programPath(name) {
  return [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin'].map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

export async function startGateway() {
  const { startEmbeddedPostgresql } = await load('app/embedded-postgresql');
  const { migrate } = await load('store/migrate');
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const postgresql = await startEmbeddedPostgresql({ dataDir });
  await migrate(postgresql.url(), path.join(root, 'migrations'));
  const settings = { databaseUrl: postgresql.url(), folder: path.join(dataDir, 'segments'), port: 0, waitForSpares: true, segments: { spareSegments: 4 } };
  const child = spawn(process.execPath, [path.join(root, 'test/support/intake-process.mjs')], { env: { ...process.env, INTAKE_CODE: 'dist', INTAKE_SETTINGS: JSON.stringify(settings) }, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { port, durability } = JSON.parse((await lines.next()).value);
  const stats = async () => {
    child.stdin.write('stats\n');
    return JSON.parse((await lines.next()).value);
  };
  return {
    name: 'isocenter', port, called: 'ISOCENTER', durable: `yes (${durability})`,
    cost: async () => {
      const { cpu, batches, records, writingMs, maxHeap } = await stats();
      return { cpuMs: (cpu.user + cpu.system) / 1000, postgresqlCpuMs: cpuMs(postgresql.pid, { family: true }), rssMb: peakRssMb(child.pid), batches, records, writingMs, maxHeap };
    },
    between: async () => {
      // Between runs: the index is empty of work and the spares are there, as after a quiet minute.
      while ((await stats()).lag > 0) await pause(20);
      for (let i = 0; i < 200 && (await stats()).spareSegments < 4; i += 1) await pause(50);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
      await postgresql.stop();
      rmSync(postgresql.folder, { recursive: true, force: true });
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export async function startStorescp() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const port = await freePort();
  const child = spawn(programPath('storescp'), ['--fork', '--max-pdu', '131072', '-aet', 'STORESCP', '-od', folder, String(port)], { stdio: 'ignore', env: { ...process.env, TCP_NODELAY: '1' } });
  await listening(port);
  return {
    name: 'storescp', port, called: 'STORESCP', durable: 'no',
    cost: async () => ({ cpuMs: cpuMs(child.pid, { family: true }), rssMb: peakRssMb(child.pid) }),
    between: async () => {
      for (const name of readdirSync(folder)) rmSync(path.join(folder, name));
    },
    stop: async () => {
      child.kill();
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function startOrthanc() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const port = await freePort();
  mkdirSync(path.join(folder, 'db'));
  const config = path.join(folder, 'orthanc.json');
  writeFileSync(config, JSON.stringify({ Name: 'bench', StorageDirectory: path.join(folder, 'db'), IndexDirectory: path.join(folder, 'db'), HttpServerEnabled: false, DicomPort: port, DicomAet: 'ORTHANC', DicomCheckCalledAet: false, DicomAlwaysAllowStore: true, MaximumPduLength: 131072, Plugins: [] }));
  const child = spawn(programPath('Orthanc'), [config], { stdio: 'ignore', env: { ...process.env, TCP_NODELAY: '1' } });
  await listening(port);
  return {
    name: 'Orthanc', port, called: 'ORTHANC', durable: 'yes',
    cost: async () => ({ cpuMs: cpuMs(child.pid), rssMb: peakRssMb(child.pid) }),
    between: async () => undefined,
    stop: async () => {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function listening(port) {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await pause(50)) {
    const socket = net.connect(port, '127.0.0.1');
    const isUp = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
  }
  throw new Error(`nothing listens on ${port}`);
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
