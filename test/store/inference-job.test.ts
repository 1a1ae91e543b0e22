import assert from 'node:assert/strict';
import { Database } from '../../src/store/database.ts';
import { claimJob, failAttempt, finishJob, insertJob, jobsOfStudy, reclaimJobs, renewLease, supersedeActiveJobs, type NewJob } from '../../src/store/inference-job.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

const NOW = new Date('2026-01-01T12:00:00Z');
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

suite('inference jobs', () => {
  let home: TestDatabase;
  let database: Database;
  let studyId = 0;

  setup(async () => {
    home = await testDatabase();
    database = new Database({ url: home.url, applicationName: 'test', maxConnections: 12 });
    const [study] = await database.query<{ id: number }>({
      name: 'study', text: "insert into study (study_instance_uid, first_received_at, last_received_at, changed_at) values ('1.2', now(), now(), now()) returning id",
    });
    studyId = study!.id;
  });

  teardown(async () => {
    await database.close();
    await home.close();
  });

  const add = async (changes: Partial<NewJob> = {}) =>
    insertJob(database, {
      jobKey: 'k1', traceId: 't', studyId, studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3', rule: 'r', modelId: 'lung', modelVersion: '1.0.0', modelDigest: 'd', priority: 0,
      input: { instances: ['1.2.3.4'], partial: false }, inputDigest: 'x', eligibility: { reasons: [], warnings: [] }, deliver: ['pacs'], state: 'queued', at: NOW, ...changes,
    });

  test('the same key makes one job: a repeat adds nothing', async () => {
    assert.ok(await add());
    assert.equal(await add(), undefined);
  });

  test('ten workers claim one job exactly once', async () => {
    await add();

    const claims = await Promise.all(Array.from({ length: 10 }, (_, i) => database.transaction((tx) => claimJob(tx, `w${i}`, later(30_000), NOW, ['lung']))));

    assert.equal(claims.filter((claim) => claim !== undefined).length, 1);
  });

  test('a worker only claims jobs of models it can run, the most urgent first', async () => {
    await add({ jobKey: 'a' });
    await add({ jobKey: 'b', modelId: 'heart', priority: 5 });
    await add({ jobKey: 'c', modelId: 'dr', priority: 9 });

    const first = await claimJob(database, 'w', later(30_000), NOW, ['lung', 'heart']);

    assert.equal(first?.job_key, 'b');
    assert.deepEqual(first.deliver, ['pacs']);
  });

  test('a lease that ended is taken back; the late worker can no longer finish', async () => {
    await add();
    const job = (await claimJob(database, 'w1', later(30_000), NOW, ['lung']))!;

    await reclaimJobs(database, null, later(30_001));

    assert.equal(await finishJob(database, job, 'w1', later(30_002), {}), false);
    assert.equal((await claimJob(database, 'w2', later(60_000), later(30_002), ['lung']))?.attempts, 2);
  });

  test('a heartbeat keeps the lease', async () => {
    await add();
    const job = (await claimJob(database, 'w1', later(30_000), NOW, ['lung']))!;
    assert.equal(await renewLease(database, job.id, 'w1', later(60_000), 0.5, 'inference'), true);

    assert.deepEqual(await reclaimJobs(database, null, later(30_001)), []);
  });

  test('a restarted worker takes its own jobs back at once', async () => {
    await add();
    await claimJob(database, 'w1', later(30_000), NOW, ['lung']);

    assert.equal((await reclaimJobs(database, 'w1', later(1))).length, 1);
  });

  test('a job whose worker dies at every attempt fails, it does not run for ever', async () => {
    await add();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await claimJob(database, 'w1', later(30_000), later(attempt), ['lung']);
      await reclaimJobs(database, 'w1', later(attempt));
    }

    assert.equal((await jobsOfStudy(database, '1.2'))[0]?.state, 'failed');
  });

  test('a failed attempt waits for its retry time', async () => {
    await add();
    const job = (await claimJob(database, 'w1', later(30_000), NOW, ['lung']))!;
    await failAttempt(database, job, 'w1', { code: 'X', failure: 'transient', message: 'x' }, later(1_000), NOW);

    assert.equal(await claimJob(database, 'w1', later(30_000), later(999), ['lung']), undefined);
    assert.equal((await claimJob(database, 'w1', later(30_000), later(1_000), ['lung']))?.attempts, 2);
  });

  test('late images supersede what waits and make revision n+1 with its predecessor', async () => {
    await add();
    const first = (await claimJob(database, 'w1', later(30_000), NOW, ['lung']))!;
    await finishJob(database, first, 'w1', later(1), { outcome: 'no-findings' });
    const second = (await add({ jobKey: 'k2' }))!;
    assert.deepEqual([second.revision, second.predecessor_id], [2, first.id]);

    assert.deepEqual(await supersedeActiveJobs(database, studyId, 'lung', later(2)), [second.id]);
    assert.equal((await add({ jobKey: 'k3' }))?.revision, 3);
  });
});
