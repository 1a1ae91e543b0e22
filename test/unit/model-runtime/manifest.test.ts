import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readCatalogue } from '../../../src/model-runtime/model-catalogue.ts';
import { loadModelFolder } from '../../../src/model-runtime/model-folder.ts';
import { parseManifest, type ManifestFault } from '../../../src/model-runtime/manifest.ts';
import { manifestText, putModel, temporaryFolder } from '../../support/model-fixture.ts';

function faultsOf(edit: (yaml: string) => string): readonly ManifestFault[] {
  const parsed = parseManifest(manifestText({ edit }));
  return parsed.ok ? [] : parsed.fault;
}

/** Line of the first line that holds `text`, 1-based. */
function lineOf(yaml: string, text: string): number {
  return yaml.slice(0, yaml.indexOf(text)).split('\n').length;
}

suite('model-runtime/manifest', () => {
  test('the shipped lung manifest is right', () => {
    const parsed = parseManifest(readFileSync(path.resolve('models/ref-lung-nodule-ct/model.yaml'), 'utf8'));

    assert.deepEqual(parsed.ok ? [] : parsed.fault, []);
  });

  test('an unknown operation is refused with its line and the list of known ones', () => {
    const edit = (yaml: string) => yaml.replace('{ op: clip, min', '{ op: sharpen, min');

    const [fault] = faultsOf(edit);

    assert.equal(fault?.path, 'inputs[0].transforms[1].op');
    assert.match(fault.message, /known are modality-lut, clip/);
    assert.equal(fault.line, lineOf(manifestText({ edit }), 'op: sharpen'));
  });

  test('a digest that YAML reads as a number is told to be quoted', () => {
    const [fault] = faultsOf((yaml) => yaml.replace(/sha256: "[0-9a-f]{64}"/, `sha256: ${'1'.repeat(64)}`));

    assert.equal(fault?.path, 'runtime.stages[0].sha256');
    assert.match(fault.message, /quoted/);
  });

  test('an unknown runtime is one fault, not one for each form of runtime', () => {
    const faults = faultsOf((yaml) => yaml.replace('kind: onnx', 'kind: pickle'));

    assert.deepEqual(faults.map((f) => f.path), ['runtime.kind']);
    assert.match(faults[0]!.message, /known are onnx, kserve-v2/);
  });

  test('all faults are told at once, in the order of their lines', () => {
    const faults = faultsOf((yaml) => yaml.replace('version: 0.1.0', 'version: one').replace('license: Apache-2.0', 'licence: Apache-2.0').replace('min: 150', 'min: far'));

    assert.deepEqual(faults.map((f) => f.path).sort(), ['eligibility.coverageMm.min', 'licence', 'license', 'version']);
    assert.deepEqual(faults.map((f) => f.line), faults.map((f) => f.line).sort((a, b) => a - b));
    assert.equal(faults.find((f) => f.path === 'license')!.message, 'is missing');
  });

  test('clinical use needs a regulatory status that allows it', () => {
    assert.deepEqual(faultsOf((yaml) => yaml.replace('clinicalUse: false', 'clinicalUse: true')).map((f) => f.path), ['regulatory.clinicalUse']);
  });

  test('review that is always required forbids release before it', () => {
    assert.deepEqual(faultsOf((yaml) => yaml.replace('review: { required: when-positive', 'review: { required: always')).map((f) => f.path), ['review.releaseBeforeReview']);
  });

  test('names must exist: stage, label, channel', () => {
    const paths = (edit: (yaml: string) => string) => faultsOf(edit).map((f) => f.path);

    assert.deepEqual(paths((yaml) => yaml.replace('id: detect, file', 'id: find, file')), ['inputs[0].stage', 'outputs[0].stage']);
    assert.deepEqual(paths((yaml) => yaml.replace('    label: nodule\n', '    label: lump\n')), ['outputs[0].label']);
    assert.deepEqual(paths((yaml) => yaml.replace('channel: malignancy', 'channel: benignity')), ['measurements[5].channel']);
  });

  test('postprocessing steps stand in the order in which they run', () => {
    const [fault] = faultsOf((yaml) => yaml.replace('  - { op: keep-inside, organ: lung }\n', '').replace('  - { op: outline-nodule, label: nodule }\n', '  - { op: outline-nodule, label: nodule }\n  - { op: keep-inside, organ: lung }\n'));

    assert.equal(fault?.path, 'postprocess');
    assert.match(fault.message, /order/);
  });

  test('a condition that is none is told in a sentence', () => {
    const [fault] = faultsOf((yaml) => yaml.replace('when: nodule.count >= 1', 'when: nodule.count is large'));

    assert.equal(fault?.path, 'urgency[1].when');
    assert.match(fault.message, /"nodule.count is large" is not a comparison/);
  });

  test('broken YAML and other files are faults with a line, never a throw', () => {
    for (const text of ['', 'a: [1', '- 1', '\t', 'id: x\nid: y', '!!js/function x']) {
      const parsed = parseManifest(text);
      assert.equal(parsed.ok, false);
      assert.ok(!parsed.ok && parsed.fault.length > 0);
    }
  });
});

