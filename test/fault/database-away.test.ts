import assert from 'node:assert/strict';
import type { InstanceIntake } from '../../src/stages/intake/instance-intake.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { openGroup, sendSample, startIntake, until } from '../support/intake-rig.ts';
import { temporaryFolder } from '../support/segments.ts';

let opened: TestDatabase;
let admin: Database;
let database: Database;
let intake: InstanceIntake;

async function takeAway(): Promise<void> {
  await admin.execute({ name: 'close', text: `alter database ${opened.name} allow_connections false` });
  await admin.query({ name: 'end', text: 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1' }, [opened.name]);
}

async function bringBack(): Promise<void> {
  await admin.execute({ name: 'open', text: `alter database ${opened.name} allow_connections true` });
}

const forever = new AbortController().signal;
const counts = (): Promise<{ n: number; d: number }[]> => database.query({ name: 'counts', text: 'select count(*)::int as n, count(distinct sop_instance_uid)::int as d from instance' });

suite('PostgreSQL away', () => {
  setup(async () => {
    opened = await testDatabase();
    admin = new Database({ url: opened.url.replace(opened.name, 'postgres'), applicationName: 'admin' });
    database = new Database({ url: opened.url, applicationName: 'test' });
    intake = await startIntake(temporaryFolder(), database, { settleMs: 200, maxQueued: 20 });
    await until(() => intake.recovered);
  });
  teardown(async () => {
    await bringBack();
    await intake.stop(1_000);
    await database.close();
    await admin.close();
    await opened.close();
  });

  test('intake goes on, beyond what its memory holds, and everything is indexed once when it is back', async () => {
    await takeAway();
    openGroup(intake, 'g1');

    for (let i = 1; i <= 150; i += 1) assert.equal((await sendSample(intake, 'g1', { sop: `2.25.100.1.${i}`, seed: i })).kind, 'stored');
    await intake.settle('g1', 'released', forever); // the bounded wait ends by itself
    assert.equal(intake.lag, 150);
    await bringBack();
    await until(() => intake.lag === 0);

    assert.deepEqual(await counts(), [{ n: 150, d: 150 }]);
    await until(async () => (await database.query({ name: 'g', text: `select 1 from arrival_group where outcome = 'released' and closed_at is not null and instance_count = 150` })).length === 1);
    assert.deepEqual(await database.query({ name: 's', text: 'select instance_count, state from study' }), [{ instance_count: 150, state: 'receiving' }]);
  });

  test('instances that come while the backlog is read are indexed once too', async () => {
    openGroup(intake, 'g1');
    await takeAway();
    for (let i = 1; i <= 60; i += 1) await sendSample(intake, 'g1', { sop: `2.25.100.1.${i}`, seed: i });
    await bringBack();

    for (let i = 61; i <= 200; i += 1) await sendSample(intake, 'g1', { sop: `2.25.100.1.${i}`, seed: i });
    await intake.settle('g1', 'released', forever);
    await until(() => intake.lag === 0);

    assert.deepEqual(await counts(), [{ n: 200, d: 200 }]);
  });

  test('the store takes no more when the index lags too far, and says so before an association is accepted', async () => {
    await intake.stop(0);
    intake = await startIntake(temporaryFolder(), database, { settleMs: 200, maxQueued: 10, maxLag: 30 });
    await takeAway();
    openGroup(intake, 'g1');

    for (let i = 1; i <= 31; i += 1) await sendSample(intake, 'g1', { sop: `2.25.100.1.${i}`, seed: i });
    const over = await sendSample(intake, 'g1', { sop: '2.25.100.1.32' });
    const hadRoom = intake.hasRoom();
    await bringBack();
    await until(() => intake.hasRoom());
    const after = await sendSample(intake, 'g1', { sop: '2.25.100.1.32' });

    assert.deepEqual([over.kind, hadRoom, after.kind], ['refused', false, 'stored']);
  });
});
