import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createAuditEventRouter } from '../../../src/edges/fhir/audit-event-router.ts';
import { requireBearer } from '../../../src/edges/operator/require-bearer.ts';
import { systemClock } from '../../../src/foundation/clock.ts';
import { recordAudit } from '../../../src/store/audit.ts';
import { chainAuditEvents } from '../../../src/store/audit-chain.ts';
import { Database } from '../../../src/store/database.ts';
import { testDatabase } from '../../support/database.ts';

interface Bundle {
  readonly total: number;
  readonly link: readonly { relation: string; url: string }[];
  readonly entry?: readonly { resource: { id: string; type: { code: string }; outcome: string; recorded: string; subtype: [{ code: string }]; entity?: readonly { description?: string; what: { identifier: { value: string } } }[] } }[];
}

test('the audit log is read as AuditEvent, by study, action and date, page by page, by whoever may [RESTful ATNA, ITI-81]', async function () {
  this.timeout(60_000);
  const place = await testDatabase();
  const database = new Database({ url: place.url, applicationName: 'test' });
  for (let i = 0; i < 5; i += 1) {
    await recordAudit(database, { at: new Date(Date.UTC(2026, 0, 1 + i)), actor: 'delivery', action: i === 4 ? 'instances.stored' : 'delivery.delivered', outcome: i === 0 ? 4 : 0, objectType: 'delivery', objectId: String(i), studyInstanceUid: '1.2.3', detail: { secret: 'stays inside' } });
  }
  await chainAuditEvents(database);
  const app = express();
  app.use('/fhir/R4', createAuditEventRouter({ database, clock: systemClock, guard: requireBearer('token') }));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir/R4/AuditEvent`;
  const get = (query: string) => fetch(`${base}${query}`, { headers: { authorization: 'Bearer token' } });
  try {
    const page = (await (await get('?study=1.2.3&subtype=delivery.delivered&_count=3')).json()) as Bundle;
    const rest = (await (await fetch(page.link.find((one) => one.relation === 'next')!.url, { headers: { authorization: 'Bearer token' } })).json()) as Bundle;
    const dated = (await (await get('?study=1.2.3&date=ge2026-01-02&date=lt2026-01-04')).json()) as Bundle;
    const one = await (await get(`/${rest.entry![0]!.resource.id}`)).json();

    assert.deepEqual([page.total, page.entry!.length, rest.entry!.length, dated.total], [4, 3, 1, 2]);
    assert.deepEqual([rest.entry![0]!.resource.outcome, rest.entry![0]!.resource.type.code], ['4', '110106']);
    assert.deepEqual(one, rest.entry![0]!.resource);
    assert.ok(rest.entry![0]!.resource.entity!.some((entity) => entity.description === 'place in the hash chain' && entity.what.identifier.value === '1'));
    assert.equal(JSON.stringify(page).includes('stays inside'), false);
    assert.deepEqual([(await get('?patient=1')).status, (await get('/999999')).status, (await fetch(base)).status], [400, 404, 401]);
    assert.equal(((await (await get('?subtype=audit.read')).json()) as Bundle).total, 3);
  } finally {
    server.closeAllConnections();
    server.close();
    await database.close();
    await place.close();
  }
});
