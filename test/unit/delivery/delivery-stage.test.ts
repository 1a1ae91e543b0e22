import assert from 'node:assert/strict';
import type { Destination } from '../../../src/destinations/destination.ts';
import type { DeliveryOutcome } from '../../../src/domain/delivery.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { Metrics } from '../../../src/foundation/metrics.ts';
import { openAlerts } from '../../../src/store/alert.ts';
import { Database } from '../../../src/store/database.ts';
import { hopsOfStudy } from '../../../src/store/hop.ts';
import { claimOutbox } from '../../../src/store/outbox.ts';
import { SegmentReader } from '../../../src/store/segments/segment-reader.ts';
import { DeliveryStage } from '../../../src/stages/delivery/delivery-stage.ts';
import { replayDeadLetters } from '../../../src/stages/delivery/replay-dead.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';
import { HandClock, messageRow, ScriptedDestination, seedJob, seedMessage, until } from '../../support/delivery-fixture.ts';

const unreachable: DeliveryOutcome = { kind: 'failed', failure: 'transient', code: 'PEER_UNREACHABLE', message: 'cannot be reached (ECONNREFUSED)', status: 'ECONNREFUSED', peerIsAtFault: true };
const refused: DeliveryOutcome = { kind: 'failed', failure: 'permanent', code: 'PEER_REFUSED', message: 'refused it (HTTP 422)', status: '422', peerIsAtFault: false };
const unanswered: DeliveryOutcome = { kind: 'failed', failure: 'ambiguous', code: 'PEER_NO_ANSWER', message: 'no answer after sending', peerIsAtFault: true };

