import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sendInstances } from '../../src/peers/dimse/send-instances.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { smallCt } from '../support/dimse-instance.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayFolder, type Gateway, type GatewayFolder } from '../support/gateway.ts';

const INSTANCES = 500;

suite('journey: kill -9 of the whole gateway while images come in', function () {
  this.timeout(180_000);
  let place: GatewayFolder;

  suiteSetup(() => {
    place = gatewayFolder({ dataDir: './data', storage: { segmentMegabytes: 64 }, models: { slots: 0 } });
  });
  suiteTeardown(() => place.remove());

  test('every instance that was acknowledged is there afterwards, byte for byte, and none is there in half', async () => {
    const instances = Array.from({ length: INSTANCES }, (_, index) => smallCt(index, 60_000));
    const first = await place.start();
    const acknowledged = new Set<string>();
    let killing: Promise<void> | undefined;
    await sendInstances({ host: '127.0.0.1', port: first.dicomPort, aeTitle: 'ISOCENTER', callingAe: 'TEST' }, instances, {
      clock: systemClock,
      log: silentLog,
      signal: new AbortController().signal,
      onOutcome: (item, outcome) => {
        if (outcome.kind === 'answered' && outcome.status === 0) acknowledged.add(item.sopInstanceUid);
        if (acknowledged.size === 200) killing ??= killAll(first, place.folder);
      },
    });
    await killing;

    const second = await place.start();

    try {
      await eventually(async () => (await fetch(`${second.http}readyz`)).status === 200, 60_000, 'readiness');
      assert.ok(acknowledged.size >= 200 && acknowledged.size < INSTANCES, `${acknowledged.size} acknowledged`);
      const study = '1.2.826.0.1.3680043.8.498.76';
      const found = (await (await fetch(`${second.http}dicom-web/studies/${study}/instances?limit=${INSTANCES}`)).json()) as { '00080018': { Value: [string] } }[];
      const there = new Set(found.map((one) => one['00080018'].Value[0]));
      assert.deepEqual([...acknowledged].filter((uid) => !there.has(uid)), []);
      for (const instance of instances.filter((one) => there.has(one.sopInstanceUid))) {
        const stored = await retrieved(`${second.http}dicom-web/studies/${study}/series/${study}.1/instances/${instance.sopInstanceUid}`);
        assert.equal(digest(stored.subarray(stored.length - instance.bytes.length)), digest(instance.bytes), instance.sopInstanceUid);
      }
      assert.equal((await second.verb('store', 'check')).code, 0);
    } finally {
      assert.equal(await second.stop(), 0);
    }
  });
});

/** The supervisor and its roles at the same moment: roles that lose their supervisor would still end in good order. */
function killAll(gateway: Gateway, folder: string): Promise<void> {
  for (const role of ['intake', 'web', 'work']) {
    const { pid } = JSON.parse(readFileSync(path.join(folder, 'data', 'locks', `${role}.lock`), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
  }
  return gateway.kill();
}

/** The one part of a multipart answer: a DICOM file, whose end is the data set as stored. */
async function retrieved(url: string): Promise<Buffer> {
  const response = await fetch(url, { headers: { Accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' } });
  assert.equal(response.status, 200);
  const bytes = Buffer.from(await response.arrayBuffer());
  return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4, bytes.lastIndexOf('\r\n--'));
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
