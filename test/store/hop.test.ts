import assert from 'node:assert/strict';
import { Database } from '../../src/store/database.ts';
import { hopsOfStudy, recordHop } from '../../src/store/hop.ts';
import { testDatabase } from '../support/database.ts';

test('hops that intake left batch by batch come as one, with sums and the last time; the others stay apart', async () => {
  const home = await testDatabase();
  const database = new Database({ url: home.url, applicationName: 'test' });
  const at = (ms: number): Date => new Date(1_700_000_000_000 + ms);
  const base = { traceId: 't', studyInstanceUid: '1.2' };
  try {
    await recordHop(database, { ...base, hop: 6, event: 'receive-instance.stored', at: at(0), detail: { instances: 3 } });
    await recordHop(database, { ...base, hop: 7, event: 'index-batch.indexed', at: at(100), detail: { instances: 3 } });
    await recordHop(database, { ...base, hop: 6, event: 'receive-instance.stored', at: at(500), detail: { instances: 4 } });
    await recordHop(database, { ...base, hop: 12, event: 'destination-loop.delivered', at: at(1500), subject: 'a' });
    await recordHop(database, { ...base, hop: 12, event: 'destination-loop.delivered', at: at(1600), subject: 'b' });
    await recordHop(database, { traceId: 't', studyInstanceUid: '9.9', hop: 8, event: 'study-router.routed', at: at(1700) });

    const hops = await hopsOfStudy(database, '1.2');

    assert.deepEqual(hops.map((hop) => [hop.hop, hop.at.getTime() - at(0).getTime(), hop.subject]), [[6, 0, undefined], [7, 100, undefined], [12, 1500, 'a'], [12, 1600, 'b']]);
    assert.deepEqual(hops[0]?.detail, { instances: 7, until: at(500) });
  } finally {
    await database.close();
    await home.close();
  }
});
