import assert from 'node:assert/strict';
import type { Analysis } from '../../../src/domain/findings.ts';
import { systemClock } from '../../../src/foundation/clock.ts';
import { analyseSeries } from '../../../src/model-runtime/analyse-series.ts';
import { WarmModels } from '../../../src/model-runtime/warm-models.ts';
import type { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { inMemory, putModel, temporaryFolder, tinyChest, type TinyChest } from '../../support/model-fixture.ts';

suite('model-runtime/analyse-series', () => {
  const { folder: modelsDir, drop } = temporaryFolder();
  const models = new WarmModels(1);
  const chest = tinyChest();

  suiteTeardown(async () => {
    await models.release();
    drop();
  });

  async function analyse(subject: TinyChest, edit?: (yaml: string) => string, reverse = false): Promise<Analysis> {
    const { model, network } = await models.get(putModel(modelsDir, edit === undefined ? {} : { edit }), null);
    const series = inMemory(subject);
    const input = reverse ? { ...series, instances: [...series.instances].reverse() } : series;
    return (await analyseSeries(model, network, input, { clock: systemClock, progress: () => {} })).analysis;
  }

  const changed = (change: (slice: DataSet, index: number) => DataSet) => analyse(tinyChest(change));

  test('the nodule is found, outlined and measured in the patient’s coordinates', async () => {
    const analysis = await analyse(chest);
    const finding = analysis.findings.find((one) => one.shapes.some((shape) => shape.kind === 'centre' && near(shape.points[0], chest.nodule) < 6));

    assert.equal(analysis.outcome, 'findings');
    assert.ok(finding !== undefined, 'no finding at the nodule');
    assert.equal(finding.sites[0]?.laterality?.value, '7771000'); // x grows to the left
    const value = (id: string) => finding.measurements.find((m) => m.id === id)?.value ?? NaN;
    // The ball of 15 mm on a grid of 3 mm: 1767 mm³ within the error of its voxels.
    assert.ok(Math.abs(value('longAxis') - 15) <= 3, `long axis ${value('longAxis')}`);
    assert.ok(Math.abs(value('volume') - 1767) < 450, `volume ${value('volume')}`);
    assert.ok(Math.abs(value('meanHu') - 300) < 60, `mean ${value('meanHu')} HU`);
    assert.equal(value('malignancyHint'), 0.25);
    assert.ok(finding.probability! > 0.5 && finding.probability! <= 1);
  });

  test('images, masks and shapes point at the same slices of the source, sorted from the feet', async () => {
    const analysis = await analyse(chest);
    const { images } = analysis.source;

    assert.deepEqual(images.map((image) => image.sopInstanceUid), chest.files.map((file) => file.sopInstanceUid).reverse());
    for (const finding of analysis.findings) {
      const segment = analysis.segments.find((one) => one.number === finding.segmentNumber);
      assert.ok(segment !== undefined);
      assert.equal(segment.trackingUid, finding.trackingUid);
      assert.deepEqual(segment.frames.map((frame) => frame.imageIndex), [...finding.imageIndices].sort((a, b) => a - b));
      for (const frame of segment.frames) assert.equal(frame.mask.length, segment.rows * segment.columns);
      for (const shape of finding.shapes) {
        const slice = 'points' in shape ? (shape.points[0][2] + 57) / 3 : NaN;
        if (shape.kind === 'long-axis') assert.ok(Math.abs(slice - shape.imageIndex) < 1e-6);
      }
    }
    assert.deepEqual(analysis.segments.map((one) => one.number), analysis.segments.map((_, i) => i + 1));
  });

  test('the same input gives the same analysis, whatever the order of its instances', async () => {
    assert.deepEqual(await analyse(chest), await analyse(chest, undefined, true));
  });

  test('tracking UIDs change with the model and with the input', async () => {
    const [first, otherModel] = [await analyse(chest), await analyse(chest, (yaml) => `${yaml}# changed\n`)];
    const otherInput = await changed((slice) => slice.with(element(tags.SeriesDescription, 'LO', 'Thorax')));

    const uids = [first, otherModel, otherInput].map((analysis) => analysis.findings[0]!.trackingUid);
    assert.equal(new Set(uids).size, 3);
  });

  test('nothing above the threshold says so for the target, with the highest probability', async () => {
    const analysis = await analyse(chest, (yaml) => yaml.replace('label: nodule, value: 0.5', 'label: nodule, value: 0.99'));

    assert.equal(analysis.outcome, 'no-findings');
    assert.deepEqual(analysis.segments, []);
    assert.equal(analysis.targets[0]!.present, false);
    assert.ok(analysis.targets[0]!.probability! > 0.5);
  });

  test('urgency follows the first rule that holds', async () => {
    const analysis = await analyse(chest);

    assert.deepEqual(analysis.urgency, { level: 'priority', reason: 'nodule found' });
  });

  const refusals: readonly { readonly name: string; readonly change: (slice: DataSet, index: number) => DataSet; readonly check: string; readonly reason: RegExp }[] = [
    { name: 'a missing slice', change: (slice, i) => (i > 20 ? slice.with(element(tags.ImagePositionPatient, 'DS', -118.5, -94.5, (19 - i) * 3)) : slice), check: 'missing-slices', reason: /1 slice/ },
    { name: 'uneven spacing', change: (slice, i) => (i === 20 ? slice.with(element(tags.ImagePositionPatient, 'DS', -118.5, -94.5, 0.9)) : slice), check: 'uniform-spacing', reason: /0.9 mm/ },
    { name: 'a tilted gantry', change: (slice, i) => slice.with(element(tags.ImagePositionPatient, 'DS', -118.5, -94.5 + i * 0.5, (20 - i) * 3)), check: 'tilt', reason: /9.46°/ },
    { name: 'no rescale', change: (slice) => slice.without(tags.RescaleSlope), check: 'geometry', reason: /40 of 40 images/ },
    { name: 'a slice of another size', change: (slice, i) => (i === 3 ? slice.with(element(tags.Rows, 'US', 32)) : slice), check: 'geometry', reason: /64 × 80 and 32 × 80/ },
    { name: 'values that are no HU', change: (slice) => slice.with(element(tags.RescaleIntercept, 'DS', 0)), check: 'hu-plausible', reason: /air at/ },
    { name: 'another modality', change: (slice) => slice.with(element(tags.Modality, 'CS', 'PT')), check: 'eligibility', reason: /modality PT/ },
    { name: 'pixel data that end early', change: (slice, i) => (i === 7 ? slice.with(element(tags.PixelData, 'OW', new Uint8Array(100))) : slice), check: 'readable', reason: /BAD_LENGTH/ },
  ];
  for (const { name, change, check, reason } of refusals) {
    test(`${name} gives the analysis "not analysable" with the reason`, async () => {
      const analysis = await changed(change);

      assert.equal(analysis.outcome, 'not-analysable');
      const refused = analysis.quality.find((one) => one.verdict === 'reject');
      assert.equal(refused?.check, check);
      assert.match(refused.reason, reason);
      assert.deepEqual(analysis.targets.map((target) => target.present), [false]);
      assert.equal(analysis.source.images.length > 0 || check === 'readable', true);
    });
  }

  test('a duplicate slice only warns and is used once', async () => {
    const analysis = await changed((slice, i) => (i === 5 ? slice.with(element(tags.ImagePositionPatient, 'DS', -118.5, -94.5, 42)) : slice));

    const verdicts = Object.fromEntries(analysis.quality.map((one) => [one.check, one.verdict]));
    assert.equal(verdicts['duplicate-slices'], 'warn');
    assert.equal(verdicts['missing-slices'], 'reject');
    assert.equal(analysis.source.images.length, 39);
  });

  test('a text that is no DICOM is refused, not thrown', async () => {
    const broken = { ...chest, files: chest.files.map((file, i) => (i === 2 ? { ...file, bytes: Buffer.from('hello') } : file)) };

    const analysis = await analyse(broken);

    assert.equal(analysis.outcome, 'not-analysable');
    assert.match(analysis.summary, /1 of 40 images/);
  });
});

function near(a: readonly number[], b: readonly number[]): number {
  return Math.sqrt(a.reduce((sum, value, axis) => sum + (value - b[axis]!) ** 2, 0));
}
