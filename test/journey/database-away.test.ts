import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgresql, type EmbeddedPostgresql } from '../../src/app/embedded-postgresql.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { sendInstances } from '../../src/peers/dimse/send-instances.ts';
import { smallCt } from '../support/dimse-instance.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayFolder, type Gateway, type GatewayFolder } from '../support/gateway.ts';

suite('journey: PostgreSQL goes away', function () {
  this.timeout(180_000);
  let server: EmbeddedPostgresql;
  let databaseFolder: string;
  let place: GatewayFolder;
  let gateway: Gateway;

  suiteSetup(async () => {
    databaseFolder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-away-'));
    chmodSync(databaseFolder, 0o755);
    await startServer();
    place = gatewayFolder({ dataDir: './data', storage: { segmentMegabytes: 64 }, models: { slots: 0 }, database: { url: server.url() } });
    gateway = await place.start();
  });
  suiteTeardown(async () => {
    assert.equal(await gateway.stop(), 0);
    await server.stop();
    place.remove();
    rmSync(databaseFolder, { recursive: true, force: true });
  });

  async function startServer(): Promise<void> {
    server = await startEmbeddedPostgresql({ dataDir: databaseFolder, folder: databaseFolder, durable: false });
  }

  async function statuses(from: number, count: number): Promise<(number | string)[]> {
    const items = Array.from({ length: count }, (_, index) => smallCt(from + index, 1000));
    const outcomes = await sendInstances({ host: '127.0.0.1', port: gateway.dicomPort, aeTitle: 'ISOCENTER', callingAe: 'TEST' }, items, { clock: systemClock, log: silentLog, signal: AbortSignal.timeout(60_000) });
    return outcomes.map((outcome) => (outcome.kind === 'answered' ? outcome.status : outcome.kind));
  }

  async function indexed(): Promise<number> {
    return ((await (await fetch(`${gateway.http}api/overview`)).json()) as { instances_received: number }).instances_received;
  }

  test('intake goes on and acknowledges; when it is back everything is indexed, and the audit log holds', async () => {
    assert.deepEqual(new Set(await statuses(0, 20)), new Set([0]));
    await server.stop();

    const meanwhile = await statuses(20, 40);
    const page = await fetch(`${gateway.http}api/overview`);
    await startServer();

    assert.deepEqual(new Set(meanwhile), new Set([0]));
    assert.equal(page.status, 503);
    await eventually(async () => (await indexed()) === 60, 60_000, 'the index');
    await eventually(async () => / 0 not yet/.test((await gateway.verb('audit', 'verify')).output), 20_000);
    assert.equal((await gateway.verb('store', 'check')).code, 0);
  });
});
