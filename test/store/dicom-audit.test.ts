import assert from 'node:assert/strict';
import { DicomAudit } from '../../src/app/dicom-audit.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

suite('audit of the DICOM port', () => {
  let test_: TestDatabase;
  let database: Database;

  setup(async () => {
    test_ = await testDatabase();
    database = new Database({ url: test_.url, applicationName: 'test' });
  });
  teardown(async () => {
    await database.close();
    await test_.close();
  });

  const rows = (text: string): Promise<Record<string, unknown>[]> => database.query({ name: `audit_test_${text.length}`, text });
  const who = { callingAe: 'CT1', calledAe: 'ISOCENTER', remoteAddress: '10.0.0.1' };

  test('an association leaves hops 1 to 5 with the times they were taken, and its audit row', async () => {
    const audit = new DicomAudit(database, systemClock, silentLog);
    audit.take({ kind: 'association-opened', associationId: 'a', ...who, isTls: false, contexts: 2, times: { connectedAt: 1_700_000_000_000, requestedAt: 1_700_000_000_010, acceptedAt: 1_700_000_000_020 } });
    audit.take({ kind: 'storing-began', associationId: 'a', callingAe: 'CT1' });

    await audit.stop();

    const hops = await rows(`select hop, at from hop where trace_id = 'a' order by hop`);
    assert.deepEqual(hops.map((row) => row['hop']), [1, 2, 3, 4, 5]);
    assert.deepEqual(hops.slice(0, 4).map((row) => (row['at'] as Date).getTime() - 1_700_000_000_000), [0, 10, 10, 20]);
    assert.deepEqual((await rows('select action, actor from audit_event')).map((row) => [row['action'], row['actor']]), [['association.opened', 'CT1']]);
  });

  test('a rejected caller and a refused instance leave a row with the reason', async () => {
    const audit = new DicomAudit(database, systemClock, silentLog);
    audit.take({ kind: 'association-rejected', reason: 'calling-ae-title-not-recognized', ...who });
    audit.take({ kind: 'instance-refused', associationId: 'a', callingAe: 'CT1', remoteAddress: '10.0.0.1', sopInstanceUid: '1.2.3', status: 0xc000 });

    await audit.stop();

    const found = await rows(`select action, outcome, detail ->> 'reason' as reason, detail ->> 'status' as status from audit_event order by id`);
    assert.deepEqual(found.map((row) => Object.values(row)), [['association.rejected', 4, 'calling-ae-title-not-recognized', null], ['instance.refused', 4, null, 'C000H']]);
  });

  test('beyond the limit events are counted, and the count is written', async () => {
    const audit = new DicomAudit(database, systemClock, silentLog, 10);
    // The first is on its way to the database at once; ten wait; five do not fit.
    for (let index = 0; index < 16; index += 1) audit.take({ kind: 'association-rejected', reason: 'x', ...who });

    await audit.stop();

    const found = await rows(`select action, count(*) as n, max((detail ->> 'events')::integer) as lost from audit_event group by action order by action`);
    assert.deepEqual(found.map((row) => Object.values(row)), [['association.rejected', 11, null], ['audit.events-lost', 1, 5]]);
  });
});
