import type { Point3, QualityCheck } from '../domain/findings.ts';
import { detectInVolume, type Infer } from '../model-steps/detect-in-volume.ts';
import { toPatient } from '../model-steps/geometry.ts';
import { lungMask, type LungMask } from '../model-steps/lung-mask.ts';
import { orient, toSource, type Orientation } from '../model-steps/orient.ts';
import type { Detection } from '../model-steps/peaks.ts';
import { checkLung, rejected } from '../model-steps/quality-checks.ts';
import { resample, sourceIndex } from '../model-steps/resample.ts';
import type { Triple, Volume } from '../model-steps/volume.ts';
import { findingsOf, type Placed } from './assemble-analysis.ts';
import { checkVolume } from './check-volume.ts';
import { findingValues } from './finding-values.ts';
import { loadSeries, type LoadedSeries } from './load-series.ts';
import type { Manifest } from './manifest-schema.ts';
import type { LoadedModel } from './model-folder.ts';
import type { NetworkStage } from './network-stage.ts';
import { isRefused, stopped, type AnalysedSeries, type AnalyseHooks } from './analysed-series.ts';
import type { Pipeline } from './pipeline.ts';
import { StopWatch } from './stop-watch.ts';
import { transformVolume } from './transform-values.ts';
import type { SeriesInput } from './series-input.ts';

type DetectionPipeline = Extract<Pipeline, { kind: 'detection' }>;

/** Finds and measures lesions in one series: a volume, tiles over the lungs, a detection map. */
export async function analyseDetection(model: LoadedModel, pipeline: DetectionPipeline, network: NetworkStage, input: SeriesInput, hooks: AnalyseHooks): Promise<AnalysedSeries> {
  const watch = new StopWatch(hooks.clock);
  hooks.progress({ step: 'reading', fraction: 0 });
  const loaded = await loadSeries(input);
  watch.lap('readMs');
  if (!loaded.ok) return stopped(model, loaded.fault.source, [rejected(loaded.fault.check, loaded.fault.reason)], watch);
  hooks.progress({ step: 'preparing', fraction: 0.1 });
  const prepared = prepare(model.manifest, pipeline, loaded.value);
  watch.lap('prepareMs');
  if (prepared.grid === null) return stopped(model, loaded.value.source, prepared.quality, watch);

  const { grid } = prepared;
  hooks.progress({ step: 'inferring', fraction: 0.15 });
  const run = await detectInVolume(grid.volume, grid.lung, settingsOf(model.manifest, pipeline), inferOf(network, pipeline), (windows, of) =>
    hooks.progress({ step: 'inferring', fraction: 0.15 + (0.75 * windows) / of }),
  );
  watch.lap('inferMs');
  hooks.progress({ step: 'measuring', fraction: 0.9 });
  const placed = run.detections.map((detection) => place(detection, grid, loaded.value));
  const analysis = findingsOf({ model, series: loaded.value, lung: grid.lung, placed, quality: prepared.quality, toPatientX: (centre) => patientOf(centre, grid, loaded.value)[0] });
  watch.lap('measureMs');
  return { analysis, timing: watch.timing(run.windows), scores: findingValues(pipeline.output.label, analysis.findings), candidates: placed.map(({ detection, centreMm }) => ({ probability: detection.score, centreMm, diameterMm: detection.diameterMm })) };
}

/** The volume as the network sees it. */
interface NetworkGrid {
  readonly volume: Volume<Float32Array>;
  readonly orientation: Orientation;
  readonly lung: LungMask;
}

/** `grid` is null when a check refused the series; then `quality` says why. */
function prepare(manifest: Manifest, { input: spec }: DetectionPipeline, series: LoadedSeries): { readonly quality: readonly QualityCheck[]; readonly grid: NetworkGrid | null } {
  const quality = checkVolume(manifest, series);
  const orientation = orient(series.geometry, spec.orientation);
  if (!orientation.ok) quality.push(rejected('orientation', orientation.fault));
  if (!orientation.ok || isRefused(quality)) return { quality, grid: null };

  const volume = resample(series.volume.data, orientation.value.axes, spec.spacingMm);
  transformVolume(volume.data, spec.transforms);
  const lung = lungMask(volume);
  for (const setting of manifest.quality)
    if (setting.check === 'organ-present' || setting.check === 'organ-complete' || setting.check === 'body-part-match') quality.push(checkLung(setting, lung, series.traits.bodyPart));
  return { quality, grid: isRefused(quality) ? null : { volume, orientation: orientation.value, lung } };
}

function inferOf(network: NetworkStage, { output }: DetectionPipeline): Infer {
  return async (window, size) => (await network.run(window, [1, 1, ...size])).get(output.tensor)!;
}

function settingsOf(manifest: Manifest, { window, output }: DetectionPipeline): Parameters<typeof detectInVolume>[2] {
  const { channels, channelCount, cell } = output;
  const step = <Op extends Manifest['postprocess'][number]['op']>(op: Op) => manifest.postprocess.find((s): s is Extract<Manifest['postprocess'][number], { op: Op }> => s.op === op)!;
  const nms = step('nms-points');
  return {
    tiling: window,
    layout: { channelCount, cell, probability: channels.probability, diameterMm: channels.diameterMm, offsetMm: [channels.offsetZMm, channels.offsetYMm, channels.offsetXMm], further: channels.further },
    floor: step('local-maxima').min,
    radiusMm: nms.radiusMm,
    perDiameter: nms.perDiameter,
  };
}

function place(detection: Detection, grid: NetworkGrid, series: LoadedSeries): Placed {
  const sourceVoxel = toSource(grid.orientation, grid.volume.spacing, detection.voxel, sourceIndex);
  return { detection, sourceVoxel, centreMm: toPatient(series.geometry, sourceVoxel) };
}

function patientOf(voxel: Triple, grid: NetworkGrid, series: LoadedSeries): Point3 {
  return toPatient(series.geometry, toSource(grid.orientation, grid.volume.spacing, voxel, sourceIndex));
}
