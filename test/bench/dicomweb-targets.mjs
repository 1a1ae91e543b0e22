// What the DICOMweb benchmark measures: the gateway's web role with its PostgreSQL, Orthanc with its DICOMweb plug-in, nginx with sendfile.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { programPath } from './intake-targets.mjs';
import { childrenOf, cpuMs } from './process-cost.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PLUGINS = ['/usr/share/orthanc/plugins/libOrthancDicomWeb.so', '/usr/lib/orthanc/libOrthancDicomWeb.so'];

export async function startWebGateway() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const port = await freePort();
  const config = path.join(folder, 'isocenter.yaml');
  writeFileSync(config, JSON.stringify({ dataDir: path.join(folder, 'data'), http: { port }, storage: { segmentMegabytes: 256, minFreeMegabytes: 100 }, log: { level: 'error' } }));
  const child = spawn(process.execPath, [path.join(root, 'dist/main.js'), 'start', '--config', config, '--roles', 'web'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  while (!/^ready$/m.test(text)) {
    if (child.exitCode !== null) throw new Error(`the gateway did not start:\n${text}`);
    await pause(50);
  }
  const database = Number(/database .*process (\d+)/.exec(text)?.[1] ?? 0);
  const isChild = childrenOf(child.pid).includes(database);
  const cluster = /embedded PostgreSQL in (\S+)/.exec(text)?.[1];
  return {
    name: 'isocenter', url: `http://127.0.0.1:${port}/dicom-web`,
    cpuMs: () => cpuMs(child.pid, { family: true }) - (isChild ? cpuMs(database, { family: true }) : 0), databaseCpuMs: () => cpuMs(database, { family: true }),
    stop: async () => {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
      if (cluster !== undefined) rmSync(cluster, { recursive: true, force: true });
    },
  };
}

/** undefined when Orthanc or its plug-in is not installed. */
export async function startWebOrthanc() {
  const plugin = PLUGINS.find((file) => existsSync(file));
  if (programPath('Orthanc') === undefined || plugin === undefined) return undefined;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const port = await freePort();
  mkdirSync(path.join(folder, 'db'));
  const config = path.join(folder, 'orthanc.json');
  writeFileSync(config, JSON.stringify({
    Name: 'bench', StorageDirectory: path.join(folder, 'db'), IndexDirectory: path.join(folder, 'db'), HttpPort: port, RemoteAccessAllowed: false, AuthenticationEnabled: false, DicomServerEnabled: false,
    KeepAlive: true, HttpCompressionEnabled: false, Plugins: [plugin], DicomWeb: { Enable: true, Root: '/dicom-web/' },
  }));
  return served(programPath('Orthanc'), [config], { name: 'Orthanc', folder, port, url: `http://127.0.0.1:${port}/dicom-web` });
}

/** Serves one file of `bytes`; undefined when nginx is not installed. */
export async function startNginx(bytes) {
  if (programPath('nginx') === undefined) return undefined;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-bench-'));
  const port = await freePort();
  writeFileSync(path.join(folder, 'series'), bytes);
  const config = path.join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(config, `${user} daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {} http { access_log off; sendfile on; tcp_nopush on; ${temporary} server { listen 127.0.0.1:${port}; root ${folder}; } }`);
  return served(programPath('nginx'), ['-c', config], { name: 'nginx', folder, port, url: `http://127.0.0.1:${port}` });
}

async function served(program, args, { name, folder, port, url }) {
  const child = spawn(program, args, { stdio: 'ignore' });
  for (const deadline = Date.now() + 30_000; ; await pause(50)) {
    if (await fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false)) break;
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`${name} does not answer`);
  }
  return {
    name, url, cpuMs: () => cpuMs(child.pid, { family: true }), databaseCpuMs: () => 0,
    stop: async () => {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 64, noDelay: true });

/** One request; what came is counted, not kept. */
export function ask(url, { headers = {}, method = 'GET', body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent, method, headers: body === undefined ? headers : { ...headers, 'Content-Length': body.length } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () => resolve({ status: response.statusCode, bytes }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
