import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { ContentDigests } from '../../src/stages/intake/content-digests.ts';
import { Database } from '../../src/store/database.ts';
import { SegmentReader } from '../../src/store/segments/segment-reader.ts';
import { testDatabase } from '../support/database.ts';
import { sampleDataSet } from '../support/instances.ts';
import { openGroup, sendSample, startIntake } from '../support/intake-rig.ts';
import { temporaryFolder } from '../support/segments.ts';

suite('content digests', () => {
  test('every stored object gets its SHA-256, and a copy that only looks the same goes to quarantine', async () => {
    const opened = await testDatabase();
    const database = new Database({ url: opened.url, applicationName: 'test' });
    const folder = temporaryFolder();
    const intake = await startIntake(folder, database);
    openGroup(intake, 'g1');
    await sendSample(intake, 'g1', { sop: '2.25.100.1.1' });
    await sendSample(intake, 'g1', { sop: '2.25.100.1.2', seed: 2 });
    await sendSample(intake, 'g1', { sop: '2.25.100.1.1' });
    await sendSample(intake, 'g1', { sop: '2.25.100.1.3', seed: 3 });
    await intake.settle('g1', 'released', new AbortController().signal);
    // As if CRC-32 and length of another content had been those of instance 2.
    await database.query({ name: 'forge', text: `update instance set sop_instance_uid = '2.25.100.1.2', state = 'duplicate', crc32 = (select crc32 from instance i where i.sop_instance_uid = '2.25.100.1.2')
      where sop_instance_uid = '2.25.100.1.3' returning 1` });
    const reader = new SegmentReader(folder);

    const digested = await new ContentDigests({ database, reader, clock: systemClock, log: silentLog }).pass();

    assert.equal(digested, 4);
    const rows = await database.query<{ sop_instance_uid: string; state: string; sha256: Buffer }>({ name: 'rows', text: 'select sop_instance_uid, state, sha256 from instance order by id' });
    assert.deepEqual(rows.map((row) => `${row.sop_instance_uid} ${row.state}`), ['2.25.100.1.1 active', '2.25.100.1.2 active', '2.25.100.1.1 duplicate']);
    assert.equal(rows[0]!.sha256.toString('hex'), createHash('sha256').update(sampleDataSet({ sop: '2.25.100.1.1' })).digest('hex'));
    assert.deepEqual(await database.query({ name: 'q', text: 'select reason, sop_instance_uid from quarantine' }), [{ reason: 'duplicate-other-content', sop_instance_uid: '2.25.100.1.2' }]);
    assert.deepEqual(await database.query({ name: 'a', text: 'select kind from alert' }), [{ kind: 'DUPLICATE_OTHER_CONTENT' }]);
    reader.close();
    await intake.stop(0);
    await database.close();
    await opened.close();
  });
});