suite('delivery stage', () => {
  let lent: TestDatabase;
  let database: Database;
  let clock: HandClock;
  const stages: DeliveryStage[] = [];

  setup(async () => {
    lent = await testDatabase();
    database = new Database({ url: lent.url, applicationName: 'test' });
    clock = new HandClock();
  });

  teardown(async () => {
    for (const stage of stages.splice(0)) await stage.stop(1_000);
    await database.close();
    await lent.close();
  });

  async function started(destinations: readonly Destination[], owner = 'work'): Promise<DeliveryStage> {
    const stage = new DeliveryStage({
      database, clock, destinations, owner, segments: new SegmentReader('/nonexistent'), log: silentLog, metrics: new Metrics(), random: () => 0, pollMs: 20,
      circuit: { failuresToOpen: 3, baseMs: 60_000, capMs: 60_000 }, retry: { baseMs: 1_000, capMs: 60_000, giveUpAfterMs: 86_400_000 },
    });
    stages.push(stage);
    await stage.start();
    return stage;
  }

  const now = (): Date => new Date(clock.now());

  test('an answered message is delivered and leaves attempt, hop 13 and audit rows in one transaction', async () => {
    const ehr = new ScriptedDestination('ehr');
    const job = await seedJob(database, '1.2.3');
    const id = await seedMessage(database, job, { destination: 'ehr', text: '{"resourceType":"Bundle"}' }, now());

    await started([ehr]);
    await until('delivered', async () => (await messageRow(database, id)).state === 'delivered');

    const payload = ehr.seen[0]!;
    assert.equal(payload.mediaType === 'application/fhir+json' && Buffer.from(payload.bytes).toString(), '{"resourceType":"Bundle"}');
    const hops = await hopsOfStudy(database, '1.2.3');
    assert.deepEqual(hops.map((hop) => [hop.hop, hop.event, hop.subject]), [[13, 'destination-loop.delivered', 'ehr']]);
    const attempts = await database.query({ name: 't1', text: 'select attempt, outcome, status, ended_at is not null as ended from delivery_attempt' });
    assert.deepEqual(attempts, [{ attempt: 1, outcome: 'delivered', status: '200', ended: true }]);
    const audit = await database.query({ name: 't2', text: 'select action, outcome from audit_event' });
    assert.deepEqual(audit, [{ action: 'delivery.delivered', outcome: 0 }]);
  });

  test('a transient failure waits, says why and until when, and is repeated when its time has come', async () => {
    const ehr = new ScriptedDestination('ehr');
    ehr.answer = () => unreachable;
    const id = await seedMessage(database, await seedJob(database, '1.2.3'), { destination: 'ehr' }, now());

    await started([ehr]);
    const waiting = await until('waiting', async () => {
      const row = await messageRow(database, id);
      return row.last_failure !== null && row;
    });
    ehr.answer = () => ({ kind: 'delivered', proven: false, status: '200' });
    clock.forward(1_000);
    await until('delivered', async () => (await messageRow(database, id)).state === 'delivered');

    assert.equal(waiting.state, 'pending');
    assert.equal(waiting.waiting_for, 'ehr: cannot be reached (ECONNREFUSED); attempt 2 follows at 2026-01-01T12:00:00Z');
    assert.equal(waiting.next_attempt_at.getTime(), Date.UTC(2026, 0, 1, 12) + 500);
    assert.equal(ehr.seen.length, 2);
    assert.deepEqual(ehr.seen[0], ehr.seen[1]);
  });

  test('a dead destination is probed only, its messages say so, another one goes on, and all follows when it is back', async () => {
    const dead = new ScriptedDestination('dead', { concurrency: 4 });
    const well = new ScriptedDestination('well');
    dead.answer = () => unreachable;
    const job = await seedJob(database, '1.2.3');
    const ids: number[] = [];
    for (let ordinal = 0; ordinal < 20; ordinal += 1) ids.push(await seedMessage(database, job, { destination: 'dead', ordinal }, now()));
    const other = await seedMessage(database, job, { destination: 'well', ordinal: 99 }, now());

    await started([dead, well]);
    await until('open', async () => (await openAlerts(database, 10)).some((alert) => alert.kind === 'DESTINATION_DOWN'));
    await until('the other is delivered', async () => (await messageRow(database, other)).state === 'delivered');
    const triedWhileDead = dead.seen.length;
    const reasons = await Promise.all(ids.map(async (id) => (await messageRow(database, id)).waiting_for));
    dead.answer = () => ({ kind: 'delivered', proven: false, status: '200' });
    clock.forward(60_000);
    await until('all delivered', async () => (await Promise.all(ids.map((id) => messageRow(database, id)))).every((row) => row.state === 'delivered'));

    assert.ok(triedWhileDead < 8, `tried ${triedWhileDead}`);
    assert.ok(reasons.filter((reason) => reason?.startsWith('dead is not being sent to: cannot be reached (ECONNREFUSED); the next probe is at')).length >= 12, String(reasons));
    assert.deepEqual((await openAlerts(database, 10)).map((alert) => alert.kind), []);
  });

  test('a probe is sent when the circuit says so, also when every message waits longer by itself', async () => {
    const ehr = new ScriptedDestination('ehr');
    ehr.answer = () => ({ ...unreachable, retryAfterMs: 1_000 });
    const id = await seedMessage(database, await seedJob(database, '1.2.3'), { destination: 'ehr' }, now());
    await started([ehr]);
    await until('open', async () => (await messageRow(database, id)).last_failure !== null);
    await database.execute({ name: 'tl', text: 'update outbox_message set next_attempt_at = $1' }, [new Date(clock.now() + 86_400_000)]);
    ehr.answer = () => ({ kind: 'delivered', proven: false, status: '200' });

    clock.forward(60_000);
    await until('delivered', async () => (await messageRow(database, id)).state === 'delivered');

    assert.equal(ehr.seen.length, 2);
  });

  test('a permanent refusal is dead at once with its alert; replay sends the same bytes and ends the alert', async () => {
    const ehr = new ScriptedDestination('ehr');
    ehr.answer = () => refused;
    const id = await seedMessage(database, await seedJob(database, '1.2.3'), { destination: 'ehr' }, now());

    await started([ehr]);
    await until('dead', async () => (await messageRow(database, id)).state === 'dead');
    const alerts = await openAlerts(database, 10);
    ehr.answer = () => ({ kind: 'delivered', proven: false, status: '200' });
    const replayed = await replayDeadLetters({ database, clock }, 'pat', { destination: 'ehr', code: 'PEER_REFUSED' });
    await until('delivered', async () => (await messageRow(database, id)).state === 'delivered');

    assert.deepEqual(alerts.map((alert) => [alert.kind, alert.severity]), [['DELIVERY_DEAD', 'critical']]);
    assert.equal(replayed, 1);
    assert.deepEqual(ehr.seen[0], ehr.seen[1]);
    assert.deepEqual(await openAlerts(database, 10), []);
  });

  test('a dead letter that a newer message of its key has overtaken is not replayed', async () => {
    const ehr = new ScriptedDestination('ehr');
    ehr.answer = (payload) => (payload.mediaType === 'application/fhir+json' && payload.bytes.length === 3 ? refused : { kind: 'delivered', proven: false, status: '200' });
    const job = await seedJob(database, '1.2.3');
    const old = await seedMessage(database, job, { destination: 'ehr', ordinal: 1, orderingKey: 'patient', text: 'old' }, now());
    const newer = await seedMessage(database, job, { destination: 'ehr', ordinal: 2, orderingKey: 'patient', text: 'newer' }, now());

    await started([ehr]);
    await until('the newer is delivered', async () => (await messageRow(database, newer)).state === 'delivered');

    assert.equal((await messageRow(database, old)).state, 'dead');
    assert.equal(await replayDeadLetters({ database, clock }, 'pat', {}), 0);
  });

  test('messages of one ordering key leave one after the other, also with several exchanges at a time', async () => {
    const ehr = new ScriptedDestination('ehr', { concurrency: 4 });
    let flying = 0;
    let most = 0;
    ehr.answer = async () => {
      flying += 1;
      most = Math.max(most, flying);
      await new Promise((resolve) => setImmediate(resolve));
      flying -= 1;
      return { kind: 'delivered', proven: false, status: '200' };
    };
    const job = await seedJob(database, '1.2.3');
    const texts = ['a', 'b', 'c', 'd', 'e'];
    const ids: number[] = [];
    for (const [ordinal, text] of texts.entries()) ids.push(await seedMessage(database, job, { destination: 'ehr', ordinal, orderingKey: 'patient', text }, now()));

    await started([ehr]);
    await until('delivered', async () => (await Promise.all(ids.map((id) => messageRow(database, id)))).every((row) => row.state === 'delivered'));

    assert.equal(most, 1);
    assert.deepEqual(ehr.seen.map((payload) => (payload.mediaType === 'application/fhir+json' ? Buffer.from(payload.bytes).toString() : '')), texts);
  });

  test('an ambiguous failure is repeated with the same identifiers and audited', async () => {
    const ehr = new ScriptedDestination('ehr');
    ehr.answer = () => unanswered;
    const id = await seedMessage(database, await seedJob(database, '1.2.3'), { destination: 'ehr' }, now());

    await started([ehr]);
    await until('tried', async () => (await messageRow(database, id)).last_failure !== null);

    const audit = await database.query({ name: 't2', text: 'select action, outcome from audit_event' });
    assert.deepEqual(audit, [{ action: 'delivery.unanswered', outcome: 4 }]);
  });

  test('a restarted process takes its own leases back at once, those of others when they end', async () => {
    const job = await seedJob(database, '1.2.3');
    const mine = await seedMessage(database, job, { destination: 'ehr', ordinal: 1 }, now());
    const claim = { destination: 'ehr', limit: 1, leaseUntil: new Date(clock.now() + 30_000), dueBy: now(), at: now() };
    await claimOutbox(database, { ...claim, owner: 'work' });
    const theirs = await seedMessage(database, job, { destination: 'ehr', ordinal: 2 }, now());
    await claimOutbox(database, { ...claim, owner: 'other' });

    const ehr = new ScriptedDestination('ehr');
    await started([ehr]);
    await until('mine is delivered', async () => (await messageRow(database, mine)).state === 'delivered');
    const meanwhile = (await messageRow(database, theirs)).state;
    clock.forward(30_001);
    await until('theirs is delivered', async () => (await messageRow(database, theirs)).state === 'delivered');

    assert.equal(meanwhile, 'sending');
    const lost = await database.query({ name: 't3', text: `select outcome from delivery_attempt where attempt = 1 order by message_id` });
    assert.deepEqual(lost, [{ outcome: 'ambiguous' }, { outcome: 'ambiguous' }]);
  });

  test('stop cuts an exchange that does not end and its message is due again at once', async () => {
    const ehr = new ScriptedDestination('ehr');
    ehr.answer = (_payload, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(unanswered)));
    const id = await seedMessage(database, await seedJob(database, '1.2.3'), { destination: 'ehr' }, now());

    const stage = await started([ehr]);
    await until('being sent', () => ehr.seen.length === 1);
    await stage.stop(10);

    const row = await messageRow(database, id);
    assert.equal(row.state, 'pending');
    assert.equal(row.next_attempt_at.getTime(), clock.now());
    assert.equal(row.lease_owner, null);
    assert.deepEqual(await openAlerts(database, 10), []);
  });

  test('two processes never send one message twice', async () => {
    const first = new ScriptedDestination('ehr', { concurrency: 3 });
    const second = new ScriptedDestination('ehr', { concurrency: 3 });
    const job = await seedJob(database, '1.2.3');
    const ids: number[] = [];
    for (let ordinal = 0; ordinal < 40; ordinal += 1) ids.push(await seedMessage(database, job, { destination: 'ehr', ordinal }, now()));

    await Promise.all([started([first], 'work-1'), started([second], 'work-2')]);
    await until('all delivered', async () => (await Promise.all(ids.map((id) => messageRow(database, id)))).every((row) => row.state === 'delivered'));

    assert.equal(first.seen.length + second.seen.length, 40);
  });

  test('an exchange that throws is our mistake: the batch is tried one by one, so that one object spoils no other', async () => {
    const pacs = new ScriptedDestination('pacs', { batchSize: 10 });
    pacs.answer = (payload) => {
      if (payload.mediaType === 'application/fhir+json' && payload.bytes.length === 3) throw new Error('bug');
      return { kind: 'delivered', proven: true, status: 'ok' };
    };
    const job = await seedJob(database, '1.2.3');
    const bad = await seedMessage(database, job, { destination: 'pacs', ordinal: 1, text: 'bad' }, now());
    const good = await seedMessage(database, job, { destination: 'pacs', ordinal: 2, text: 'good' }, now());

    await started([pacs]);
    await until('good is proven', async () => (await messageRow(database, good)).state === 'proven');

    assert.equal((await messageRow(database, bad)).state, 'pending');
    assert.equal((await messageRow(database, bad)).last_failure?.code, 'UNEXPECTED');
  });
});
