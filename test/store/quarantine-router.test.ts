import assert from 'node:assert/strict';
import express from 'express';
import { createQuarantineRouter } from '../../src/edges/operator/quarantine-router.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import type { InstanceIntake } from '../../src/stages/intake/instance-intake.ts';
import { Database } from '../../src/store/database.ts';
import { SegmentReader } from '../../src/store/segments/segment-reader.ts';
import { startHttpServer, type RunningHttpServer } from '../../src/transport/http/http-server.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { openGroup, sendSample, startIntake } from '../support/intake-rig.ts';
import { temporaryFolder } from '../support/segments.ts';

let opened: TestDatabase;
let database: Database;
let intake: InstanceIntake;
let reader: SegmentReader;
let server: RunningHttpServer | undefined;

const sql = (text: string): Promise<object[]> => database.query({ name: text.slice(0, 60), text });

interface Answer {
  readonly status: number;
  readonly body: { readonly error?: string } & Record<string, unknown> & readonly Record<string, unknown>[];
}

suite('the operator API for quarantine and held studies', () => {
  setup(async () => {
    opened = await testDatabase();
    database = new Database({ url: opened.url, applicationName: 'test' });
    const folder = temporaryFolder();
    intake = await startIntake(folder, database);
    reader = new SegmentReader(folder);
    openGroup(intake, 'g1');
    await sendSample(intake, 'g1', { sop: '2.25.100.1.1' });
    await sendSample(intake, 'g1', { sop: '2.25.100.1.2', patientId: 'P2' });
    await intake.settle('g1', 'released', new AbortController().signal);
  });
  teardown(async () => {
    await server?.stop(500);
    server = undefined;
    reader.close();
    await intake.stop(1_000);
    await database.close();
    await opened.close();
  });

  async function serve(adminToken: string | null): Promise<(path: string, body?: object, headers?: Record<string, string>) => Promise<Answer>> {
    const app = express();
    app.use('/api', createQuarantineRouter({ database, segments: reader, clock: systemClock, adminToken }));
    server = await startHttpServer({ host: '127.0.0.1', port: 0, handler: app });
    const { url } = server;
    return async (path, body, headers = { 'content-type': 'application/json' }) => {
      const response = await fetch(`${url}/api${path}`, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, body: (await response.json()) as Answer['body'] };
    };
  }

  test('images of another patient: the list shows both patients, a decision ends the hold, all is audited', async () => {
    const call = await serve(null);

    const [line] = (await call('/quarantine?study=2.25.100')).body;
    const held = await call('/held-studies');
    const decided = await call(`/quarantine/${line!['id'] as number}/discard`, { by: 'anna' });

    assert.deepEqual([line!['reason'], line!['patient_id'], line!['study_patient_id'], line!['calling_ae']], ['patient-conflict', 'P2', 'P1', 'CT1']);
    assert.deepEqual(held.body.map((study) => [study['study_instance_uid'], study['hold_reason'], study['undecided']]), [['2.25.100', 'patient-conflict', 1]]);
    assert.deepEqual([decided.status, decided.body['decision']], [200, 'discarded']);
    assert.deepEqual((await call('/held-studies')).body, []);
    assert.deepEqual(await sql(`select actor, action from audit_event where action like 'quarantine.%'`), [{ actor: 'anna', action: 'quarantine.discarded' }]);
    assert.deepEqual(await call(`/quarantine/${line!['id'] as number}/release`, {}), { status: 409, body: { error: 'QUARANTINE_DECIDED', message: 'this object was decided about before' } });
  });

  test('a study is held and released by hand, audited with the reason; the objects in quarantine stay there', async () => {
    const call = await serve(null);

    const released = await call('/studies/2.25.100/release', { by: 'anna', reason: 'a typing error' });
    const again = await call('/studies/2.25.100/release', {});
    const held = await call('/studies/2.25.100/hold', { by: 'ben', reason: 'wait for the report' });

    assert.deepEqual([released.status, again.status, again.body.error, held.status], [200, 409, 'STUDY_NOT_HELD', 200]);
    assert.equal((await call('/studies/2.25.100/hold', {})).body.error, 'STUDY_HELD');
    assert.equal((await call('/quarantine')).body.length, 1);
    assert.deepEqual(await sql(`select state, hold_reason from study`), [{ state: 'held', hold_reason: 'by-hand' }]);
    assert.deepEqual(await sql(`select actor, action, detail from audit_event where action like 'study.%' order by id`), [
      { actor: 'anna', action: 'study.released', detail: { held: 'patient-conflict', reason: 'a typing error' } },
      { actor: 'ben', action: 'study.held', detail: { held: null, reason: 'wait for the report' } },
    ]);
  });

  test('what is not there is 404, what is malformed 400, and neither changes anything', async () => {
    const call = await serve(null);

    assert.deepEqual([(await call('/quarantine/999/release', {})).status, (await call('/studies/2.25.9/hold', {})).status], [404, 404]);
    assert.deepEqual([(await call('/quarantine/x/release', {})).status, (await call('/studies/abc/hold', {})).status, (await call('/studies/2.25.100/hold', { why: 1 })).status], [400, 400, 400]);
  });

  test('a decision needs the token where one is set, and else a JSON body, which no page of another origin can send', async () => {
    const guarded = await serve('t0ken');
    assert.equal((await guarded('/quarantine/1/release', {})).status, 401);
    assert.equal((await guarded('/studies/2.25.100/release', {}, { 'content-type': 'application/json', authorization: 'Bearer t0ken' })).status, 200);
    await server!.stop(500);

    const open = await serve(null);
    assert.equal((await open('/studies/2.25.100/hold', {}, { 'content-type': 'text/plain' })).status, 403);
  });
});
