import assert from 'node:assert/strict';
import { systemClock } from '../../../src/foundation/clock.ts';
import { environmentSecret } from '../../../src/foundation/environment-secret.ts';
import { GatewayError } from '../../../src/foundation/errors.ts';
import { analyseSeries } from '../../../src/model-runtime/analyse-series.ts';
import { openKserveStage, type KserveStageOptions } from '../../../src/model-runtime/kserve-stage.ts';
import { parseManifest } from '../../../src/model-runtime/manifest.ts';
import { WarmModels } from '../../../src/model-runtime/warm-models.ts';
import { startKserveServer, type KserveServer } from '../../support/kserve-server.ts';
import { inMemory, manifestText, putModel, temporaryFolder, tinyChest } from '../../support/model-fixture.ts';
import { tinyDetector } from '../../support/tiny-onnx.ts';

const STAGE = /runtime:\n {2}kind: onnx\n {2}executionProviders: \[cpu\]\n {2}stages:\n.*\n/;

suite('model-runtime/kserve-stage', () => {
  let server: KserveServer;

  suiteSetup(async () => {
    server = await startKserveServer('tiny', tinyDetector());
  });
  setup(() => server.fail(null));
  suiteTeardown(async () => server.close());

  const open = (changes: Partial<KserveStageOptions> = {}) =>
    openKserveStage({ url: server.url, modelName: 'tiny', modelVersion: null, inputTensor: 'hu', outputTensors: ['maps'], token: null, timeoutMs: 10_000, ...changes });

  const isCode = (code: string, failure: string) => (thrown: unknown) => thrown instanceof GatewayError && thrown.code === code && thrown.failure === failure;

  test('a window goes out and its maps come back as binary tensors', async () => {
    const stage = await open();

    const { values, shape } = (await stage.run(new Float32Array(4 * 4 * 6).fill(200), [1, 1, 4, 4, 6])).get('maps')!;

    assert.deepEqual(shape, [1, 6, 2, 2, 3]);
    assert.ok(values.subarray(0, 12).every((v) => Math.abs(v - 0.6) < 1e-6));
    assert.ok(values.subarray(24, 36).every((v) => v === 16));
  });

  test('a token goes out as bearer, none where none was given; a missing variable is named', async () => {
    await open();
    const without = server.lastAuthorization();
    const stage = await open({ token: 'secret' });
    await stage.run(new Float32Array(8), [1, 1, 2, 2, 2]);

    assert.deepEqual([without, server.lastAuthorization()], [undefined, 'Bearer secret']);
    assert.throws(() => environmentSecret('ISOCENTER_TEST_NO_SUCH_SECRET'), isCode('SECRET_MISSING', 'permanent'));
  });

  test('a model on a server gives the same findings as in this process', async () => {
    const { folder, drop } = temporaryFolder();
    const models = new WarmModels(1);
    const remote = (yaml: string) => yaml.replace(STAGE, `runtime:\n  kind: kserve-v2\n  url: ${server.url}\n  stages: [{ id: detect, modelName: tiny }]\n`);
    const [here, there] = [await models.get(putModel(folder, { id: 'here' }), null), await models.get(putModel(folder, { id: 'there', edit: remote }), null)];
    const run = async (warm: typeof here) => (await analyseSeries(warm.model, warm.network, inMemory(tinyChest()), { clock: systemClock, progress: () => {} })).analysis;

    const [local, distant] = [await run(here), await run(there)];
    await models.release();
    drop();

    const told = (analysis: typeof local) => analysis.findings.map(({ probability, measurements, imageIndices }) => ({ probability, measurements, imageIndices }));
    assert.equal(there.model.manifest.runtime.kind, 'kserve-v2');
    assert.ok(local.findings.length > 0);
    assert.deepEqual(told(distant), told(local));
  });

  test('tensors that are not the manifest’s, a model that is not there and a silent server are told apart', async () => {
    await assert.rejects(open({ inputTensor: 'image' }), isCode('MODEL_TENSOR_MISMATCH', 'permanent'));
    await assert.rejects(open({ modelName: 'other' }), isCode('MODEL_REMOTE_REFUSED', 'permanent'));
    await assert.rejects(open({ url: 'http://127.0.0.1:1' }), isCode('MODEL_REMOTE_UNAVAILABLE', 'transient'));
  });

  test('5xx in mid-run is transient, an answer that is not the protocol’s permanent', async () => {
    const stage = await open();

    server.fail(503);
    await assert.rejects(stage.run(new Float32Array(8), [2, 2, 2]), isCode('MODEL_REMOTE_UNAVAILABLE', 'transient'));
    server.fail(200);
    await assert.rejects(stage.run(new Float32Array(8), [2, 2, 2]), isCode('MODEL_REMOTE_REFUSED', 'permanent'));
  });

  test('the manifest of a remote model is checked by the rules of its runtime', () => {
    const text = manifestText({ edit: (yaml) => yaml.replace(STAGE, 'runtime:\n  kind: kserve-v2\n  url: triton:8000\n  file: x\n  stages: [{ id: detect, modelName: tiny }]\n') });

    const parsed = parseManifest(text);

    assert.deepEqual(parsed.ok ? [] : parsed.fault.map((f) => f.path), ['runtime.url', 'runtime.file']);
  });
});
