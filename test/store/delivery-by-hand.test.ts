import assert from 'node:assert/strict';
import { actByHand, decideHeldRun, rerun, sendStudy } from '../../src/stages/delivery/by-hand.ts';
import { studyLedger } from '../../src/stages/delivery/study-ledger.ts';
import { describeLedger } from '../../src/app/cli/ledger.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { HandClock, messageRow, seedJob, seedMessage, type SeededJob } from '../support/delivery-fixture.ts';

const STUDY = '1.2.826.1';
const byMe = { actor: 'tester', reason: 'asked for' };

suite('deliveries by hand', function () {
  this.timeout(60_000);
  let place: TestDatabase;
  let database: Database;
  let job: SeededJob;
  const clock = new HandClock();
  const deps = () => ({ database, clock, destinations: [{ name: 'ehr', kind: 'fhir' }, { name: 'other', kind: 'fhir' }, { name: 'pacs', kind: 'stow-rs' }] });

  suiteSetup(async () => {
    place = await testDatabase();
    database = new Database({ url: place.url, applicationName: 'test' });
    job = await seedJob(database, STUDY);
  });
  suiteTeardown(async () => {
    await database.close();
    await place.close();
  });

  async function put(id: number, state: string): Promise<void> {
    const at = new Date(clock.now());
    await database.execute({ name: `put_${state}`, text: `update outbox_message set state = $2, delivered_at = case when $2 in ('delivered', 'proven') then $3::timestamptz end where id = $1` }, [id, state, at]);
  }

  async function audits(action: string): Promise<number> {
    return (await database.query<{ n: number }>({ name: 'count_audits', text: 'select count(*) as n from audit_event where action = $1 and actor = $2' }, [action, 'tester']))[0]!.n;
  }

  test('hold keeps what waits until it is released, each with an audit row and a reason', async () => {
    const id = await seedMessage(database, job, { destination: 'ehr', ordinal: 1 }, new Date(clock.now()));

    assert.equal((await actByHand(deps(), 'hold', { ids: [id] }, byMe)).length, 1);
    const held = await messageRow(database, id);
    assert.equal((await actByHand(deps(), 'release', { destination: 'ehr' }, byMe)).length, 1);

    assert.deepEqual([held.state, held.waiting_for], ['held', 'held by hand: asked for; a person must let it go or cancel it']);
    assert.equal((await messageRow(database, id)).state, 'pending');
    assert.deepEqual([await audits('delivery.hold'), await audits('delivery.release')], [1, 1]);
  });

  test('resend puts a delivered message back with its identifiers; one that a newer revision has overtaken stays', async () => {
    const at = new Date(clock.now());
    const old = await seedMessage(database, job, { destination: 'other', ordinal: 2, orderingKey: 'patient' }, at);
    const newer = await seedMessage(database, job, { destination: 'other', ordinal: 3, orderingKey: 'patient' }, at);
    await put(old, 'delivered');
    await put(newer, 'delivered');

    const touched = await actByHand(deps(), 'resend', { studyInstanceUid: STUDY, destination: 'other' }, byMe);

    assert.deepEqual(touched.map((message) => message.id), [newer]);
    assert.equal((await messageRow(database, newer)).state, 'pending');
  });

  test('an act without any filter is refused', async () => {
    await assert.rejects(actByHand(deps(), 'cancel', {}, byMe), { code: 'FILTER_EMPTY' });
  });

  test('a study can be sent to a destination it never went to, once however often it is asked for', async () => {
    const first = await sendStudy(deps(), { ...byMe, studyInstanceUid: STUDY, destination: 'other', what: 'results' });
    const again = await sendStudy(deps(), { ...byMe, studyInstanceUid: STUDY, destination: 'other', what: 'results' });

    assert.ok(first.queued > 0);
    assert.equal(again.queued, 0);
    await assert.rejects(sendStudy(deps(), { ...byMe, studyInstanceUid: STUDY, destination: 'pacs', what: 'all' }), { code: 'STUDY_HAS_NOTHING' });
    await assert.rejects(sendStudy(deps(), { ...byMe, studyInstanceUid: STUDY, destination: 'nowhere', what: 'all' }), { code: 'DESTINATION_UNKNOWN' });
  });

  test('rerun queues the next revision, and refuses while one waits', async () => {
    const [made] = await rerun(deps(), { ...byMe, studyInstanceUid: STUDY, modelId: null });

    assert.ok(made);
    assert.equal(made.revision, 2);
    await assert.rejects(rerun(deps(), { ...byMe, studyInstanceUid: STUDY, modelId: 'model' }), { code: 'RUN_ACTIVE' });
    await assert.rejects(rerun(deps(), { ...byMe, studyInstanceUid: '1.2.3', modelId: null }), { code: 'RUN_UNKNOWN' });
    await decideHeldRun(deps(), made.id, 'cancel', byMe);
    assert.deepEqual([await audits('job.rerun'), await audits('job.cancel')], [1, 1]);
  });

  test('the ledger tells accepted from committed, and since when a proof is owed', async () => {
    const id = await seedMessage(database, job, { destination: 'ehr', ordinal: 9 }, new Date(clock.now()));
    await put(id, 'delivered');

    const owed = await studyLedger(database, STUDY, new Set(['ehr']));
    const none = await studyLedger(database, STUDY, new Set());

    const delivery = owed!.objects.flatMap((object) => object.deliveries).find((one) => one.messageId === id);
    assert.equal(delivery?.step, 'accepted');
    assert.equal(delivery?.unprovenSince?.getTime(), clock.now());
    assert.equal(owed!.destinations.find((one) => one.destination === 'ehr')?.unproven, 1);
    assert.equal(none!.destinations.find((one) => one.destination === 'ehr')?.unproven, 0);
    assert.equal(await studyLedger(database, '1.2.3.4', new Set()), undefined);
    assert.match(describeLedger(owed!).join('\n'), /destination ehr: .*accepted.*not proven since/);
  });
});
