import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { sendInstances } from '../../src/peers/dimse/send-instances.ts';
import { smallCt } from '../support/dimse-instance.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayFolder, type GatewayFolder } from '../support/gateway.ts';

const INSTANCES = 40;

interface Stored {
  readonly uid: string;
  readonly digest: string;
}

/** A PACS that takes whole STOW requests and keeps instances by UID; the first requests are taken and never answered. */
class SlowPacs {
  readonly requests: (readonly Stored[])[] = [];
  #silent = true;
  readonly #hanging: ServerResponse[] = [];
  readonly server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('error', () => undefined);
    request.on('end', () => {
      const stored = instancesOf(Buffer.concat(pieces), /boundary=([^;]+)/.exec(request.headers['content-type'] ?? '')?.[1] ?? '');
      this.requests.push(stored);
      if (this.#silent) this.#hanging.push(response);
      else response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify({ '00081199': { vr: 'SQ', Value: stored.map(({ uid }) => ({ '00081155': { vr: 'UI', Value: [uid] } })) } }));
    });
  });

  speak(): void {
    this.#silent = false;
  }
}

/** The parts of a multipart body: UID as the File Meta Information says it, digest of the whole part. */
function instancesOf(body: Buffer, boundary: string): Stored[] {
  const found: Stored[] = [];
  const mark = Buffer.from(`--${boundary}`);
  for (let at = body.indexOf(mark); at >= 0; ) {
    const next = body.indexOf(mark, at + mark.length);
    if (next < 0) break;
    const part = body.subarray(body.indexOf('\r\n\r\n', at) + 4, next - 2);
    // (0002,0003) UI, explicit little endian: tag, VR, two bytes of length.
    const place = part.indexOf(Buffer.from([0x02, 0x00, 0x03, 0x00, 0x55, 0x49]));
    const uid = part.toString('latin1', place + 8, place + 8 + part.readUInt16LE(place + 6)).replace(/\0$/, '');
    found.push({ uid, digest: createHash('sha256').update(part).digest('hex') });
    at = next;
  }
  return found;
}

suite('fault: kill -9 of the work process in the middle of a send', function () {
  this.timeout(180_000);
  let place: GatewayFolder;
  const pacs = new SlowPacs();

  suiteSetup(async () => {
    await new Promise<void>((resolve) => pacs.server.listen(0, '127.0.0.1', resolve));
    const { port } = pacs.server.address() as AddressInfo;
    place = gatewayFolder({
      dataDir: './data', storage: { segmentMegabytes: 64 }, models: { slots: 0 }, completeness: { quietSeconds: 0 },
      destinations: [{ name: 'pacs', kind: 'stow-rs', url: `http://127.0.0.1:${port}/studies`, batchSize: 10, timeoutSeconds: 60 }],
      rules: [{ name: 'all', forward: ['pacs'] }],
    });
  });
  suiteTeardown(() => {
    pacs.server.closeAllConnections();
    pacs.server.close();
    place.remove();
  });

  test('the restarted process sends the same bytes under the same UIDs, everything arrives, and the ledger counts each once', async () => {
    const gateway = await place.start();
    try {
      const instances = Array.from({ length: INSTANCES }, (_, index) => smallCt(index, 20_000));
      await sendInstances({ host: '127.0.0.1', port: gateway.dicomPort, aeTitle: 'ISOCENTER', callingAe: 'TEST' }, instances, { clock: systemClock, log: silentLog, signal: new AbortController().signal });
      await eventually(() => pacs.requests.length >= 2, 60_000, 'two requests that are not answered');

      const { pid } = JSON.parse(readFileSync(path.join(place.folder, 'data', 'locks', 'work.lock'), 'utf8')) as { pid: number };
      process.kill(pid, 'SIGKILL');
      pacs.speak();

      const study = '1.2.826.0.1.3680043.8.498.76';
      const steps = async (): Promise<Record<string, number>> => {
        const answer = (await (await fetch(`${gateway.http}api/studies/${study}/ledger`)).json()) as { destinations?: { steps: Record<string, number> }[] };
        return answer.destinations?.[0]?.steps ?? {};
      };
      await eventually(async () => (await steps())['accepted'] === INSTANCES, 90_000, 'all deliveries');

      const digests = new Map<string, Set<string>>();
      for (const { uid, digest } of pacs.requests.flat()) digests.set(uid, (digests.get(uid) ?? new Set()).add(digest));
      assert.deepEqual([...digests.keys()].sort(), instances.map((instance) => instance.sopInstanceUid).sort());
      assert.ok([...digests.values()].every((set) => set.size === 1), 'an instance came with other bytes');
      assert.ok(pacs.requests.flat().length > INSTANCES, 'nothing was repeated: the kill came too late');
      assert.deepEqual(await steps(), { accepted: INSTANCES });
      assert.equal((await gateway.verb('ledger', '--check')).code, 0);
      assert.equal((await gateway.verb('ledger', study)).code, 0);
    } finally {
      assert.equal(await gateway.stop(), 0);
    }
  });
});
