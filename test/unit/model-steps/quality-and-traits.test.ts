import assert from 'node:assert/strict';
import { bootstrapInterval, cpm, froc, type FrocScan } from '../../../src/model-steps/froc.ts';
import type { LungMask } from '../../../src/model-steps/lung-mask.ts';
import { checkIntensity, checkLung, noiseInTissue } from '../../../src/model-steps/quality-checks.ts';
import { ageOf, seriesTraits } from '../../../src/model-steps/series-traits.ts';
import type { Volume } from '../../../src/model-steps/volume.ts';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';

/** Normal deviates from a fixed stream. */
function normal(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function noisy(sd: number, mean = 50): Volume {
  const random = normal(7);
  const data = Float32Array.from({ length: 20 * 64 * 64 }, () => mean + sd * random());
  // A quarter is room air, as in a scan.
  for (let q = 0; q < data.length; q++) if (Math.floor(q / 64) % 64 < 16) data[q] = -1000 + sd * random();
  return { data, dims: [20, 64, 64], spacing: [1, 1, 1] };
}

suite('model-steps/quality-checks', () => {
  test('noise in soft tissue is measured as its standard deviation', () => {
    for (const sd of [5, 15, 30]) {
      const measured = noiseInTissue(noisy(sd));
      assert.ok(measured !== null && Math.abs(measured - sd) < 0.08 * sd, `${measured} for ${sd}`);
    }
  });

  test('noise without soft tissue is not measured', () => {
    assert.equal(noiseInTissue(noisy(5, -900)), null);
  });

  test('CT values in Hounsfield units are plausible, the same without their intercept are not', () => {
    const setting = { check: 'hu-plausible', airMax: -800, tissueMin: -150, tissueMax: 250, action: 'reject' } as const;
    const volume = noisy(10);

    assert.equal(checkIntensity(setting, volume).verdict, 'pass');
    assert.equal(checkIntensity(setting, { ...volume, data: volume.data.map((v) => v + 1024) }).verdict, 'reject');
  });

  test('a check that fails gives its action as verdict, and the measured value with the limit', () => {
    const lung = { volumeMl: 500, cutAtFirstSlice: true, cutAtLastSlice: true } as LungMask;

    assert.deepEqual(checkLung({ check: 'organ-present', minMl: 800, maxMl: 9000, action: 'warn' }, lung, ''), { check: 'organ-present', verdict: 'warn', reason: 'lung volume 500 ml; expected 800–9000 ml' });
    assert.equal(checkLung({ check: 'organ-complete', action: 'warn' }, lung, '').reason, 'the lungs are cut off at the top and bottom of the volume');
    assert.equal(checkLung({ check: 'body-part-match', action: 'reject' }, { ...lung, volumeMl: 0 }, 'CHEST').verdict, 'reject');
  });
});

suite('model-steps/series-traits', () => {
  const image = (z: number) =>
    DataSet.of([
      element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
      element(tags.SOPInstanceUID, 'UI', `1.${z + 10}`),
      element(tags.SeriesInstanceUID, 'UI', '1.5'),
      element(tags.Modality, 'CS', 'CT'),
      element(tags.ImageType, 'CS', 'ORIGINAL', 'PRIMARY'),
      element(tags.SliceThickness, 'DS', 2),
      element(tags.PatientAge, 'AS', '085Y'),
      element(tags.ConvolutionKernel, 'SH', 'B31f'),
      element(tags.LossyImageCompression, 'CS', '00'),
      element(tags.ImagePositionPatient, 'DS', 0, 0, z),
      element(tags.ImageOrientationPatient, 'DS', 1, 0, 0, 0, 1, 0),
      element(tags.PixelSpacing, 'DS', 0.7, 0.8),
      element(tags.Rows, 'US', 4),
      element(tags.Columns, 'US', 4),
      element(tags.BitsAllocated, 'US', 16),
    ]);

  test('spacing and coverage come from positions, not from Slice Thickness', () => {
    const traits = seriesTraits([image(3), image(0), image(1), image(2)]);

    assert.equal(traits.sliceThicknessMm, 2);
    assert.equal(traits.sliceSpacingMm, 1);
    assert.equal(traits.coverageMm, 4);
    assert.equal(traits.pixelSpacingMm, 0.8);
    assert.deepEqual(traits.orientation, { plane: 'axial', obliqueDeg: 0 });
    assert.equal(traits.slices, 4);
    assert.equal(traits.patientAgeYears, 85);
    assert.equal(traits.lossy, false);
    assert.equal(traits.bodyPart, '');
  });

  test('an image without position has traits too', () => {
    const traits = seriesTraits([image(0).without(tags.ImagePositionPatient, tags.Rows)]);

    assert.equal(traits.orientation, null);
    assert.equal(traits.coverageMm, null);
    assert.equal(traits.slices, 1);
  });

  test('Age String in days, weeks, months and years  [PS3.5 §6.2]', () => {
    assert.deepEqual(['018Y', '006M', '052W', '365D', '18Y', ''].map((text) => { const age = ageOf(text); return age === null ? null : Math.round(age * 10) / 10; }), [18, 0.5, 1, 1, null, null]);
  });
});

suite('model-steps/froc', () => {
  const scans: FrocScan[] = [
    { lesions: [0.9, 0.4], falsePositives: [0.8, 0.3] },
    { lesions: [0.7, -1], falsePositives: [0.6, 0.2] },
  ];

  test('sensitivity at a rate counts the hits above the score that would be one false positive too many', () => {
    const [half, one, two] = froc(scans, [0.5, 1, 2]);

    // One false positive in two scans: 0.8 may stay, the next is 0.6.
    assert.deepEqual([half!.threshold, half!.sensitivity], [0.6, 0.5]);
    assert.deepEqual([one!.threshold, one!.sensitivity], [0.3, 0.75]);
    assert.deepEqual([two!.threshold, two!.sensitivity], [0, 0.75]);
  });

  test('the competition metric is the mean over seven rates', () => {
    assert.ok(Math.abs(cpm(scans) - (0.25 + 0.25 + 0.5 + 0.75 * 4) / 7) < 1e-12);
  });

  test('the bootstrap interval is the same every time and holds the figure', () => {
    const many = Array.from({ length: 20 }, (_, i): FrocScan => ({ lesions: [i % 4 === 0 ? 0.1 : 0.9], falsePositives: [0.5] }));
    const sensitivity = (some: readonly FrocScan[]) => froc(some, [0.5])[0]!.sensitivity;

    const [low, high] = bootstrapInterval(many, sensitivity);

    assert.deepEqual([low, high], [...bootstrapInterval(many, sensitivity)]);
    assert.ok(low < 0.75 && high > 0.75 && low > 0.4 && high <= 1);
  });
});
