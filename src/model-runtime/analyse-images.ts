import type { QualityCheck } from '../domain/findings.ts';
import { checkImage } from '../model-steps/image-quality.ts';
import type { Plane } from '../model-steps/plane.ts';
import { rejected } from '../model-steps/quality-checks.ts';
import { eligibilityChecks, isRefused, stopped, type AnalysedSeries, type AnalyseHooks } from './analysed-series.ts';
import { isPictureCheck } from './analyse-cine.ts';
import { describeImages, type ReadPicture } from './describe-images.ts';
import { urgencyOf } from './empty-analysis.ts';
import { explainPicture } from './explain-picture.ts';
import { loadImages, type LoadedImage } from './load-images.ts';
import type { Manifest } from './manifest-schema.ts';
import type { LoadedModel } from './model-folder.ts';
import type { NetworkStage } from './network-stage.ts';
import type { Pipeline } from './pipeline.ts';
import { imageTensor, prepareImage } from './prepare-image.ts';
import { readOutput, scoresOf } from './read-outputs.ts';
import type { SeriesInput } from './series-input.ts';
import { StopWatch } from './stop-watch.ts';

type ImagesPipeline = Extract<Pipeline, { kind: 'images' }>;

/** Runs a network on every picture of a series, each on its own. Pictures that a check refuses are left out and named; when none is left, nothing was analysable. */
export async function analyseImages(model: LoadedModel, pipeline: ImagesPipeline, network: NetworkStage, input: SeriesInput, hooks: AnalyseHooks): Promise<AnalysedSeries> {
  const watch = new StopWatch(hooks.clock);
  hooks.progress({ step: 'reading', fraction: 0 });
  const loaded = loadImages(input);
  watch.lap('readMs');
  if (!loaded.ok) return stopped(model, loaded.fault.source, [rejected(loaded.fault.check, loaded.fault.reason)], watch);
  const { images, source } = loaded.value;
  const quality = eligibilityChecks(model.manifest, loaded.value);
  if (isRefused(quality)) return stopped(model, source, quality, watch);
  hooks.progress({ step: 'preparing', fraction: 0.1 });
  const prepared = await prepareAll(model.manifest, pipeline, images);
  watch.lap('prepareMs');
  if (prepared.pictures.length === 0) return stopped(model, source, [...quality, ...prepared.quality], watch);
  // What one picture failed does not refuse the others: it is said as a warning.
  quality.push(...prepared.quality.map((check): QualityCheck => (check.verdict === 'reject' ? { ...check, verdict: 'warn', reason: `not analysed: ${check.reason}` } : check)));

  const pictures: ReadPicture[] = [];
  const batchSize = pipeline.input.axes[0]!.max ?? 1;
  for (let start = 0; start < prepared.pictures.length; start += batchSize) {
    const batch = prepared.pictures.slice(start, start + batchSize);
    pictures.push(...(await runBatch(model.manifest, pipeline, network, batch)));
    hooks.progress({ step: 'inferring', fraction: 0.2 + (0.7 * pictures.length) / prepared.pictures.length });
  }
  watch.lap('inferMs');
  hooks.progress({ step: 'measuring', fraction: 0.9 });
  const scores = highestScores(pictures);
  const analysis = describeImages({ model, pictures, source, quality, scores, partial: prepared.pictures.length < images.length });
  watch.lap('measureMs');
  return { analysis: { ...analysis, urgency: urgencyOf(model.manifest, scores) }, timing: watch.timing(pictures.length), scores, candidates: [] };
}

interface PreparedPicture {
  readonly index: number;
  readonly image: LoadedImage;
  readonly plane: Plane;
}

async function prepareAll(manifest: Manifest, pipeline: ImagesPipeline, images: readonly LoadedImage[]): Promise<{ pictures: PreparedPicture[]; quality: QualityCheck[] }> {
  const pictures: PreparedPicture[] = [];
  const quality: QualityCheck[] = [];
  for (const [index, image] of images.entries()) {
    const plane = await image.read();
    const checks = plane.ok ? manifest.quality.filter(isPictureCheck).map((setting) => checkImage(setting, plane.value, image.facts, image.range)) : [rejected('readable', plane.fault)];
    quality.push(...(images.length === 1 ? checks : checks.map((check) => ({ ...check, reason: `image ${index + 1}: ${check.reason}` }))));
    if (plane.ok && !isRefused(checks)) pictures.push({ index, image, plane: prepareImage(plane.value, image, pipeline.input) });
  }
  return { pictures, quality };
}

async function runBatch(manifest: Manifest, pipeline: ImagesPipeline, network: NetworkStage, batch: readonly PreparedPicture[]): Promise<ReadPicture[]> {
  const { values, shape } = imageTensor(batch.map((one) => one.plane), pipeline.input);
  const answers = await network.run(values, shape);
  const pictures: ReadPicture[] = [];
  for (const [n, { index, image, plane }] of batch.entries()) {
    const readings = pipeline.outputs.flatMap((spec) => readOutput(spec, answers.get(spec.tensor)!, n) ?? []);
    const maps = await explainPicture({ manifest, pipeline, network, answers, n, plane, image, readings });
    pictures.push({ index, image, plane, readings, maps });
  }
  return pictures;
}

/** Of each score the highest over the pictures. */
function highestScores(pictures: readonly ReadPicture[]): Map<string, number> {
  const scores = new Map<string, number>();
  for (const { readings } of pictures)
    for (const [key, value] of readings.flatMap(scoresOf)) scores.set(key, Math.max(scores.get(key) ?? -Infinity, Math.round(value * 1e6) / 1e6));
  return scores;
}
