import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, deflateSync } from 'node:zlib';
import express from 'express';
import { PredictComponent } from '../../src/app/predict-component.ts';
import type { RoleContext } from '../../src/app/role-context.ts';
import { createPredictRouter } from '../../src/edges/operator/predict-router.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { Database } from '../../src/store/database.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { putModel, temporaryFolder, tinyChest } from '../support/model-fixture.ts';
import { putStyle } from '../support/model-styles.ts';
import { tinyClassifier } from '../support/tiny-onnx.ts';

/** An RGB PNG of 8 bits in which every row uses another filter. */
function png(rows: number, columns: number, colour: readonly [number, number, number]): Buffer {
  const lines = Array.from({ length: rows }, (_, row) => {
    const line = Buffer.from(Array.from({ length: columns }, () => colour).flat());
    // Sub (1): the first pixel as it is, the others as differences, which are 0.
    return Buffer.concat([Buffer.of(row % 2), row % 2 === 0 ? line : Buffer.concat([line.subarray(0, 3), Buffer.alloc(line.length - 3)])]);
  });
  const chunk = (type: string, body: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(crc32(typed), 4);
    return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(lines))), chunk('IEND', Buffer.alloc(0))]);
}

suite('POST /api/predict/{model}', function () {
  this.timeout(60_000);
  let server: TestDatabase;
  let database: Database;
  let models: { folder: string; drop: () => void };
  let component: PredictComponent;
  let http: Server;
  let base = '';

  suiteSetup(async () => {
    server = await testDatabase();
    database = new Database({ url: server.url, applicationName: 'test' });
    models = temporaryFolder();
    putModel(models.folder, { edit: (yaml) => yaml.replace(/^selfTest: .*$/m, 'selfTest: []') });
    putStyle(models.folder, 'colours', tinyClassifier({ weights: [[0, 0, 0], [8, 0, 0]], bias: [1, 0] }), {
      modality: 'OP', labels: ['dark', 'red'], normal: ['dark'],
      inputs: [{ tensor: 'image', stage: 'net', source: 'image', dtype: 'float32', axes: ['n', 'c', 'y', 'x'].map((id) => ({ id })), transforms: [{ op: 'to-rgb' }, { op: 'affine', mean: 0, std: 255 }], resize: { mode: 'stretch', size: [8, 8] } }],
      outputs: [{ tensor: 'scores', stage: 'net', kind: 'classification', activation: 'softmax', id: 'colour', code: { scheme: '99TEST', value: 'C', meaning: 'Colour' }, labels: ['dark', 'red'] }],
    });
    const context = { config: { models: { dir: models.folder, slots: 1 } }, database, clock: systemClock, log: silentLog };
    component = new PredictComponent(context as unknown as RoleContext);
    const app = express();
    app.use('/api/predict', createPredictRouter({ predict: (request, signal) => component.predict(request, signal), maxBytes: 4 * 2 ** 20 }));
    http = createServer(app);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(http.address() as AddressInfo).port}/api/predict`;
  });
  suiteTeardown(async () => {
    http.closeAllConnections();
    http.close();
    await component.stop();
    await database.close();
    await server.close();
    models.drop();
  });

  const post = async (path: string, body: Buffer | FormData, type?: string) => {
    const response = await fetch(`${base}/${path}`, { method: 'POST', body, ...(type === undefined ? {} : { headers: { 'content-type': type } }) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test('a PNG gives prediction, confidence, scores and findings; the side only as told', async () => {
    const { status, body } = await post('colours?laterality=L', png(20, 30, [255, 0, 0]), 'image/png');

    assert.equal(status, 200);
    assert.equal(body['prediction'], 'red');
    assert.ok(Math.abs((body['confidence'] as number) - Math.exp(8) / (Math.exp(8) + Math.E)) < 1e-4);
    assert.equal((body['scores'] as Record<string, number>)['colour.argmax'], 1);
    assert.deepEqual((body['findings'] as { id: string; laterality: string | null }[]).map(({ id, laterality }) => [id, laterality]), [['red-1', 'Left']]);
  });

  test('the DICOM files of a series as form-data give the findings of a volume', async () => {
    const form = new FormData();
    for (const { name, bytes } of tinyChest().files) form.append('file', new Blob([new Uint8Array(bytes)]), name);

    const { status, body } = await post('tiny-lung', form);

    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body['prediction'], 'nodule');
    assert.ok((body['findings'] as { site: string; measurements: unknown[] }[]).every((finding) => finding.site === 'Lung' && finding.measurements.length > 0));
  });

  test('what cannot be read, a model that is not there and too long a body are told apart', async () => {
    assert.deepEqual(await post('colours', Buffer.from('no picture'), 'image/png').then(({ status, body }) => [status, body['error']]), [422, 'UNREADABLE_INPUT']);
    assert.deepEqual(await post('nobody', png(2, 2, [0, 0, 0]), 'image/png').then(({ status, body }) => [status, body['error']]), [404, 'MODEL_UNKNOWN']);
    assert.deepEqual(await post('colours', Buffer.alloc(5 * 2 ** 20), 'image/png').then(({ status, body }) => [status, body['error']]), [413, 'TOO_LARGE']);
    assert.deepEqual(await post('colours?laterality=left', png(2, 2, [0, 0, 0]), 'image/png').then(({ status }) => status), 400);
  });

  test('a series the model may not read is answered "not analysable" with the reason, not refused', async () => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(tinyChest().files[0]!.bytes)]), '1.dcm');

    const { status, body } = await post('colours', form);

    assert.equal(status, 200);
    assert.deepEqual([body['outcome'], body['prediction']], ['not-analysable', null]);
    assert.match(body['summary'] as string, /modality CT/);
  });
});
