import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chooseRendition, forms, spareForms, type CapabilityProfile, type Form } from '../../../src/domain/ladder.ts';

const everything: ReadonlySet<Form> = new Set(forms);
const negative: ReadonlySet<Form> = new Set<Form>(['sr3d', 'sr', 'sc', 'pdf']);

function configured(...accepted: readonly Form[]): CapabilityProfile {
  return { source: 'configured', accepted: new Set(accepted), refused: new Set(), also: new Set() };
}

function learned(accepted: readonly Form[], refused: readonly Form[]): CapabilityProfile {
  return { source: 'auto', accepted: new Set(accepted), refused: new Set(refused), also: new Set() };
}

const chosen = (profile: CapabilityProfile, available = everything): readonly unknown[] => {
  const { rung, forms: sent } = chooseRendition(profile, available);
  return [rung, ...sent];
};

suite('the ladder: SR and SEG → presentation state → Secondary Capture → PDF', () => {
  test('a destination of which nothing is known gets SEG and Comprehensive 3D SR, in this order', () => {
    assert.deepEqual(chosen(learned([], [])), ['report', 'seg', 'sr3d']);
  });

  test('one that refuses Comprehensive 3D SR gets Comprehensive SR, never anything below as report', () => {
    assert.deepEqual(chosen(learned([], ['sr3d'])), ['report', 'seg', 'sr']);
  });

  test('an SR without its SEG has the overlay beside it', () => {
    assert.deepEqual(chosen(learned([], ['seg'])), ['report', 'sr3d', 'gsps']);
    assert.deepEqual(chosen(configured('sr')), ['report', 'sr']);
  });

  test('without any SR: overlay and key objects, then picture, then document', () => {
    assert.deepEqual(chosen(configured('seg', 'gsps', 'ko', 'sc', 'pdf')), ['overlay', 'seg', 'gsps', 'ko']);
    assert.deepEqual(chosen(configured('sc', 'pdf')), ['picture', 'sc']);
    assert.deepEqual(chosen(learned([], ['sr3d', 'sr', 'seg', 'gsps', 'sc'])), ['document', 'pdf']);
  });

  test('a negative run has nothing to draw: the picture says it', () => {
    assert.deepEqual(chosen(configured('gsps', 'sc', 'pdf'), negative), ['picture', 'sc']);
    assert.match(chooseRendition(configured('gsps', 'sc'), negative).why, /nothing to draw/);
  });

  test('what takes nothing gets nothing, and the reason says so', () => {
    const { rung, forms: sent, why } = chooseRendition(learned([], forms), everything);

    assert.deepEqual([rung, ...sent], ['none']);
    assert.match(why, /no form of this result is taken: it refuses Comprehensive 3D SR/);
  });

  test('a picture that is always wanted goes beside the report', () => {
    assert.deepEqual(chosen({ ...configured('sr3d', 'seg'), also: new Set<Form>(['sc', 'ko']) }), ['report', 'seg', 'sr3d', 'ko', 'sc']);
  });

  test('spares are kept only while the first choice may still be refused', () => {
    assert.deepEqual(spareForms(learned([], []), everything), ['sr', 'gsps', 'sc', 'pdf']);
    assert.deepEqual(spareForms(learned(['sr3d', 'seg'], []), everything), []);
    assert.deepEqual(spareForms(configured('sr3d'), everything), []);
  });

  test('whatever is known, nothing refused and nothing unavailable is sent, and each refusal leads down or ends', () => {
    fc.assert(
      fc.property(fc.subarray([...forms]), fc.subarray([...forms]), (available, refused) => {
        const profile = learned([], refused);
        const { forms: sent, rung } = chooseRendition(profile, new Set(available));
        assert.ok(sent.every((form) => available.includes(form) && !refused.includes(form)));
        assert.equal(rung === 'none', !['sr3d', 'sr', 'gsps', 'sc', 'pdf'].some((form) => available.includes(form as Form) && !refused.includes(form as Form)));
      }),
    );
  });
});
