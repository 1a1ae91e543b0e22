import assert from 'node:assert/strict';
import { silentLog } from '../../../src/foundation/log.ts';
import { createFhirRouter } from '../../../src/edges/fhir/fhir-router.ts';
import { Database } from '../../../src/store/database.ts';
import { publishResource } from '../../../src/store/fhir-resource.ts';
import { createApp } from '../../../src/transport/http/express-app.ts';
import { startHttpServer, type RunningHttpServer } from '../../../src/transport/http/http-server.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';
import { HandClock } from '../../support/delivery-fixture.ts';

interface Bundle {
  readonly resourceType: string;
  readonly total: number;
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly { readonly fullUrl: string; readonly resource: { readonly id: string; readonly meta: { readonly versionId: string; readonly lastUpdated: string } } }[];
}

suite('FHIR read API', () => {
  let lent: TestDatabase;
  let database: Database;
  let server: RunningHttpServer;
  let base: string;

  suiteSetup(async () => {
    lent = await testDatabase();
    database = new Database({ url: lent.url, applicationName: 'test' });
    await publish('DiagnosticReport', 'r1', { status: 'preliminary', identifiers: ['urn:run|1', 'urn:dicom:uid|urn:oid:1.2'], patient: 'urn:mrn|P1', study: '1.2.3', day: 1 });
    await publish('DiagnosticReport', 'r2', { status: 'final', identifiers: ['urn:run|2'], patient: 'urn:mrn|P2', study: '1.2.4', day: 2 });
    await publish('DiagnosticReport', 'r3', { status: 'preliminary', identifiers: ['urn:other|1'], patient: 'urn:mrn|P1', study: '1.2.5', day: 3 });
    await publish('Patient', 'p1', { identifiers: ['urn:mrn|P1'], resource: { identifier: [{ system: 'urn:mrn', value: 'P1' }] }, day: 1 });
    const app = createApp({ tls: false });
    app.use('/fhir/R4', createFhirRouter({ database, clock: new HandClock(), log: silentLog, softwareVersion: '0.1.0', actorOf: () => 'pat' }));
    server = await startHttpServer({ host: '127.0.0.1', port: 0, handler: app });
    base = `${server.url}/fhir/R4`;
  });

  suiteTeardown(async () => {
    await server.stop(1_000);
    await database.close();
    await lent.close();
  });

  interface Published {
    readonly status?: string;
    readonly identifiers: readonly string[];
    readonly patient?: string;
    readonly study?: string;
    readonly resource?: object;
    readonly day: number;
  }

  async function publish(resourceType: string, id: string, published: Published): Promise<void> {
    await publishResource(
      database,
      {
        resourceType, id, identifiers: published.identifiers, patientIdentifier: published.patient ?? null, studyInstanceUid: published.study ?? null, status: published.status ?? null,
        jobId: null, resource: { resourceType, id, meta: { security: [{ code: 'AIAST' }] }, status: published.status, ...published.resource },
      },
      new Date(Date.UTC(2026, 0, published.day, 12)),
    );
  }

  async function ids(query: string, headers: Record<string, string> = {}): Promise<string[]> {
    const response = await fetch(`${base}/${query}`, { headers });
    assert.equal(response.status, 200, query);
    return ((await response.json()) as Bundle).entry?.map((entry) => entry.resource.id) ?? [];
  }

  async function refusal(path: string, init: RequestInit = {}): Promise<[number, string]> {
    const response = await fetch(`${base}/${path}`, init);
    const body = (await response.json()) as { resourceType: string; issue: { code: string }[] };
    assert.equal(body.resourceType, 'OperationOutcome');
    assert.match(response.headers.get('content-type') ?? '', /^application\/fhir\+json/);
    return [response.status, body.issue[0]!.code];
  }

  test('metadata says what can be read and searched [R4 §3.1.0.9]', async () => {
    const response = await fetch(`${base}/metadata`);
    const body = (await response.json()) as { resourceType: string; fhirVersion: string; implementation: { url: string }; rest: { resource: { type: string }[] }[] };

    assert.equal(response.status, 200);
    assert.equal(body.resourceType, 'CapabilityStatement');
    assert.equal(body.fhirVersion, '4.0.1');
    assert.equal(body.implementation.url, base);
    assert.ok(body.rest[0]!.resource.some((resource) => resource.type === 'DiagnosticReport'));
  });

  test('read gives the resource with version, ETag and Last-Modified, 304 when it is known, and an audit row [R4 §3.1.0.1]', async () => {
    const response = await fetch(`${base}/DiagnosticReport/r1`);
    const body = (await response.json()) as { id: string; meta: { versionId: string; lastUpdated: string; security: unknown[] } };
    const known = await fetch(`${base}/DiagnosticReport/r1`, { headers: { 'if-none-match': response.headers.get('etag')! } });

    assert.equal(body.id, 'r1');
    assert.equal(body.meta.versionId, '1');
    assert.equal(body.meta.lastUpdated, '2026-01-01T12:00:00.000Z');
    assert.equal(body.meta.security.length, 1);
    assert.equal(response.headers.get('etag'), 'W/"1"');
    assert.equal(known.status, 304);
    const audit = await database.query({ name: 'ta', text: `select actor, action, object_id from audit_event where action = 'fhir.read' limit 1` });
    assert.deepEqual(audit, [{ actor: 'pat', action: 'fhir.read', object_id: 'DiagnosticReport/r1' }]);
  });

  test('search by identifier: with system, without, several', async () => {
    assert.deepEqual(await ids('DiagnosticReport?identifier=urn:run|1'), ['r1']);
    assert.deepEqual(await ids('DiagnosticReport?identifier=1'), ['r3', 'r1']);
    assert.deepEqual(await ids('DiagnosticReport?identifier=urn:run|1,urn:run|2'), ['r2', 'r1']);
    assert.deepEqual(await ids('DiagnosticReport?identifier=urn:dicom:uid|urn:oid:1.2'), ['r1']);
  });

  test('search by patient: identifier, chained, reference', async () => {
    assert.deepEqual(await ids('DiagnosticReport?patient=urn:mrn|P1'), ['r3', 'r1']);
    assert.deepEqual(await ids('DiagnosticReport?patient=P2'), ['r2']);
    assert.deepEqual(await ids('DiagnosticReport?patient.identifier=urn:mrn|P2'), ['r2']);
    assert.deepEqual(await ids('DiagnosticReport?subject:identifier=urn:mrn|P1'), ['r3', 'r1']);
    assert.deepEqual(await ids('DiagnosticReport?patient=Patient/p1'), ['r3', 'r1']);
    assert.deepEqual(await ids('DiagnosticReport?patient=Patient/none'), []);
  });

  test('search by study, status and date combine', async () => {
    assert.deepEqual(await ids('DiagnosticReport?study=1.2.3'), ['r1']);
    assert.deepEqual(await ids('DiagnosticReport?study=urn:oid:1.2.4,1.2.5'), ['r3', 'r2']);
    assert.deepEqual(await ids('DiagnosticReport?status=preliminary&patient=P1&_lastUpdated=ge2026-01-02'), ['r3']);
    assert.deepEqual(await ids('DiagnosticReport?_lastUpdated=2026-01-02'), ['r2']);
    assert.deepEqual(await ids('DiagnosticReport?_lastUpdated=gt2026-01-01&_lastUpdated=lt2026-01-03'), ['r2']);
    assert.deepEqual(await ids('DiagnosticReport?_lastUpdated=le2026-01-01T12:00:00.000Z'), ['r1']);
    assert.deepEqual(await ids('DiagnosticReport?_lastUpdated=sa2026-01-02'), ['r3']);
  });

  test('pages are linked and together give every match once [R4 §3.1.1.5]', async () => {
    const seen: string[] = [];
    let url: string | undefined = `${base}/DiagnosticReport?_count=1`;
    while (url !== undefined) {
      const page = (await (await fetch(url)).json()) as Bundle;
      assert.equal(page.total, 3);
      seen.push(...page.entry!.map((entry) => entry.resource.id));
      url = page.link.find((link) => link.relation === 'next')?.url;
    }

    assert.deepEqual(seen, ['r3', 'r2', 'r1']);
  });

  test('an empty page has no empty array; _summary=count gives the number alone', async () => {
    const empty = (await (await fetch(`${base}/DiagnosticReport?status=cancelled`)).json()) as Bundle;
    const count = (await (await fetch(`${base}/DiagnosticReport?_summary=count`)).json()) as Bundle;

    assert.equal(empty.total, 0);
    assert.equal('entry' in empty, false);
    assert.equal(count.total, 3);
    assert.equal('entry' in count, false);
  });

  test('POST _search takes its parameters from the form [R4 §3.1.1.1]', async () => {
    const response = await fetch(`${base}/DiagnosticReport/_search`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'study=1.2.3' });

    assert.equal(((await response.json()) as Bundle).total, 1);
  });

  test('refusals are OperationOutcomes with the right status', async () => {
    assert.deepEqual(await refusal('DiagnosticReport/none'), [404, 'not-found']);
    assert.deepEqual(await refusal('Medication/1'), [404, 'not-supported']);
    assert.deepEqual(await refusal('DiagnosticReport?colour=red'), [400, 'invalid']);
    assert.deepEqual(await refusal('DiagnosticReport?_lastUpdated=2026-13-01'), [400, 'invalid']);
    assert.deepEqual(await refusal('DiagnosticReport?_count=-1'), [400, 'invalid']);
    assert.deepEqual(await refusal('DiagnosticReport', { headers: { accept: 'application/fhir+xml' } }), [406, 'not-supported']);
    assert.deepEqual(await refusal('DiagnosticReport?_format=xml'), [406, 'not-supported']);
    assert.deepEqual(await refusal('DiagnosticReport', { method: 'POST', headers: { 'content-type': 'application/fhir+json' }, body: '{}' }), [405, 'not-supported']);
    assert.deepEqual(await refusal('DiagnosticReport/r1', { method: 'DELETE' }), [405, 'not-supported']);
  });

  test('lenient handling passes over an unknown parameter and leaves it out of the self link [R4 §3.1.1.2]', async () => {
    const response = await fetch(`${base}/DiagnosticReport?colour=red&study=1.2.3`, { headers: { prefer: 'handling=lenient' } });
    const bundle = (await response.json()) as Bundle;

    assert.equal(bundle.total, 1);
    assert.equal(bundle.link.find((link) => link.relation === 'self')?.url, `${base}/DiagnosticReport?study=1.2.3&_count=50`);
  });

  test('a new version counts up; the same content again changes nothing', async () => {
    await publish('Device', 'd1', { identifiers: ['urn:oid|d'], status: 'active', day: 1 });
    await publish('Device', 'd1', { identifiers: ['urn:oid|d'], status: 'active', day: 2 });
    await publish('Device', 'd1', { identifiers: ['urn:oid|d'], status: 'inactive', day: 3 });

    const body = (await (await fetch(`${base}/Device/d1`)).json()) as { meta: { versionId: string } };

    assert.equal(body.meta.versionId, '2');
  });
});
