import assert from 'node:assert/strict';
import { recordAudit } from '../../src/store/audit.ts';
import { chainAuditEvents, verifyAuditChain } from '../../src/store/audit-chain.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

suite('audit chain', () => {
  let home: TestDatabase;
  let database: Database;

  setup(async () => {
    home = await testDatabase();
    database = new Database({ url: home.url, applicationName: 'test' });
    for (let i = 0; i < 5; i += 1) {
      await recordAudit(database, { at: new Date(1_700_000_000_000 + i), actor: 'CT1', action: 'instance.stored', outcome: 0, objectId: `1.2.${i}`, detail: { b: i, a: 'ü' } });
    }
  });

  teardown(async () => {
    await database.close();
    await home.close();
  });

  const tamper = async (text: string): Promise<void> => {
    await database.execute({ name: 'tamper_off', text: 'alter table audit_event disable trigger all' });
    await database.execute({ name: 'tamper', text });
  };

  test('events are chained once, in order, and the unchained tail is reported', async () => {
    assert.equal(await chainAuditEvents(database), 5);
    assert.equal(await chainAuditEvents(database), 0);
    await recordAudit(database, { at: new Date(), actor: 'CT1', action: 'instance.stored', outcome: 0 });

    const report = await verifyAuditChain(database);

    assert.deepEqual([report.chained, report.unchained, report.faults], [5, 1, []]);
  });

  test('an audit row can be neither changed nor deleted', async () => {
    await assert.rejects(database.execute({ name: 'x', text: "update audit_event set actor = 'nobody'" }), { code: 'DATABASE_REFUSED' });
    await assert.rejects(database.execute({ name: 'y', text: 'delete from audit_event' }), { code: 'DATABASE_REFUSED' });
    await assert.rejects(database.execute({ name: 'z', text: 'truncate audit_event cascade' }), { code: 'DATABASE_REFUSED' });
  });

  test('a row changed behind the triggers is found', async () => {
    await chainAuditEvents(database);
    await tamper("update audit_event set detail = '{\"a\": \"x\"}' where object_id = '1.2.2'");

    assert.deepEqual((await verifyAuditChain(database)).faults, ['sequence 3: audit event 3 was changed']);
  });

  test('a link removed from the chain is found', async () => {
    await chainAuditEvents(database);
    await database.execute({ name: 'chain_off', text: 'alter table audit_chain disable trigger all' });
    await database.execute({ name: 'chain_cut', text: 'delete from audit_chain where sequence = 2' });

    assert.deepEqual((await verifyAuditChain(database)).faults[0], 'sequence 2 is missing (next is 3)');
  });
});
