import assert from 'node:assert/strict';
import { judgeSeries, selectSeries, type EligibilityRules, type SeriesTraits } from '../../../src/domain/eligibility.ts';

const chest: SeriesTraits = {
  seriesInstanceUid: '1.2',
  modality: 'CT',
  sopClassUids: ['1.2.840.10008.5.1.4.1.1.2'],
  bodyPart: 'TH CT CHEST WO C',
  seriesDescription: 'Thorax  2.0  B31f',
  studyDescription: '',
  protocolName: 'CHEST',
  imageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
  orientation: { plane: 'axial', obliqueDeg: 0 },
  sliceThicknessMm: 2,
  sliceSpacingMm: 1,
  pixelSpacingMm: 0.76,
  coverageMm: 98,
  slices: 98,
  patientAgeYears: 85,
  kernel: 'B31f',
  lossy: false,
  acquiredAt: '20200101101500',
};

const rules: EligibilityRules = {
  modality: ['CT'],
  sopClassUid: ['1.2.840.10008.5.1.4.1.1.2'],
  bodyPart: ['CHEST', 'THORAX'],
  notText: ['scout', 'mip'],
  imageTypeExclude: ['LOCALIZER', 'DERIVED\\MIP'],
  orientation: 'axial',
  sliceThicknessMm: { max: 2.5 },
  coverageMm: { min: 150 },
  slices: { min: 20 },
  patientAgeYears: { min: 18 },
  soft: ['coverageMm'],
};

const judge = (changes: Partial<SeriesTraits> = {}, change: Partial<EligibilityRules> = {}) => judgeSeries({ ...rules, ...change }, { ...chest, ...changes });

suite('domain/eligibility', () => {
  test('a body part is matched by word; a soft condition that fails warns', () => {
    const verdict = judge();

    assert.equal(verdict.eligible, true);
    assert.deepEqual(verdict.warnings, ['coverage 98 mm is outside 150–…']);
  });

  test('part of a word is no match', () => {
    assert.equal(judge({ bodyPart: 'CHESTNUT' }).eligible, false);
  });

  test('descriptions speak for the body part only when it is not stated', () => {
    assert.equal(judge({ bodyPart: '' }).eligible, true);
    assert.equal(judge({ bodyPart: 'HEAD' }).eligible, false);
  });

  test('every reason is told at once', () => {
    const verdict = judge({ modality: 'MR', seriesDescription: 'MIP thin', orientation: { plane: 'coronal', obliqueDeg: 3 }, slices: 5, lossy: true });

    assert.equal(verdict.reasons.length, 5);
    for (const part of ['modality MR', '"mip"', 'coronal', 'number of images 5', 'loss']) assert.ok(verdict.reasons.some((reason) => reason.includes(part)), part);
  });

  test('an image type of two values is excluded only when both are there', () => {
    assert.equal(judge({ imageType: ['DERIVED', 'PRIMARY'] }).eligible, true);
    assert.equal(judge({ imageType: ['DERIVED', 'SECONDARY', 'MIP'] }).eligible, false);
    assert.equal(judge({ imageType: ['ORIGINAL', 'LOCALIZER'] }).eligible, false);
  });

  test('a missing attribute warns, rejects or is accepted as the rules say', () => {
    const missing = { patientAgeYears: null };

    assert.deepEqual([judge(missing).eligible, judge(missing).warnings.length], [true, 2]);
    assert.equal(judge(missing, { onMissingTag: 'reject' }).eligible, false);
    assert.equal(judge(missing, { onMissingTag: 'accept' }).warnings.length, 1);
  });

  test('numbers have half a percent of slack', () => {
    assert.equal(judge({ sliceThicknessMm: 2.504 }).eligible, true);
    assert.equal(judge({ sliceThicknessMm: 2.6 }).eligible, false);
  });

  test('a kernel that is not preferred warns', () => {
    assert.ok(judge({}, { kernelPreferred: ['LUNG', 'B60f'] }).warnings.some((warning) => warning.includes('B31f')));
    assert.equal(judge({ kernel: 'LUNG' }, { kernelPreferred: ['LUNG'] }).warnings.length, 1);
  });

  test('the thinnest series is chosen; ties go to the preferred kernel, then to more images, then to the lower UID', () => {
    const series = (seriesInstanceUid: string, changes: Partial<SeriesTraits>) => ({ ...chest, seriesInstanceUid, ...changes });
    const choose = (change: Partial<EligibilityRules>, ...list: SeriesTraits[]) => selectSeries({ ...rules, ...change }, list);

    assert.equal(choose({}, series('1', { sliceThicknessMm: 2 }), series('2', { sliceThicknessMm: 1 })), '2');
    assert.equal(choose({ kernelPreferred: ['LUNG'] }, series('1', {}), series('2', { kernel: 'LUNG' })), '2');
    assert.equal(choose({}, series('1', {}), series('2', { slices: 99 })), '2');
    assert.equal(choose({}, series('2', {}), series('1', {})), '1');
    assert.equal(choose({ selection: 'newest' }, series('1', { sliceThicknessMm: 0.5 }), series('2', { acquiredAt: '20200102' })), '2');
    assert.equal(choose({ selection: 'most-slices' }, series('1', { sliceThicknessMm: 0.5 }), series('2', { slices: 300 })), '2');
    assert.equal(choose({}), null);
  });
});
