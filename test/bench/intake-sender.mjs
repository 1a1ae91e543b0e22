// Sends one set over several associations, everything encoded beforehand, and prints what it took. Started by intake.bench.mjs:
// says "ready", waits for a line, sends, prints one JSON line.
import { once } from 'node:events';
import { CT, ctHead, pData, RawStoreScu, storeCommand } from '../support/raw-store-scu.mjs';

const { port, called, count, pixelBytes, connections, pduLength, run } = JSON.parse(process.argv[2]);
const PIECE = 16 << 20;

// One association first: its announced length decides how everything is cut.
const probe = await RawStoreScu.connect({ port, called, pduLength });
const length = probe.maxPdu;
await probe.release();

const most = length - 6;
const pixels = Buffer.alloc(Math.min(pixelBytes, PIECE - (PIECE % most)));
for (let i = 0; i < pixels.length; i += 1) pixels[i] = (i * 31 + (i >> 9) * 7) & 0xff;
const tails = tailsOf(pixelBytes);
const study = `1.2.826.0.1.3680043.8.498.55.${run}`;
const instances = Array.from({ length: count }, (_, i) => {
  const series = `${study}.${1 + Math.floor(i / 500)}`;
  const sop = `${series}.${100_000 + i}`;
  const head = ctHead({ study, series, sop, patientId: `BENCH${run}`, number: i + 1, pixelBytes });
  return [Buffer.concat([pData(1, true, storeCommand(CT, sop, i & 0x7fff), true, length), pData(1, false, head, false, length)]), ...tails];
});

/** The P-DATA of the pixels: the same buffer again and again, its last part marked as the end. */
function tailsOf(bytes) {
  const parts = [];
  const whole = bytes > pixels.length ? pData(1, false, pixels, false, length) : undefined;
  let left = bytes;
  for (; left > pixels.length; left -= pixels.length) parts.push(whole);
  parts.push(pData(1, false, pixels.subarray(0, left), true, length));
  return parts;
}

console.log('ready');
await once(process.stdin, 'data');

const latencies = [];
const statuses = {};
let next = 0;
const cpu = process.cpuUsage();
const began = performance.now();
await Promise.all(Array.from({ length: connections }, async () => {
  const scu = await RawStoreScu.connect({ port, called, pduLength });
  while (next < count) {
    const at = performance.now();
    const status = await scu.store(instances[next++]);
    latencies.push(performance.now() - at);
    if (status !== 0) statuses[status.toString(16)] = (statuses[status.toString(16)] ?? 0) + 1;
  }
  await scu.release();
}));
const seconds = (performance.now() - began) / 1000;
const used = process.cpuUsage(cpu);
latencies.sort((a, b) => a - b);
console.log(JSON.stringify({ seconds, perSecond: count / seconds, megabytesPerSecond: (count * pixelBytes) / seconds / 1e6, p50Ms: latencies[latencies.length >> 1], p99Ms: latencies[Math.floor(latencies.length * 0.99)], cpuMs: (used.user + used.system) / 1000, maxPdu: length, statuses }));
process.exit(0);
