import assert from 'node:assert/strict';
import type { Destination } from '../../../src/destinations/destination.ts';
import { createDestination } from '../../../src/destinations/registry.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { Metrics } from '../../../src/foundation/metrics.ts';
import { openAlerts } from '../../../src/store/alert.ts';
import { Database } from '../../../src/store/database.ts';
import { SegmentReader } from '../../../src/store/segments/segment-reader.ts';
import { DeliveryStage } from '../../../src/stages/delivery/delivery-stage.ts';
import { tools } from '../../contract/destination.contract.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';
import { HandClock, messageRow, seedJob, seedMessage, until, type MessageRow } from '../../support/delivery-fixture.ts';
import { startFaultProxy, type FaultProxy } from '../../support/fault-proxy.ts';
import { startFhirServer, type FhirServer } from '../../support/fhir-server.ts';

const bundle = JSON.stringify({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    { fullUrl: 'urn:uuid:1', resource: { resourceType: 'Observation', identifier: [{ system: 's', value: '1' }], status: 'preliminary' }, request: { method: 'PUT', url: 'Observation?identifier=s%7C1' } },
    { fullUrl: 'urn:uuid:2', resource: { resourceType: 'DiagnosticReport', identifier: [{ system: 's', value: '2' }], result: [{ reference: 'urn:uuid:1' }] }, request: { method: 'PUT', url: 'DiagnosticReport?identifier=s%7C2' } },
  ],
});

suite('delivery to an EHR that fails', () => {
  let lent: TestDatabase;
  let database: Database;
  let clock: HandClock;
  let ehr: FhirServer;
  let line: FaultProxy;
  let destination: Destination;
  let stage: DeliveryStage;
  let id: number;

  setup(async () => {
    lent = await testDatabase();
    database = new Database({ url: lent.url, applicationName: 'test' });
    clock = new HandClock();
    ehr = await startFhirServer();
    line = await startFaultProxy({ targetPort: ehr.port });
    destination = createDestination({ name: 'ehr', kind: 'fhir', url: `http://127.0.0.1:${line.port}/fhir/R4`, timeoutSeconds: 1 } as never, { ...tools, clock });
    stage = new DeliveryStage({
      database, clock, owner: 'work', destinations: [destination], segments: new SegmentReader('/nonexistent'), log: silentLog, metrics: new Metrics(), random: () => 0, pollMs: 20,
      retry: { baseMs: 1_000, capMs: 60_000, giveUpAfterMs: 7 * 86_400_000 }, circuit: { failuresToOpen: 2, baseMs: 10_000, capMs: 60_000 },
    });
    id = await seedMessage(database, await seedJob(database, '1.2.3'), { destination: 'ehr', text: bundle }, new Date(clock.now()));
  });

  teardown(async () => {
    await stage.stop(1_000);
    await line.stop();
    await ehr.stop();
    await database.close();
    await lent.close();
  });

  const afterAttempts = (attempts: number): Promise<MessageRow> =>
    until(`attempt ${attempts} is over`, async () => {
      const row = await messageRow(database, id);
      return row.attempts >= attempts && row.state !== 'sending' && row;
    });

  /** Each resource once, the reference resolved: what a reader at the EHR sees. */
  function assertHeldOnce(): void {
    assert.deepEqual([...ehr.resources.keys()].map((key) => key.split('/')[0]), ['Observation', 'DiagnosticReport']);
  }

  for (const mode of ['refuse', 'reset', 'hang', 'half-close', 'cut-answer'] as const) {
    test(`${mode}: the message waits, says why, and is delivered once when the line is back`, async () => {
      await line.mode(mode);

      await stage.start();
      const waiting = await afterAttempts(1);
      await line.mode('pass');
      clock.forward(60_000);
      await until('delivered', async () => (await messageRow(database, id)).state === 'delivered');

      assert.equal(waiting.state, 'pending');
      assert.match(waiting.waiting_for ?? '', /^ehr: .+; attempt 2 follows at 2026-01-01T12:00:00Z$/);
      assertHeldOnce();
    });
  }

  test('429 with Retry-After: nothing is sent before that time', async () => {
    ehr.canned.push({ status: 429, headers: { 'retry-after': '120' } });

    await stage.start();
    const waiting = await afterAttempts(1);
    clock.forward(119_000);
    await until('a few looks at the queue', () => new Promise<boolean>((resolve) => setImmediate(resolve, true)));
    const early = ehr.requests.length;
    clock.forward(2_000);
    await until('delivered', async () => (await messageRow(database, id)).state === 'delivered');

    assert.equal(waiting.next_attempt_at.getTime(), Date.UTC(2026, 0, 1, 12, 2));
    assert.match(waiting.waiting_for ?? '', /12:02:00Z/);
    assert.equal(early, 1);
    assertHeldOnce();
  });

  test('500 and 503 are repeated until they end, and the alert of the circuit ends with them', async () => {
    ehr.canned.push({ status: 500 }, { status: 503 }, { status: 503 });

    await stage.start();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await afterAttempts(attempt);
      if (attempt === 2) assert.deepEqual((await openAlerts(database, 5)).map((alert) => alert.kind), ['DESTINATION_DOWN']);
      clock.forward(60_000);
    }
    await until('delivered', async () => (await messageRow(database, id)).state === 'delivered');

    assert.deepEqual(await openAlerts(database, 5), []);
    assertHeldOnce();
  });

  for (const [status, code] of [[400, 'PEER_REFUSED'], [404, 'PEER_REFUSED'], [412, 'PEER_HAS_SEVERAL'], [422, 'PEER_REFUSED']] as const) {
    test(`${status}: a dead letter with the OperationOutcome kept, and no second try`, async () => {
      ehr.canned.push({ status, headers: { 'content-type': 'application/fhir+json' }, body: JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid', diagnostics: 'no' }] }) });

      await stage.start();
      const dead = await afterAttempts(1);

      assert.equal(dead.state, 'dead');
      assert.equal(dead.last_failure?.code, code);
      const [attempt] = await database.query<{ detail: { operationOutcome: unknown[] } }>({ name: 'tf1', text: 'select detail from delivery_attempt' });
      assert.equal(attempt!.detail.operationOutcome.length, 1);
      assert.equal(ehr.requests.length, 1);
      assert.deepEqual((await openAlerts(database, 5)).map((alert) => alert.kind), ['DELIVERY_DEAD']);
    });
  }

  test('401: the message waits for a person, it does not die', async () => {
    ehr.canned.push({ status: 401 });

    await stage.start();
    const waiting = await afterAttempts(1);

    assert.equal(waiting.state, 'pending');
    assert.match(waiting.waiting_for ?? '', /refuses our credentials/);
  });

  test('each attempt sends the same bytes under the same request id', async () => {
    ehr.canned.push({ status: 500 });

    await stage.start();
    await afterAttempts(1);
    clock.forward(60_000);
    await until('delivered', async () => (await messageRow(database, id)).state === 'delivered');

    assert.equal(ehr.requests[0]!.body, ehr.requests[1]!.body);
    assert.equal(ehr.requests[0]!.headers['x-request-id'], ehr.requests[1]!.headers['x-request-id']);
    assert.equal(ehr.requests[0]!.headers['prefer'], 'return=minimal');
  });
});
