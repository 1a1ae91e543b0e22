import assert from 'node:assert/strict';
import { askRule, type SeriesFacts } from '../../../src/domain/rule.ts';
import { matchesByWord } from '../../../src/domain/text-match.ts';

const thorax: SeriesFacts = {
  seriesInstanceUid: '1.2.3',
  modality: 'CT',
  bodyPart: 'TH CT CHEST WO C',
  seriesDescription: 'Thorax 2.0 B31f',
  studyDescription: '',
  protocolName: '',
  callingAes: ['CT1'],
  attribute: (keyword) => (keyword === 'Manufacturer' ? 'SIEMENS' : ''),
};

suite('rules', () => {
  test('text matches by word, whatever the case: TH CT CHEST WO C is a CHEST', () => {
    assert.equal(matchesByWord('TH CT CHEST WO C', 'chest'), true);
    assert.equal(matchesByWord('CHESTNUT', 'chest'), false);
    assert.equal(matchesByWord('Low dose CT, chest', 'low dose'), true);
    assert.equal(matchesByWord('胸部 CT', '胸部'), true);
    assert.equal(matchesByWord('anything', ''), false);
  });

  test('a rule holds for a series when every key of its condition does', () => {
    assert.deepEqual(askRule({ modality: ['CT'], bodyPart: ['CHEST', 'LUNG'], attributes: { Manufacturer: ['Siemens'] } }, thorax), { seriesInstanceUid: '1.2.3', holds: true, reasons: [] });
  });

  test('what did not hold is said in words', () => {
    const verdict = askRule({ modality: ['MR'], callingAe: ['MR1'] }, thorax);

    assert.equal(verdict.holds, false);
    assert.deepEqual(verdict.reasons, ['Modality "CT" is none of MR', 'calling AE "CT1" is none of MR1']);
  });

  test('an empty Body Part Examined lets the descriptions speak', () => {
    assert.equal(askRule({ bodyPart: ['THORAX'] }, { ...thorax, bodyPart: '' }).holds, true);
    assert.equal(askRule({ bodyPart: ['THORAX'] }, { ...thorax, bodyPart: 'HEAD' }).holds, false);
  });
});
