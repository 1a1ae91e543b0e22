import assert from 'node:assert/strict';
import { systemClock } from '../../src/foundation/clock.ts';
import { checkAccount, type AccountReport } from '../../src/stages/alerting/check-account.ts';
import { unaccounted } from '../../src/store/account.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { seedJob, seedMessage } from '../support/delivery-fixture.ts';
import { openGroup, sendSample, startIntake, until } from '../support/intake-rig.ts';
import { temporaryFolder } from '../support/segments.ts';

const question = { destinations: [{ name: 'ehr', mediaTypes: ['application/fhir+json'] }], overdueBefore: new Date(0), leaseBefore: new Date(0), limit: 10 };

suite('the nothing-lost account, rows', function () {
  this.timeout(60_000);
  let place: TestDatabase;
  let database: Database;

  suiteSetup(async () => {
    place = await testDatabase();
    database = new Database({ url: place.url, applicationName: 'test' });
  });
  suiteTeardown(async () => {
    await database.close();
    await place.close();
  });

  const run = (text: string, values: readonly unknown[] = []): Promise<number> => database.execute({ name: `t${text.length}_${values.length}`, text }, values);

  test('an empty gateway has no open account', async () => {
    assert.deepEqual(await unaccounted(database, question), []);
  });

  test('a finished run without results is named, and one whose results were queued nowhere', async () => {
    const job = await seedJob(database, '1.2.1');
    await run(`update inference_job set deliver = '{ehr}' where id = $1`, [job.jobId]);
    const bare = await unaccounted(database, question);
    const message = await seedMessage(database, job, { destination: 'ehr' }, new Date());
    const settled = await unaccounted(database, question);
    await run('delete from outbox_message where id = $1', [message]);
    const unqueued = await unaccounted(database, question);

    assert.deepEqual(bare.map((fault) => fault.kind), ['run-without-results']);
    assert.deepEqual(settled, []);
    assert.deepEqual(unqueued, [{ kind: 'results-not-queued', subject: '1.2.1', count: 1 }]);
    await run('update inference_job set deliver = $2 where id = $1', [job.jobId, []]);
  });

  test('a complete study that no rule saw, a study that is overdue, and a lease nobody took back are named', async () => {
    await run(`update study set revision = 1 where study_instance_uid = '1.2.1'`);
    await run(`insert into study (study_instance_uid, first_received_at, last_received_at, changed_at) values ('1.2.2', now(), now(), now())`);
    const job = await seedJob(database, '1.2.3');
    const message = await seedMessage(database, job, { destination: 'gone' }, new Date());
    await run(`update outbox_message set state = 'sending', lease_until = now() - interval '1 hour' where id = $1`, [message]);

    const faults = await unaccounted(database, { ...question, overdueBefore: new Date(Date.now() + 1_000), leaseBefore: new Date() });

    assert.deepEqual(faults.map((fault) => `${fault.kind} ${fault.subject}`), ['study-not-routed 1.2.1', 'study-overdue 1.2.2', 'delivery-forgotten gone']);
    await run(`update outbox_message set state = 'pending' where id = $1`, [message]);
    assert.ok((await unaccounted(database, question)).some((fault) => fault.kind === 'destination-gone' && fault.subject === 'gone'));
  });
});

suite('the nothing-lost account, segments against rows', function () {
  this.timeout(60_000);

  test('acknowledged = served + repeats + quarantined; a row that is taken away is missed, and a segment too', async () => {
    const place = await testDatabase();
    const database = new Database({ url: place.url, applicationName: 'test' });
    const folder = temporaryFolder();
    const intake = await startIntake(folder, database);
    const sealed = new Map();
    const account = (): Promise<AccountReport> => checkAccount({ database, folder, clock: systemClock, destinations: [], overdueMs: 60_000, sealed });
    try {
      openGroup(intake, 'g1');
      for (let i = 1; i <= 5; i += 1) await sendSample(intake, 'g1', { sop: `2.25.100.1.${i}`, seed: i });
      await sendSample(intake, 'g1', { sop: '2.25.100.1.1', seed: 1 });
      await sendSample(intake, 'g1', { sop: '2.25.100.1.6', patientId: 'P2' });
      await intake.settle('g1', 'released', new AbortController().signal);
      await until(async () => (await account()).waiting === 0);

      const { rows, acknowledged, faults } = await account();
      assert.deepEqual(faults, []);
      assert.equal(acknowledged, rows.active + rows.duplicate + rows.superseded + rows.quarantined);
      assert.deepEqual([rows.active, rows.quarantined], [5, 1]);
      await database.execute({ name: 'lose_one', text: `delete from instance where sop_instance_uid = '2.25.100.1.3'` });
      assert.deepEqual((await account()).faults.map(({ kind, count }) => [kind, count]), [['records-without-row', 1]]);
      assert.deepEqual((await checkAccount({ database, folder: `${folder}-away`, clock: systemClock, destinations: [], overdueMs: 60_000 })).faults.map((fault) => fault.kind), ['rows-without-record']);
    } finally {
      await intake.stop(5_000);
      await database.close();
      await place.close();
    }
  });
});
