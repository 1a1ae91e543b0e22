import type { Analysis, Finding, SegmentMask } from '../domain/findings.ts';
import { derivedUid } from '../foundation/uid.ts';
import { channelsFirst } from '../model-steps/activations.ts';
import { maskOf } from '../model-steps/label-masks.ts';
import { labelsOnSource } from '../model-steps/labels-on-source.ts';
import { measureRegion } from '../model-steps/measure-region.ts';
import { orient } from '../model-steps/orient.ts';
import { rejected } from '../model-steps/quality-checks.ts';
import { regionSums } from '../model-steps/region-sums.ts';
import { resample } from '../model-steps/resample.ts';
import { slideOver } from '../model-steps/sliding-window.ts';
import type { Mask } from '../model-steps/volume.ts';
import { isRefused, stopped, type AnalysedSeries, type AnalyseHooks } from './analysed-series.ts';
import { checkVolume } from './check-volume.ts';
import { emptyAnalysis, measurementFrom, urgencyOf } from './empty-analysis.ts';
import { loadSeries, type LoadedSeries } from './load-series.ts';
import type { LabelSpec, MeasurementSpec } from './manifest-schema.ts';
import { maskFrames } from './mask-frames.ts';
import type { LoadedModel } from './model-folder.ts';
import type { NetworkStage } from './network-stage.ts';
import type { Pipeline } from './pipeline.ts';
import { refineMask } from './refine-mask.ts';
import type { SeriesInput } from './series-input.ts';
import { StopWatch } from './stop-watch.ts';
import { transformVolume } from './transform-values.ts';

type LabelsPipeline = Extract<Pipeline, { kind: 'volume-labels' }>;

/** Labels every voxel of a volume (nnU-Net and MONAI style) and measures each label on the source grid. */
export async function analyseVolumeLabels(model: LoadedModel, pipeline: LabelsPipeline, network: NetworkStage, input: SeriesInput, hooks: AnalyseHooks): Promise<AnalysedSeries> {
  const watch = new StopWatch(hooks.clock);
  hooks.progress({ step: 'reading', fraction: 0 });
  const loaded = await loadSeries(input);
  watch.lap('readMs');
  if (!loaded.ok) return stopped(model, loaded.fault.source, [rejected(loaded.fault.check, loaded.fault.reason)], watch);
  hooks.progress({ step: 'preparing', fraction: 0.1 });
  const quality = checkVolume(model.manifest, loaded.value);
  const spec = pipeline.input;
  const orientation = orient(loaded.value.geometry, spec.orientation);
  if (!orientation.ok) quality.push(rejected('orientation', orientation.fault));
  if (!orientation.ok || isRefused(quality)) return stopped(model, loaded.value.source, quality, watch);
  const volume = resample(loaded.value.volume.data, orientation.value.axes, spec.spacingMm);
  transformVolume(volume.data, spec.transforms);
  watch.lap('prepareMs');

  const { labels, tensor, layout } = pipeline.output;
  const channelsLast = spec.axes.at(-1)!.id === 'c';
  const infer = async (window: Float32Array, size: readonly [number, number, number]) => {
    const answer = (await network.run(window, channelsLast ? [1, ...size, 1] : [1, 1, ...size])).get(tensor)!;
    return layout === 'channels-last' ? channelsFirst(answer.values, labels.length) : answer.values;
  };
  const run = await slideOver(volume, labels.length, pipeline.window, infer, (done, of) => hooks.progress({ step: 'inferring', fraction: 0.15 + (0.7 * done) / of }));
  watch.lap('inferMs');
  hooks.progress({ step: 'measuring', fraction: 0.9 });
  // Softmax and sigmoid keep the order of labels: the highest logit is the highest probability, so none is needed to choose.
  const chosen = labelsOnSource({ values: run.values, labels: labels.length, dims: volume.dims, spacing: volume.spacing }, orientation.value, loaded.value.volume.dims);
  const analysis = describe(model, labels, chosen, loaded.value, quality);
  watch.lap('measureMs');
  const scores = new Map(analysis.findings.flatMap((finding) => finding.measurements.flatMap((m): [string, number][] => (m.value === null ? [] : [[m.id, m.value], [`${finding.trackingId}.${m.id}`, m.value]]))));
  const urgent = { ...analysis, urgency: urgencyOf(model.manifest, scores) };
  return { analysis: urgent, timing: watch.timing(run.windows), scores, candidates: [] };
}

function describe(model: LoadedModel, names: readonly string[], chosen: Uint8Array, series: LoadedSeries, quality: Analysis['quality']): Analysis {
  const { manifest } = model;
  const { dims, spacing } = series.volume;
  const findings: Finding[] = [];
  const segments: SegmentMask[] = [];
  for (const [index, name] of names.entries()) {
    const label = manifest.labels.find((one) => one.id === name);
    if (label === undefined) continue;
    const mask = refineMask(manifest, name, maskOf(chosen, index, { dims, spacing }));
    const frames = maskFrames({ corner: [0, 0, 0], mask }, dims);
    if (frames.length === 0) continue;
    const trackingUid = derivedUid('finding', series.source.inputDigest, model.identity.id, model.identity.digest, name);
    const site = { site: label.anatomy, laterality: null };
    const number = segments.length + 1;
    const fullest = frames.reduce((a, b) => (countOf(b.mask) > countOf(a.mask) ? b : a)).imageIndex;
    segments.push({ number, label: name, category: label.category, property: label.property, anatomy: site, trackingId: name, trackingUid, color: label.colorRgb, rows: dims[1], columns: dims[2], frames });
    findings.push({
      trackingId: name, trackingUid, concept: label.property, category: label.category, sites: [site], probability: null,
      measurements: measure(manifest.measurements, label, mask, series), evaluations: [], segmentNumber: number, shapes: [],
      imageIndices: [fullest, ...frames.map((frame) => frame.imageIndex).filter((image) => image !== fullest)],
    });
  }
  const targets = names.flatMap((name) => manifest.labels.filter((label) => label.id === name)).map((label) => ({ concept: label.property, site: label.anatomy, present: findings.some((one) => one.trackingId === label.id), probability: null }));
  const found = findings.length === 0 ? 'Nothing was outlined.' : `Outlined: ${findings.map((finding) => manifest.labels.find((label) => label.id === finding.trackingId)!.name).join(', ')}.`;
  return { ...emptyAnalysis(model, series.source, quality), outcome: findings.length > 0 ? 'findings' : 'no-findings', summary: found, findings, segments, targets };
}

function measure(specs: readonly MeasurementSpec[], label: LabelSpec, mask: Mask, series: LoadedSeries): Finding['measurements'] {
  const wanted = specs.filter((spec) => spec.of === label.id);
  const sums = regionSums(series.volume, mask);
  const axes = wanted.some((spec) => spec.kind === 'long-axis' || spec.kind === 'short-axis') ? measureRegion(series.volume, mask, [0, 0, 0]) : null;
  return wanted.map((spec) => {
    const raw = ({
      volume: spec.unit.value === 'mL' ? sums.volumeMm3 / 1000 : sums.volumeMm3,
      'mean-intensity': sums.mean,
      'sd-intensity': sums.sd,
      'long-axis': axes?.longAxis.lengthMm,
      'short-axis': axes?.shortAxis.lengthMm,
    } as Partial<Record<MeasurementSpec['kind'], number>>)[spec.kind];
    return measurementFrom(spec, raw);
  });
}

function countOf(mask: Uint8Array): number {
  return mask.reduce((sum, v) => sum + v, 0);
}
