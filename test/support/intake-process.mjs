// The intake path alone, as a process of its own: DICOM port, segment store, index. For the benchmarks (compiled code) and the crash
// harness. Prints one JSON line when it listens, and one per request on stdin (`stats`).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const isCompiled = process.env['INTAKE_CODE'] === 'dist' && existsSync(path.join(root, 'dist'));
const load = (name) => import(pathToFileURL(path.join(root, isCompiled ? 'dist' : 'src', `${name}.${isCompiled ? 'js' : 'ts'}`)).href);

const { systemClock } = await load('foundation/clock');
const { createLog } = await load('foundation/log');
const { Metrics } = await load('foundation/metrics');
const { Database } = await load('store/database');
const { InstanceIntake } = await load('stages/intake/instance-intake');
const { DicomScp } = await load('edges/dicom-scp/dicom-scp');

const settings = JSON.parse(process.env['INTAKE_SETTINGS']);
const log = createLog({ level: settings.logLevel ?? 'warn', role: 'intake' });
const metrics = new Metrics();
const database = new Database({ url: settings.databaseUrl, applicationName: 'isocenter intake', maxConnections: 4 });
const intake = await InstanceIntake.start({
  database, protocol: 'dimse', clock: systemClock, log, metrics, ...settings.intake,
  segments: { folder: settings.folder, writer: 'intake', ...settings.segments },
});
const scp = new DicomScp({
  listeners: [{ host: '127.0.0.1', port: settings.port }],
  admission: { aeTitles: ['ISOCENTER'], acceptUnknownCallers: true, peers: [] },
  receiver: intake, hasRoom: () => intake.hasRoom(), clock: systemClock, log,
});
if (settings.waitForSpares) await intake.writer.sparesReady();
await scp.start();

let maxHeap = 0;
setInterval(() => {
  const { heapUsed, external } = process.memoryUsage();
  maxHeap = Math.max(maxHeap, heapUsed + external);
}, 100).unref();

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({ event: 'listening', port: scp.ports[0], durability: intake.writer.durability, pid: process.pid });

createInterface({ input: process.stdin }).on('line', (line) => void answer(line));

async function answer(line) {
  if (line === 'stats') {
    const { load: _, ...usage } = { ...process.memoryUsage(), load: 0 };
    say({ event: 'stats', lag: intake.lag, recovered: intake.recovered, hasRoom: intake.hasRoom(), ...intake.writer.load, cpu: process.cpuUsage(), usage, maxHeap });
    maxHeap = 0;
  }
  if (line === 'stop') await stop();
}

async function stop() {
  await scp.stop(2_000);
  await intake.stop(5_000);
  await database.close();
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
