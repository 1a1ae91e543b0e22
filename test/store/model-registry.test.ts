import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ModelRegistrySync } from '../../src/app/model-registry-sync.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { GatewayError } from '../../src/foundation/errors.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { ModelPool } from '../../src/model-runtime/child-pool.ts';
import { catalogueSignature } from '../../src/model-runtime/model-catalogue.ts';
import { openAlerts } from '../../src/store/alert.ts';
import { Database } from '../../src/store/database.ts';
import { folderFaults, modelHistory, modelRows, promoteModel } from '../../src/store/model-registry.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { putModel, temporaryFolder } from '../support/model-fixture.ts';

const signal = new AbortController().signal;
const noSelfTest = (yaml: string) => yaml.replace(/^selfTest: .*$/m, 'selfTest: []');
const nextVersion = (yaml: string) => noSelfTest(yaml).replace('version: 0.1.0', 'version: 0.2.0');

suite('store/model-registry', function () {
  this.timeout(60_000);
  let server: TestDatabase;
  let database: Database;
  let models: { folder: string; drop: () => void };
  let pool: ModelPool;
  let registry: ModelRegistrySync;

  setup(async () => {
    server = await testDatabase();
    database = new Database({ url: server.url, applicationName: 'test' });
    models = temporaryFolder();
    putModel(models.folder, { edit: noSelfTest });
    pool = await ModelPool.start({ modelsDir: models.folder, slots: 1, clock: systemClock, log: silentLog, threads: 1 });
    registry = new ModelRegistrySync({ database, clock: systemClock, log: silentLog });
    await registry.register(pool);
  });
  teardown(async () => {
    await pool.stop();
    await database.close();
    await server.close();
    models.drop();
  });

  const look = async () => {
    await pool.rescan();
    await registry.register(pool);
  };

  test('a folder becomes a registered version; its first use tests it and puts it to use', async () => {
    const model = registry.versionFor(pool, 'tiny-lung', '1.2.3')!;

    await registry.admit(pool, model, signal);

    const [row] = await modelRows(database);
    assert.equal(row!.state, 'active');
    assert.ok(row!.self_test !== null);
    const history = await modelHistory(database, 'tiny-lung', row!.digest);
    assert.deepEqual(history.map((change) => [change.from_state, change.to_state]), [['validated', 'active'], ['registered', 'validated'], [null, 'registered']]);
  });

  test('a second version dropped beside it is noticed, waits, and takes over when a person says so', async () => {
    await registry.admit(pool, registry.versionFor(pool, 'tiny-lung', '1.2.3')!, signal);
    const before = await catalogueSignature(models.folder);
    putModel(path.join(models.folder, '.next'), { edit: nextVersion });
    cpSync(path.join(models.folder, '.next', 'tiny-lung'), path.join(models.folder, 'tiny-lung-2'), { recursive: true });
    assert.notEqual(await catalogueSignature(models.folder), before);

    await look();
    const old = registry.versionFor(pool, 'tiny-lung', '1.2.3')!;
    const next = pool.model('tiny-lung')!;
    await promoteModel(database, { modelId: 'tiny-lung', digest: next.identity.digest, to: 'active', actor: 'a person', reason: 'it is better', at: new Date(0) });
    await registry.refresh();

    assert.deepEqual([old.identity.version, next.identity.version], ['0.1.0', '0.2.0']);
    assert.equal(registry.versionFor(pool, 'tiny-lung', '1.2.3')!.identity.version, '0.2.0');
    const states = Object.fromEntries((await modelRows(database)).map((row) => [row.version, row.state]));
    assert.deepEqual(states, { '0.1.0': 'validated', '0.2.0': 'active' });
    assert.ok(pool.model('tiny-lung', old.identity.digest), 'jobs of the old version can still run');
  });

  test('a version whose network does not run is quarantined with the reason and an alert, and never runs', async () => {
    putModel(models.folder, { id: 'nonsense', weights: Buffer.from('no network') });
    await look();
    const model = registry.versionFor(pool, 'nonsense', '1.2.3')!;

    await assert.rejects(registry.admit(pool, model, signal), (thrown) => thrown instanceof GatewayError && thrown.code === 'MODEL_QUARANTINED' && thrown.failure === 'permanent');

    const row = (await modelRows(database)).find((one) => one.model_id === 'nonsense')!;
    assert.equal(row.state, 'quarantined');
    assert.match(row.reason!, /MODEL_LOAD_FAILED/);
    assert.ok((await openAlerts(database, 10)).some((alert) => alert.kind === 'MODEL_QUARANTINED'));
    assert.equal(registry.versionFor(pool, 'nonsense', '1.2.3'), undefined);
    assert.deepEqual(registry.runnable(pool), ['tiny-lung']);
  });

  test('a folder that cannot be read as a model is listed with its faults until it is mended', async () => {
    const broken = putModel(models.folder, { id: 'broken', edit: (yaml) => yaml.replace('kind: detection-map', 'kind: guesses') });
    await look();
    assert.deepEqual((await folderFaults(database)).map((fault) => fault.folder), [broken]);

    rmSync(broken, { recursive: true });
    await look();

    assert.deepEqual(await folderFaults(database), []);
    assert.ok(!(await openAlerts(database, 10)).some((alert) => alert.kind === 'MODEL_QUARANTINED'));
  });
});
