// What the query benchmark measures: the gateway (its intake role and PostgreSQL), Orthanc, DCMTK's dcmqrscp. TCP_NODELAY as for intake-targets.mjs.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { programPath } from './intake-targets.mjs';
import { cpuMs } from './process-cost.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

export async function startQueryGateway() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const port = await freePort();
  const config = path.join(folder, 'isocenter.yaml');
  writeFileSync(config, JSON.stringify({ dataDir: path.join(folder, 'data'), dimse: { port }, storage: { segmentMegabytes: 256, minFreeMegabytes: 100 }, log: { level: 'error' } }));
  const child = spawn(process.execPath, [path.join(root, 'dist/main.js'), 'start', '--config', config, '--roles', 'intake'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  while (!/^ready$/m.test(text)) {
    if (child.exitCode !== null) throw new Error(`the gateway did not start:\n${text}`);
    await pause(50);
  }
  const database = Number(/database .*process (\d+)/.exec(text)?.[1] ?? 0);
  const cluster = /embedded PostgreSQL in (\S+)/.exec(text)?.[1];
  return {
    name: 'isocenter', port, called: 'ISOCENTER',
    cpuMs: async () => cpuMs(child.pid, { family: true }) + cpuMs(database, { family: true }),
    stop: async () => {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
      if (cluster !== undefined) rmSync(cluster, { recursive: true, force: true });
    },
  };
}

export async function startQueryOrthanc() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const port = await freePort();
  mkdirSync(path.join(folder, 'db'));
  const config = path.join(folder, 'orthanc.json');
  writeFileSync(config, JSON.stringify({
    Name: 'bench', StorageDirectory: path.join(folder, 'db'), IndexDirectory: path.join(folder, 'db'), HttpServerEnabled: false, DicomPort: port, DicomAet: 'ORTHANC', DicomCheckCalledAet: false,
    DicomAlwaysAllowStore: true, DicomAlwaysAllowFind: true, DicomAlwaysAllowGet: true, MaximumPduLength: 131072, LimitFindResults: 0, LimitFindInstances: 0, Plugins: [],
  }));
  return served(programPath('Orthanc'), [config], { name: 'Orthanc', port, called: 'ORTHANC', folder });
}

export async function startDcmqrscp() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const port = await freePort();
  mkdirSync(path.join(folder, 'db'));
  const config = path.join(folder, 'dcmqrscp.cfg');
  writeFileSync(config, `NetworkTCPPort = ${port}\nMaxPDUSize = 131072\nMaxAssociations = 16\nHostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\nAETable BEGIN\nDCMQR ${folder}/db RW (100000, 100000mb) ANY\nAETable END\n`);
  return served(programPath('dcmqrscp'), ['-c', config], { name: 'dcmqrscp', port, called: 'DCMQR', folder });
}

async function served(program, args, { name, port, called, folder }) {
  const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, TCP_NODELAY: '1' } });
  await listening(port);
  return {
    name, port, called,
    cpuMs: async () => cpuMs(child.pid, { family: true }),
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
