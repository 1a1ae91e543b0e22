import assert from 'node:assert/strict';
import { Database } from '../../src/store/database.ts';
import { testDatabase } from '../support/database.ts';

suite('a lost connection', () => {
  test('in the middle of a transaction is a transient error of that transaction, and the next one works', async () => {
    const opened = await testDatabase();
    const database = new Database({ url: opened.url, applicationName: 'test' });
    const killer = new Database({ url: opened.url, applicationName: 'killer' });

    const outcome = database.transaction(async (tx) => {
      const [row] = await tx.query<{ pid: number }>({ name: 'pid', text: 'select pg_backend_pid() as pid' });
      await killer.query({ name: 'kill', text: 'select pg_terminate_backend($1)' }, [row!.pid]);
      // The loss arrives while no statement of this transaction is under way.
      while ((await killer.query({ name: 'alive', text: 'select 1 from pg_stat_activity where pid = $1' }, [row!.pid])).length > 0);
      await killer.query({ name: 'turn', text: 'select 1' });
      await tx.query({ name: 'one', text: 'select 1' });
    });

    await assert.rejects(outcome, { failure: 'transient' });
    assert.deepEqual(await database.transaction((tx) => tx.query({ name: 'one', text: 'select 1 as one' })), [{ one: 1 }]);
    await killer.close();
    await database.close();
    await opened.close();
  });
});
