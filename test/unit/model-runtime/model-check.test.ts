import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { modelCheck } from '../../../src/app/cli/model-check.ts';
import { putModel, temporaryFolder } from '../../support/model-fixture.ts';
import { tinyDetector } from '../../support/tiny-onnx.ts';

suite('isocenter model check', () => {
  const { folder, drop } = temporaryFolder();
  const said: string[] = [];
  const { log, error } = console;

  setup(() => {
    said.length = 0;
    console.log = (line: string) => void said.push(line);
    console.error = (line: string) => void said.push(line);
  });
  teardown(() => Object.assign(console, { log, error }));
  suiteTeardown(drop);

  const withoutSelfTest = (yaml: string) => yaml.replace(/\nselfTest: .*\n/, '\n');

  test('a model that can be used: exit code 0', async () => {
    assert.equal(await modelCheck(putModel(folder, { edit: withoutSelfTest })), 0);
    assert.match(said.join('\n'), /weights {3}loaded in \d+ ms with cpu/);
  });

  test('weights that were exchanged: exit code 1 with both digests, and 0 once the digests are written', async () => {
    const model = putModel(folder, { id: 'exchanged', edit: withoutSelfTest });
    writeFileSync(path.join(model, 'lung-nodules.onnx'), Buffer.concat([tinyDetector(), Buffer.from([0x12, 0])]));
    const before = readFileSync(path.join(model, 'model.yaml'), 'utf8');

    assert.equal(await modelCheck(model), 1);
    assert.match(said.join('\n'), /has SHA-256 [0-9a-f]{64}, model.yaml says/);
    assert.equal(await modelCheck(model, { writeDigests: true }), 0);

    const after = readFileSync(path.join(model, 'model.yaml'), 'utf8');
    assert.equal(after.replace(/"[0-9a-f]{64}"/, ''), before.replace(/"[0-9a-f]{64}"/, ''));
  });

  test('weights the runtime refuses, and a folder without a manifest: exit code 1 with the reason', async () => {
    assert.equal(await modelCheck(putModel(folder, { id: 'nonsense', weights: Buffer.from('no network') })), 1);
    assert.match(said.join('\n'), /MODEL_LOAD_FAILED/);
    assert.equal(await modelCheck(path.join(folder, 'nowhere')), 1);
    assert.match(said.join('\n'), /no readable model.yaml/);
  });
});
