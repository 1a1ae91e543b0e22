import assert from 'node:assert/strict';
import { compareVersions, versionFor, whyNotState, type ModelState, type ModelVersion } from '../../../src/domain/model-state.ts';

suite('domain/model-state', () => {
  const version = (digest: string, state: ModelState, changes: Partial<ModelVersion> = {}): ModelVersion => ({ modelId: 'm', version: '1.0.0', digest, state, canaryShare: null, selfTestPassed: true, ...changes });

  test('the first version of a model is taken into use, the newest of several', () => {
    const chosen = versionFor([version('a', 'registered', { version: '1.9.0' }), version('b', 'registered', { version: '1.10.0' })], '1.2.3');

    assert.equal(chosen?.digest, 'b');
  });

  test('a new version beside an active one sees nothing', () => {
    assert.equal(versionFor([version('a', 'active'), version('b', 'registered', { version: '2.0.0' })], '1.2.3')?.digest, 'a');
  });

  test('after all versions were retired none is taken up by itself', () => {
    assert.equal(versionFor([version('a', 'retired'), version('b', 'validated', { version: '0.9.0' })], '1.2.3'), undefined);
  });

  test('a canary takes its share of studies, the same ones every time', () => {
    const versions = [version('a', 'active'), version('c', 'canary', { canaryShare: 0.2 })];
    const studies = Array.from({ length: 1000 }, (_, i) => `1.2.${i}`);

    const first = studies.map((uid) => versionFor(versions, uid)!.digest);

    const taken = first.filter((digest) => digest === 'c').length;
    assert.ok(taken > 150 && taken < 250, String(taken));
    assert.deepEqual(studies.map((uid) => versionFor([...versions].reverse(), uid)!.digest), first);
  });

  test('a quarantined version must be registered again before it can be active', () => {
    assert.match(whyNotState('quarantined', 'active')!, /registered again/);
    assert.equal(whyNotState('quarantined', 'registered'), undefined);
    assert.equal(whyNotState('canary', 'active'), undefined);
  });

  test('versions are ordered by number, a pre-release before its release', () => {
    assert.deepEqual(['1.10.0', '1.9.2', '2.0.0-rc.1', '2.0.0'].sort(compareVersions), ['1.9.2', '1.10.0', '2.0.0-rc.1', '2.0.0']);
  });
});
