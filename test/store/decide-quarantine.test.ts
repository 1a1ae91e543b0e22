import assert from 'node:assert/strict';
import { systemClock } from '../../src/foundation/clock.ts';
import { decideQuarantine } from '../../src/stages/intake/decide-quarantine.ts';
import type { InstanceIntake } from '../../src/stages/intake/instance-intake.ts';
import { Database } from '../../src/store/database.ts';
import { openQuarantine } from '../../src/store/quarantine.ts';
import { SegmentReader } from '../../src/store/segments/segment-reader.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { openGroup, send, sendSample, startIntake } from '../support/intake-rig.ts';
import { sampleDataSet } from '../support/instances.ts';
import { temporaryFolder } from '../support/segments.ts';

let opened: TestDatabase;
let database: Database;
let intake: InstanceIntake;
let reader: SegmentReader;

const sql = (text: string): Promise<object[]> => database.query({ name: text.slice(0, 60), text });
const decide = (id: number, decision: 'released' | 'discarded'): Promise<void> => decideQuarantine({ database, reader, clock: systemClock }, { id, decision, by: 'anna' });
const settle = (): Promise<void> => intake.settle('g1', 'released', new AbortController().signal);

suite('what a person decides about quarantine', () => {
  setup(async () => {
    opened = await testDatabase();
    database = new Database({ url: opened.url, applicationName: 'test' });
    const folder = temporaryFolder();
    intake = await startIntake(folder, database);
    reader = new SegmentReader(folder);
    openGroup(intake, 'g1');
    await sendSample(intake, 'g1', { sop: '2.25.100.1.1' });
  });
  teardown(async () => {
    reader.close();
    await intake.stop(1_000);
    await database.close();
    await opened.close();
  });

  test('images of another patient: the study stays held until the last of them is decided, then goes on', async () => {
    await sendSample(intake, 'g1', { sop: '2.25.100.1.2', patientId: 'P2' });
    await sendSample(intake, 'g1', { sop: '2.25.100.1.3', patientId: 'P2' });
    await settle();
    const [first, second] = await openQuarantine(database, '2.25.100', 10);

    await decide(first!.id, 'released');
    const between = await sql('select state, instance_count from study');
    await decide(second!.id, 'discarded');

    assert.deepEqual(between, [{ state: 'held', instance_count: 2 }]);
    assert.deepEqual(await sql('select state, hold_reason, instance_count, patient_id from study'), [{ state: 'receiving', hold_reason: null, instance_count: 2, patient_id: 'P1' }]);
    assert.deepEqual(await sql(`select sop_instance_uid as uid from instance where state = 'active' order by 1`), [{ uid: '2.25.100.1.1' }, { uid: '2.25.100.1.2' }]);
    assert.deepEqual(await sql('select resolved_at is not null as resolved from alert'), [{ resolved: true }]);
    assert.deepEqual(await sql(`select actor, action from audit_event where action like 'quarantine.%' order by id`), [{ actor: 'anna', action: 'quarantine.released' }, { actor: 'anna', action: 'quarantine.discarded' }]);
  });

  test('another content under a known UID, released: it is served, the first is kept as superseded, the count stays', async () => {
    await sendSample(intake, 'g1', { sop: '2.25.100.1.1', seed: 9 });
    await settle();
    const [row] = await openQuarantine(database, null, 10);

    await decide(row!.id, 'released');

    assert.deepEqual(await sql('select state from instance order by id'), [{ state: 'superseded' }, { state: 'active' }]);
    assert.deepEqual(await sql('select instance_count from study'), [{ instance_count: 1 }]);
    assert.deepEqual(await sql('select instance_count from series'), [{ instance_count: 1 }]);
    await assert.rejects(decide(row!.id, 'discarded'), { code: 'QUARANTINE_DECIDED' });
  });

  test('what contradicts itself can be discarded, not released', async () => {
    await send(intake, 'g1', sampleDataSet(), { sop: '2.25.7' });
    await settle();
    const [row] = await openQuarantine(database, null, 10);

    await assert.rejects(decide(row!.id, 'released'), { code: 'QUARANTINE_NOT_RELEASABLE', failure: 'permanent' });
    await decide(row!.id, 'discarded');

    assert.deepEqual(await openQuarantine(database, null, 10), []);
    await assert.rejects(decide(999_999, 'discarded'), { code: 'QUARANTINE_UNKNOWN' });
  });
});
