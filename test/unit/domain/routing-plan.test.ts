import assert from 'node:assert/strict';
import { planRouting, type SeriesChoice } from '../../../src/domain/routing-plan.ts';
import type { Rule, SeriesFacts } from '../../../src/domain/rule.ts';

const rule = (changes: Partial<Rule>): Rule => ({ name: 'r', when: {}, run: [], deliver: [], forward: [], late: 'supersede', priority: 0, ...changes });
const ct: SeriesFacts = {
  seriesInstanceUid: '1.1', modality: 'CT', bodyPart: 'CHEST', seriesDescription: '', studyDescription: '', protocolName: '', callingAes: [], attribute: () => '',
};
const localizer: SeriesFacts = { ...ct, seriesInstanceUid: '1.2', modality: 'OT' };
const choice = (chosen: string | null): SeriesChoice => ({ chosen, series: [{ seriesInstanceUid: '1.1', eligible: chosen !== null, reasons: chosen === null ? ['too few slices'] : [], warnings: ['covers 98 mm'] }] });

suite('routing plan', () => {
  test('a rule that holds for one series runs its model on the series the model chose', () => {
    const plan = planRouting([rule({ name: 'chest', when: { modality: ['CT'] }, run: ['lung'], deliver: ['pacs'], priority: 5 })], [localizer, ct], () => choice('1.1'));

    assert.deepEqual(plan.runs, [{ rule: 'chest', modelId: 'lung', seriesInstanceUid: '1.1', warnings: ['covers 98 mm'], deliver: ['pacs'], late: 'supersede', priority: 5 }]);
  });

  test('per model the first rule wins, and the second one says so', () => {
    const plan = planRouting([rule({ name: 'a', run: ['lung'] }), rule({ name: 'b', run: ['lung'] })], [ct], () => choice('1.1'));

    assert.deepEqual(plan.runs.map((run) => run.rule), ['a']);
    assert.deepEqual(plan.rules[1]?.models, [{ modelId: 'lung', runs: false, reason: 'rule a came first', series: [] }]);
  });

  test('a model without an eligible series, or that is not there, does not run and says why', () => {
    const plan = planRouting([rule({ run: ['lung', 'gone'] })], [ct], (id) => (id === 'lung' ? choice(null) : undefined));

    assert.deepEqual(plan.runs, []);
    assert.deepEqual(plan.rules[0]?.models.map((model) => model.reason), ['no series of the study is eligible', 'the model is not available (not installed, or quarantined)']);
  });

  test('originals are forwarded once to each destination of the rules that hold', () => {
    const plan = planRouting([rule({ forward: ['pacs'] }), rule({ forward: ['pacs', 'vna'] }), rule({ when: { modality: ['MR'] }, forward: ['mr'] })], [ct], () => undefined);

    assert.deepEqual(plan.forward, ['pacs', 'vna']);
  });
});
