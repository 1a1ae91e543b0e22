import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDestination } from '../../src/destinations/registry.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { ReadBackDeliveries } from '../../src/stages/delivery/read-back-deliveries.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { HandClock, messageRow, seedJob, seedMessage, until } from '../support/delivery-fixture.ts';

const STUDY = '1.2.826.5';

suite('proof by reading back', function () {
  this.timeout(60_000);
  let place: TestDatabase;
  let database: Database;
  const clock = new HandClock();
  let answer: { status: number; uids: readonly string[] } = { status: 200, uids: [] };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const offset = Number(new URL(request.url ?? '', 'http://x').searchParams.get('offset'));
    response.writeHead(answer.status, { 'content-type': 'application/dicom+json' });
    response.end(JSON.stringify(answer.uids.slice(offset, offset + 200).map((uid) => ({ '00080018': { vr: 'UI', Value: [uid] } }))));
  });

  suiteSetup(async () => {
    place = await testDatabase();
    database = new Database({ url: place.url, applicationName: 'test' });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  suiteTeardown(async () => {
    await database.close();
    await place.close();
    server.closeAllConnections();
    server.close();
  });

  test('what QIDO-RS names is proven, page by page; what it does not name is sent again after a while; an error proves nothing', async () => {
    const job = await seedJob(database, STUDY);
    const [there, missing] = [await delivered(1, '1.2.3.1'), await delivered(2, '1.2.3.2')];
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web/studies`;
    const destination = createDestination({ name: 'pacs', kind: 'stow-rs', url, proof: 'read-back' } as never, {
      clock, log: silentLog, software: 'test', resolvePath: (file) => file, secret: () => undefined, dimse: { store: () => Promise.reject(new Error('not here')), probe: () => Promise.reject(new Error('not here')) },
    });
    const proofs = new ReadBackDeliveries({ database, clock, log: silentLog, destinations: [destination], pollMs: 10 });
    answer = { status: 500, uids: [] };
    clock.forward(5_000);
    await proofs.start();
    try {
      await until('the first question', () => asked.length > 0);
      assert.equal((await messageRow(database, there)).state, 'delivered');
      answer = { status: 200, uids: [...Array.from({ length: 250 }, (_, index) => `1.9.${index}`), '1.2.3.1'] };
      await until('the proof', async () => {
        clock.forward(31_000);
        return (await messageRow(database, there)).state === 'proven';
      });
      await until('the repeat', async () => {
        clock.forward(31_000);
        return (await messageRow(database, missing)).state === 'pending';
      });
    } finally {
      await proofs.stop();
      await destination.close();
    }

    assert.ok(asked.includes(`/dicom-web/studies/${STUDY}/instances?limit=200&offset=200`));
    assert.equal((await messageRow(database, missing)).last_failure?.code, 'READ_BACK_MISSING');

    async function delivered(ordinal: number, uid: string): Promise<number> {
      const id = await seedMessage(database, job, { destination: 'pacs', ordinal }, new Date(clock.now()));
      await database.execute({ name: 'to_dicom', text: `update result_object set sop_instance_uid = $2, media_type = 'application/dicom' where id = (select result_object_id from outbox_message where id = $1)` }, [id, uid]);
      await database.execute({ name: 'to_delivered', text: `update outbox_message set state = 'delivered', attempts = 1, delivered_at = $2 where id = $1` }, [id, new Date(clock.now())]);
      return id;
    }
  });
});