suite('model-runtime/model-folder', () => {
  const { folder: modelsDir, drop } = temporaryFolder();
  suiteTeardown(drop);

  test('the identity changes with the manifest and with the weights, and with nothing else', async () => {
    const digestOf = async (id: string, options = {}) => {
      const loaded = await loadModelFolder(putModel(modelsDir, { id, ...options }));
      assert.ok(loaded.ok);
      return loaded.value.identity;
    };
    const other = Buffer.concat([Buffer.from([8, 8]), Buffer.from('another')]);

    const first = await digestOf('same');
    const again = await digestOf('same');
    const edited = await digestOf('same', { edit: (yaml: string) => `${yaml}\n# a word\n` });
    const reweighted = await digestOf('same', { weights: other });

    assert.deepEqual(first, again);
    assert.equal(new Set([first.digest, edited.digest, reweighted.digest]).size, 3);
    assert.equal(new Set([first.deviceUid, edited.deviceUid, reweighted.deviceUid]).size, 3);
    assert.deepEqual(first.parameters, ['threshold.nodule=0.5', 'minimumMm.nodule=2.5']);
  });

  test('weights that are not what the manifest says are named with both digests', async () => {
    const folder = putModel(modelsDir, { id: 'swapped' });
    writeFileSync(path.join(folder, 'lung-nodules.onnx'), 'something else');

    const loaded = await loadModelFolder(folder);

    assert.ok(!loaded.ok);
    assert.match(loaded.fault[0]!, /^lung-nodules.onnx has SHA-256 [0-9a-f]{64}, model.yaml says [0-9a-f]{64}$/);
  });

  test('a file outside the folder is refused', async () => {
    const loaded = await loadModelFolder(putModel(modelsDir, { id: 'climber', edit: (yaml) => yaml.replace('file: lung-nodules.onnx', 'file: ../same/lung-nodules.onnx') }));

    assert.ok(!loaded.ok && /outside the folder/.test(loaded.fault[0]!));
  });

  test('a broken folder is quarantined with its reason and the others go on', async () => {
    const { folder, drop } = temporaryFolder();
    putModel(folder, { id: 'good' });
    putModel(folder, { id: 'bad', edit: (yaml) => yaml.replace('version: 0.1.0', 'version: x') });
    putModel(folder, { id: 'twin', edit: (yaml) => yaml.replace('id: twin', 'id: good') });

    const catalogue = await readCatalogue(folder);
    drop();

    assert.deepEqual(catalogue.models.map((model) => model.identity.id), ['good']);
    assert.deepEqual(catalogue.quarantined.map((one) => path.basename(one.folder)), ['bad', 'twin']);
    assert.match(catalogue.quarantined[0]!.reasons[0]!, /^model.yaml line \d+: version must be/);
    assert.match(catalogue.quarantined[1]!.reasons[0]!, /already in the folder good/);
    assert.deepEqual(await readCatalogue(path.join(folder, 'nowhere')), { models: [], quarantined: [] });
  });
});
