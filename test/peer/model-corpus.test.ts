import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../src/foundation/clock.ts';
import { analyseSeries } from '../../src/model-runtime/analyse-series.ts';
import type { InstanceInput, SeriesInput } from '../../src/model-runtime/series-input.ts';
import { WarmModels } from '../../src/model-runtime/warm-models.ts';
import { chooseSeries } from '../../src/model-steps/choose-series.ts';
import { readPart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { corpus } from '../support/peers.ts';

const THORAX = 'tahaFuzun';

function thorax(folder: string): SeriesInput {
  const files = readdirSync(folder).filter((name) => name.startsWith(THORAX));
  const instances = files.map((name): InstanceInput => ({ bytes: { path: path.join(folder, name), form: 'part10' }, transferSyntaxUid: '', sopInstanceUid: name, contentDigest: null }));
  return { studyInstanceUid: '1', seriesInstanceUid: '2', instances };
}

suite('the lung model on the real thorax series', () => {
  test('eligibility lets the series through with warnings: body part by word, coverage too small', async function () {
    const folder = corpus(this, 'ct-chest');
    const { model } = await new WarmModels(1).get(path.resolve('models/ref-lung-nodule-ct'), null);
    const headers = readdirSync(folder)
      .filter((name) => name.startsWith(THORAX))
      .map((name) => readPart10(readFileSync(path.join(folder, name)), { stopBefore: tags.PixelData }))
      .map((file) => (file.ok ? file.value.dataSet : assert.fail('unreadable')));

    const choice = chooseSeries(model.manifest.eligibility, [headers]);

    assert.equal(choice.chosen, headers[0]!.string(tags.SeriesInstanceUID));
    assert.deepEqual(choice.series[0]!.reasons, []);
    assert.ok(choice.series[0]!.warnings.some((warning) => /coverage 98 mm/.test(warning)));
  });

  test('it is analysed, and what is unusual about it is said', async function () {
    this.timeout(240_000);
    const folder = corpus(this, 'ct-chest');
    const models = new WarmModels(2);
    const { model, network } = await models.get(path.resolve('models/ref-lung-nodule-ct'), null);

    const { analysis } = await analyseSeries(model, network, thorax(folder), { clock: systemClock, progress: () => {} });
    await models.release();

    assert.notEqual(analysis.outcome, 'not-analysable', analysis.summary);
    assert.equal(analysis.source.images.length, 98);
    const verdicts = Object.fromEntries(analysis.quality.map((check) => [check.check, check.verdict]));
    assert.equal(verdicts['organ-complete'], 'warn');
    assert.equal(verdicts['eligibility'], 'warn');
    assert.equal(verdicts['uniform-spacing'], 'pass');
    for (const finding of analysis.findings) assert.ok(finding.probability! >= 0 && finding.probability! <= 1);
  });
});
