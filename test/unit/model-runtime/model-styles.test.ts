import assert from 'node:assert/strict';
import { systemClock } from '../../../src/foundation/clock.ts';
import { analyseSeries } from '../../../src/model-runtime/analyse-series.ts';
import type { AnalysedSeries } from '../../../src/model-runtime/analysed-series.ts';
import type { SeriesInput } from '../../../src/model-runtime/series-input.ts';
import { WarmModels } from '../../../src/model-runtime/warm-models.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { inMemory, temporaryFolder, tinyChest } from '../../support/model-fixture.ts';
import { pictureSeries, putStyle, type TestPicture } from '../../support/model-styles.ts';
import { tinyClassifier, tinyImageLabels, tinyVolumeLabels } from '../../support/tiny-onnx.ts';

const unit = { scheme: 'UCUM', value: 'mL', meaning: 'milliliter' };
const volumeCode = { scheme: 'SCT', value: '118565006', meaning: 'Volume' };

suite('model-runtime: the inputs and outputs of the common frameworks', function () {
  this.timeout(30_000);
  const { folder, drop } = temporaryFolder();
  const models = new WarmModels(1, 20);
  suiteTeardown(async () => {
    await models.release();
    drop();
  });

  async function run(id: string, weights: Buffer, parts: Parameters<typeof putStyle>[3], series: SeriesInput): Promise<AnalysedSeries> {
    const warm = await models.get(putStyle(folder, id, weights, parts), null);
    return analyseSeries(warm.model, warm.network, series, { clock: systemClock, progress: () => {} });
  }

  test('nnU-Net style: CT normalisation, sliding windows with a Gaussian, argmax on the source grid', async () => {
    // After clip and (v + 400) / 300 a lung of −850 HU is −1.33 (clipped), tissue of 40 HU 1.47.
    const weights = tinyVolumeLabels({ weights: [[0], [-1]], bias: [0.2, 0] });
    const { analysis, timing } = await run('nnunet', weights, {
      labels: ['lung'],
      inputs: [{
        tensor: 'image', stage: 'net', source: 'volume', dtype: 'float32', axes: ['n', 'c', 'z', 'y', 'x'].map((one) => ({ id: one })), orientation: 'LPS', spacingMm: [3, 3, 3], resample: { image: 'linear' }, pad: { mode: 'edge' },
        transforms: [{ op: 'modality-lut' }, { op: 'clip', min: -800, max: 300 }, { op: 'affine', mean: -400, std: 300 }], window: { mode: 'sliding', size: [16, 32, 32], overlap: 0.5 },
      }],
      outputs: [{ tensor: 'logits', stage: 'net', kind: 'segmentation', activation: 'softmax', labels: ['background', 'lung'] }],
      postprocess: [{ op: 'largest-component', label: 'lung' }],
      measurements: [{ id: 'volume', of: 'lung', kind: 'volume', unit, code: volumeCode, round: 1 }],
    }, inMemory(tinyChest()));

    // The air around the body is one part of 6-connected air and larger than a lung: it is the largest component.
    assert.equal(analysis.outcome, 'findings');
    assert.ok(timing.windows > 10);
    assert.equal(analysis.segments[0]!.frames.length, 40);
  });

  test('MONAI style: RAS turns rows and columns, ScaleIntensity, and the mask comes back where it was', async () => {
    // After 0–1 scaling of −1024 … 300 the nodule (300 HU) alone is above 0.95.
    const weights = tinyVolumeLabels({ weights: [[0], [1]], bias: [0.95, 0] });
    const chest = tinyChest();
    const { analysis } = await run('monai', weights, {
      labels: ['nodule'],
      inputs: [{
        tensor: 'image', stage: 'net', source: 'volume', dtype: 'float32', axes: ['n', 'c', 'z', 'y', 'x'].map((one) => ({ id: one })), orientation: 'RAS', spacingMm: [3, 3, 3], resample: { image: 'linear' }, pad: { mode: 'edge' },
        transforms: [{ op: 'modality-lut' }, { op: 'min-max' }], window: { mode: 'sliding', size: [20, 32, 32], overlap: 0.25, blend: 'constant' },
      }],
      outputs: [{ tensor: 'logits', stage: 'net', kind: 'segmentation', activation: 'softmax', labels: ['background', 'nodule'] }],
      measurements: [{ id: 'volume', of: 'nodule', kind: 'volume', unit, code: volumeCode, round: 2 }],
    }, inMemory(chest));

    const [segment] = analysis.segments;
    const volume = analysis.findings[0]!.measurements[0]!.value!;
    assert.ok(Math.abs(volume - (4 / 3) * Math.PI * 0.75 ** 3) < 0.3, `${volume} mL, a ball of 15 mm has 1.77`);
    const middle = segment!.frames[segment!.frames.length >> 1]!;
    const at = middle.mask.indexOf(1);
    const [j, i] = [Math.floor(at / 80), at % 80];
    // The nodule lies at x 51, y 9 mm: column (51 / 3) + 39.5, row (9 / 3) + 31.5; its upper edge first.
    assert.ok(Math.abs(i - 56.5) <= 2.5 && Math.abs(j - 32.5) <= 2.5, `${j}, ${i}`);
  });

  const grey = (value: number, more: TestPicture['more'] = []): TestPicture => ({ rows: 8, columns: 8, pixels: new Uint8Array(64).fill(value), more });
  const imageInput = (axes: readonly string[], transforms: readonly object[], size: readonly [number, number] = [8, 8]) => [{ tensor: 'image', stage: 'net', source: 'image', dtype: 'float32', axes: axes.map((one) => (one === 'n' ? { id: one, max: 4 } : { id: one })), transforms, resize: { mode: 'letterbox', size } }];

  test('Keras style: channels last, RGB, 0–1, softmax classes', async () => {
    const weights = tinyClassifier({ weights: [[0, 0, 0], [8, 0, 0], [0, 0, 8]], bias: [1, 0, 0] }, true);
    const red: TestPicture = { rows: 8, columns: 8, pixels: Uint8Array.from({ length: 192 }, (_, i) => (i % 3 === 0 ? 255 : 0)) };
    const { analysis, scores } = await run('keras', weights, {
      modality: 'OP', labels: ['dark', 'red', 'blue'], normal: ['dark'],
      inputs: imageInput(['n', 'y', 'x', 'c'], [{ op: 'to-rgb' }, { op: 'affine', mean: 0, std: 255 }]),
      outputs: [{ tensor: 'scores', stage: 'net', kind: 'classification', activation: 'softmax', id: 'colour', code: { scheme: '99TEST', value: 'COLOUR', meaning: 'Colour' }, labels: ['dark', 'red', 'blue'] }],
    }, pictureSeries('OP', [red]));

    assert.equal(scores.get('colour.argmax'), 1);
    assert.ok(Math.abs(scores.get('red.p')! - Math.exp(8) / (Math.exp(1) + Math.exp(8) + 1)) < 1e-4);
    assert.equal(analysis.findings[0]!.trackingId, 'red-1');
    assert.deepEqual(analysis.studyEvaluations[0]!.value, { scheme: '99TEST', value: 'RED', meaning: 'Meaning of RED' });
  });

  const chestFilm = {
    modality: 'DX', labels: ['opacity', 'dark'],
    inputs: imageInput(['n', 'c', 'y', 'x'], [{ op: 'invert-monochrome1' }, { op: 'affine', mean: 0, std: 255 }]),
    outputs: [
      { tensor: 'scores', stage: 'net', kind: 'multilabel', activation: 'sigmoid', labels: ['opacity', 'dark'] },
      { tensor: 'maps', stage: 'net', kind: 'heatmap', activation: 'sigmoid', labels: ['opacity', 'dark'] },
    ],
    postprocess: [{ op: 'threshold', label: 'opacity', value: 0.6 }, { op: 'heat-boxes', min: 0.9 }],
    explain: { method: 'output-map', tensor: 'maps' },
    urgency: [{ when: 'opacity.p >= 0.6', level: 'urgent', reason: 'seen' }],
  };
  const filmNetwork = tinyClassifier({ weights: [[20], [-20]], bias: [-10, 5] });

  test('multilabel with a heat map: probability, box in source pixels, map as model attention, urgency', async () => {
    // 16 × 8 pixels: the right half is bright. Letterboxed to 8 × 8 the picture has 2 × 2 source pixels a pixel, 2 rows of padding above and below.
    const pixels = Uint8Array.from({ length: 128 }, (_, i) => (i % 16 >= 8 ? 255 : 0));
    const { analysis, scores } = await run('film', filmNetwork, { ...chestFilm, postprocess: [{ op: 'threshold', label: 'opacity', value: 0.005 }, { op: 'heat-boxes', min: 0.9 }], urgency: [{ when: 'opacity.p >= 0.005', level: 'urgent', reason: 'seen' }] }, pictureSeries('DX', [{ rows: 8, columns: 16, pixels }]));

    const opacity = analysis.findings.find((finding) => finding.trackingId === 'opacity-1')!;
    assert.deepEqual(opacity.shapes, [{ kind: 'box', imageIndex: 0, box: [8, 0, 16, 8] }]);
    const map = analysis.maps!.find((one) => one.label === 'opacity')!;
    assert.deepEqual([map.kind, map.trackingUid, map.frames[0]!.rows, map.frames[0]!.columns], ['output-map', opacity.trackingUid, 8, 16]);
    assert.ok(map.frames[0]!.values[4 * 16 + 15]! > 0.99 && map.frames[0]!.values[4 * 16]! < 0.01);
    assert.ok(scores.get('opacity.peak')! > 0.99);
    assert.equal(analysis.urgency.level, 'urgent');
  });

  test('MONOCHROME1 is turned round, MONOCHROME2 is not  [PS3.3 §C.7.6.3.1.2]', async () => {
    const half = (photometric: string, left: number, right: number) => ({ rows: 8, columns: 8, pixels: Uint8Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? left : right)), more: [element(tags.PhotometricInterpretation, 'CS', photometric)] });
    const one = await run('film-1', filmNetwork, chestFilm, pictureSeries('DX', [half('MONOCHROME1', 0, 255)]));
    const two = await run('film-1', filmNetwork, chestFilm, pictureSeries('DX', [half('MONOCHROME2', 255, 0)]));

    const brightAt = ({ analysis }: AnalysedSeries) => analysis.maps!.find((map) => map.label === 'opacity')!.frames[0]!.values.slice(0, 8).map((v) => Math.round(v));
    assert.deepEqual(brightAt(one), brightAt(two));
  });

  test('a refused picture is named and the others are analysed; when all are refused the answer is "not analysable"', async () => {
    const strict = { ...chestFilm, quality: [{ check: 'view', allow: ['PA', 'AP'], action: 'reject' }, { check: 'laterality', action: 'warn' }] };
    const view = (text: string) => [element(tags.ViewPosition, 'CS', text)];

    const mixed = await run('strict', filmNetwork, strict, pictureSeries('DX', [grey(255, view('LL')), grey(255, view('PA'))]));
    const none = await run('strict', filmNetwork, strict, pictureSeries('DX', [grey(255, view('LL'))]));

    assert.deepEqual(mixed.analysis.findings.map((finding) => finding.imageIndices), [[1]]);
    assert.ok(mixed.analysis.quality.some((check) => check.check === 'view' && check.verdict === 'warn' && check.reason.startsWith('not analysed: image 1')));
    assert.equal(none.analysis.outcome, 'not-analysable');
    assert.match(none.analysis.summary, /view LL/);
  });

  test('ordinal: grade, expected grade and entropy; laterality as stated, never guessed', async () => {
    const weights = tinyClassifier({ weights: [[0], [4], [0]], bias: [0, 0, 0] });
    const parts = {
      modality: 'OP', labels: ['none', 'mild', 'severe'], normal: ['none'], inputs: imageInput(['n', 'c', 'y', 'x'], [{ op: 'affine', mean: 0, std: 255 }]),
      outputs: [{ tensor: 'scores', stage: 'net', kind: 'ordinal', activation: 'softmax', id: 'grade', code: { scheme: '99TEST', value: 'GRADE', meaning: 'Grade' }, labels: ['none', 'mild', 'severe'] }],
    };
    const { analysis, scores } = await run('grade', weights, parts, pictureSeries('OP', [grey(255, [element(tags.ImageLaterality, 'CS', 'L')])]));
    const unstated = await run('grade', weights, parts, pictureSeries('OP', [grey(255)]));

    const p = [1, Math.exp(4), 1].map((e) => e / (2 + Math.exp(4)));
    assert.ok(Math.abs(scores.get('grade.expected')! - (p[1]! + 2 * p[2]!)) < 1e-4);
    assert.ok(Math.abs(scores.get('grade.entropy')! + p.reduce((sum, q) => sum + q * Math.log(q), 0)) < 1e-4);
    assert.equal(analysis.findings[0]!.sites[0]!.laterality?.meaning, 'Left');
    assert.equal(unstated.analysis.findings[0]!.sites[0]!.laterality, null);
  });

  test('occlusion finds the part that the score comes from, on the source picture', async () => {
    const pixels = Uint8Array.from({ length: 256 }, (_, i) => (i % 16 >= 12 && i >= 192 ? 255 : 0));
    const { analysis } = await run('occluded', tinyClassifier({ weights: [[40]], bias: [-2] }), {
      modality: 'DX', labels: ['bright'], inputs: imageInput(['n', 'c', 'y', 'x'], [{ op: 'affine', mean: 0, std: 255 }], [16, 16]),
      outputs: [{ tensor: 'scores', stage: 'net', kind: 'multilabel', activation: 'sigmoid', labels: ['bright'] }],
      explain: { method: 'occlusion', patch: [4, 4], stride: [4, 4] },
    }, pictureSeries('DX', [{ rows: 16, columns: 16, pixels }]));

    const [map] = analysis.maps!;
    const values = map!.frames[0]!.values;
    assert.equal(map!.kind, 'occlusion');
    assert.equal(values.indexOf(1), 12 * 16 + 12);
    assert.ok(values[0]! < 0.1);
  });

  test('cine: slices by place, phases by time, EDV, ESV, EF, mass and masks at both phases', async () => {
    // 3 slices × 4 phases of 16 × 16 pixels of 2 mm, 10 mm apart: a cavity of 255 with 8×8, 6×6, 4×4, 6×6 pixels, a wall of 128 one pixel around it.
    const edges = [8, 6, 4, 6];
    const picture = (slice: number, phase: number): TestPicture => {
      const edge = edges[phase]!;
      const inside = (i: number, j: number, e: number) => i >= 8 - e / 2 && i < 8 + e / 2 && j >= 8 - e / 2 && j < 8 + e / 2;
      const pixels = Uint8Array.from({ length: 256 }, (_, q) => (inside(q % 16, q >> 4, edge) ? 255 : inside(q % 16, q >> 4, edge + 2) ? 128 : 0));
      return { rows: 16, columns: 16, pixels, more: [
        element(tags.ImagePositionPatient, 'DS', 0, 0, slice * 10), element(tags.ImageOrientationPatient, 'DS', 1, 0, 0, 0, 1, 0), element(tags.PixelSpacing, 'DS', 2, 2),
        element(tags.SliceThickness, 'DS', 6), element(tags.TriggerTime, 'DS', phase * 100),
      ] };
    };
    const shuffled = [2, 0, 1].flatMap((slice) => [3, 1, 0, 2].map((phase) => picture(slice, phase)));
    const mL = (id: string, of: string, kind: string) => ({ id, of, kind, unit, code: volumeCode, round: 2 });
    const { analysis, scores } = await run('heart', tinyImageLabels({ weights: [[0], [10], [30]], bias: [0, -2, -17] }), {
      modality: 'MR', labels: ['wall', 'cavity'],
      inputs: [{ tensor: 'image', stage: 'net', source: 'cine', dtype: 'float32', axes: [{ id: 'n', max: 5 }, { id: 'c' }, { id: 'y' }, { id: 'x' }], spacingMm: [2, 2], transforms: [{ op: 'affine', mean: 0, std: 255 }], resize: { mode: 'crop-center', size: [20, 12] } }],
      outputs: [{ tensor: 'logits', stage: 'net', kind: 'segmentation', activation: 'softmax', labels: ['background', 'wall', 'cavity'] }],
      postprocess: [{ op: 'largest-component', label: 'cavity' }],
      quality: [{ check: 'uniform-spacing', max: 0.5, action: 'reject' }],
      measurements: [mL('edv', 'cavity', 'edv'), mL('esv', 'cavity', 'esv'), { ...mL('ef', 'cavity', 'ejection-fraction'), unit: { scheme: 'UCUM', value: '%', meaning: 'percent' } }, { ...mL('mass', 'wall', 'mass'), edOf: 'cavity', densityGPerMl: 1.05 }, mL('volume', 'cavity', 'volume')],
      urgency: [{ when: 'ef < 80', level: 'priority', reason: 'low' }],
    }, pictureSeries('MR', shuffled));

    // 64 pixels × 4 mm² × 30 mm = 7.68 mL; 16 pixels: 1.92 mL; wall (100 − 64) pixels: 4.32 mL × 1.05. The slice distance counts, not the thickness.
    assert.deepEqual([scores.get('edv'), scores.get('esv'), scores.get('ef'), scores.get('mass')], [7.68, 1.92, 75, 4.54]);
    assert.deepEqual(analysis.segments.map((segment) => segment.label), ['wall-ed', 'cavity-ed', 'wall-es', 'cavity-es']);
    assert.deepEqual(analysis.segments[1]!.frames.map((frame) => frame.imageIndex), [0, 4, 8]);
    assert.equal(analysis.segments[3]!.frames[0]!.mask.reduce((a, b) => a + b, 0), 16);
    assert.equal(analysis.urgency.level, 'priority');
  });
});
