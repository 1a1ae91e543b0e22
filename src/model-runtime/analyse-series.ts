import { judgeSeries } from '../domain/eligibility.ts';
import type { Analysis, Point3, QualityCheck } from '../domain/findings.ts';
import { detectInVolume } from '../model-steps/detect-in-volume.ts';
import { toPatient } from '../model-steps/geometry.ts';
import { lungMask, type LungMask } from '../model-steps/lung-mask.ts';
import { orient, toSource, type Orientation } from '../model-steps/orient.ts';
import type { Detection } from '../model-steps/peaks.ts';
import { checkGeometry, checkIntensity, checkLung, rejected } from '../model-steps/quality-checks.ts';
import { resample, sourceIndex } from '../model-steps/resample.ts';
import type { Triple, Volume } from '../model-steps/volume.ts';
import type { Clock } from '../foundation/clock.ts';
import { findingsOf, notAnalysable, type Placed } from './assemble-analysis.ts';
import { findingValues } from './finding-values.ts';
import { loadSeries, type LoadedSeries } from './load-series.ts';
import type { Manifest } from './manifest-schema.ts';
import type { LoadedModel } from './model-folder.ts';
import type { NetworkStage } from './network-stage.ts';
import type { RunProgress, RunTiming, SeriesInput } from './series-input.ts';

export interface AnalyseHooks {
  readonly clock: Clock;
  readonly progress: (progress: RunProgress) => void;
}

export interface AnalysedSeries {
  readonly analysis: Analysis;
  readonly timing: RunTiming;
  /** What conditions of the manifest may ask for, by name. */
  readonly scores: ReadonlyMap<string, number>;
  /** Everything the detector saw above its floor, also below the operating threshold; strongest first. For evaluation. */
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly probability: number;
  /** Patient coordinates, mm. */
  readonly centreMm: Point3;
  readonly diameterMm: number;
}

/**
 * Runs one model on one series: reads, checks, prepares, infers, measures. The same series and model give the same analysis.
 *
 * A series that a check refuses gives an analysis of outcome 'not-analysable' with the reason. Throws GatewayError when the bytes cannot be
 * read or the network fails.
 */
export async function analyseSeries(model: LoadedModel, network: NetworkStage, input: SeriesInput, hooks: AnalyseHooks): Promise<AnalysedSeries> {
  const watch = new StopWatch(hooks.clock);
  hooks.progress({ step: 'reading', fraction: 0 });
  const loaded = await loadSeries(input);
  watch.lap('readMs');
  if (!loaded.ok) return stopped(model, loaded.fault.source, [rejected(loaded.fault.check, loaded.fault.reason)], watch);
  hooks.progress({ step: 'preparing', fraction: 0.1 });
  const prepared = prepare(model.manifest, loaded.value);
  watch.lap('prepareMs');
  if (prepared.grid === null) return stopped(model, loaded.value.source, prepared.quality, watch);

  const { grid } = prepared;
  hooks.progress({ step: 'inferring', fraction: 0.15 });
  const run = await detectInVolume(grid.volume, grid.lung, settingsOf(model.manifest), (window, size) => network.run(window, size), (windows, of) =>
    hooks.progress({ step: 'inferring', fraction: 0.15 + (0.75 * windows) / of }),
  );
  watch.lap('inferMs');
  hooks.progress({ step: 'measuring', fraction: 0.9 });
  const placed = run.detections.map((detection) => place(detection, grid, loaded.value));
  const analysis = findingsOf({ model, series: loaded.value, lung: grid.lung, placed, quality: prepared.quality, toPatientX: (centre) => patientOf(centre, grid, loaded.value)[0] });
  watch.lap('measureMs');
  return { analysis, timing: watch.timing(run.windows), scores: findingValues(model.manifest.outputs[0]!.label, analysis.findings), candidates: placed.map(({ detection, centreMm }) => ({ probability: detection.score, centreMm, diameterMm: detection.diameterMm })) };
}

/** The volume as the network sees it. */
interface NetworkGrid {
  readonly volume: Volume<Float32Array>;
  readonly orientation: Orientation;
  readonly lung: LungMask;
}

/** `grid` is null when a check refused the series; then `quality` says why. */
function prepare(manifest: Manifest, series: LoadedSeries): { readonly quality: readonly QualityCheck[]; readonly grid: NetworkGrid | null } {
  const quality = [...eligibilityChecks(manifest, series)];
  for (const setting of manifest.quality)
    switch (setting.check) {
      case 'uniform-spacing':
      case 'missing-slices':
      case 'duplicate-slices':
      case 'tilt':
        quality.push(checkGeometry(setting, series.geometry));
        break;
      case 'hu-plausible':
      case 'noise-sd':
        quality.push(checkIntensity(setting, series.volume));
        break;
      case 'organ-present':
      case 'organ-complete':
      case 'body-part-match':
        break; // below, once there is a mask
    }
  const spec = manifest.inputs[0]!;
  const orientation = orient(series.geometry, spec.orientation);
  if (!orientation.ok) quality.push(rejected('orientation', orientation.fault));
  if (!orientation.ok || isRefused(quality)) return { quality, grid: null };

  const volume = resample(series.volume.data, orientation.value.axes, spec.spacingMm);
  for (const transform of spec.transforms) if (transform.op === 'clip') clip(volume.data, transform.min, transform.max);
  const lung = lungMask(volume);
  for (const setting of manifest.quality)
    if (setting.check === 'organ-present' || setting.check === 'organ-complete' || setting.check === 'body-part-match') quality.push(checkLung(setting, lung, series.traits.bodyPart));
  return { quality, grid: isRefused(quality) ? null : { volume, orientation: orientation.value, lung } };
}

function eligibilityChecks(manifest: Manifest, series: LoadedSeries): QualityCheck[] {
  const verdict = judgeSeries(manifest.eligibility, series.traits);
  return [
    ...verdict.reasons.map((reason): QualityCheck => ({ check: 'eligibility', verdict: 'reject', reason })),
    ...verdict.warnings.map((reason): QualityCheck => ({ check: 'eligibility', verdict: 'warn', reason })),
  ];
}

function isRefused(quality: readonly QualityCheck[]): boolean {
  return quality.some((check) => check.verdict === 'reject');
}

function clip(values: Float32Array, min: number, max: number): void {
  for (let q = 0; q < values.length; q++) values[q] = Math.min(max, Math.max(min, values[q]!));
}

function settingsOf(manifest: Manifest): Parameters<typeof detectInVolume>[2] {
  const { window } = manifest.inputs[0]!;
  const { channels, channelCount, cell } = manifest.outputs[0]!;
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

function stopped(model: LoadedModel, source: Analysis['source'], quality: readonly QualityCheck[], watch: StopWatch): AnalysedSeries {
  return { analysis: notAnalysable(model, source, quality), timing: watch.timing(0), scores: new Map(), candidates: [] };
}

type Lap = 'readMs' | 'prepareMs' | 'inferMs' | 'measureMs';

class StopWatch {
  readonly #clock: Clock;
  readonly #began: number;
  #last: number;
  readonly #laps: Record<Lap, number> = { readMs: 0, prepareMs: 0, inferMs: 0, measureMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#began = clock.monotonic();
    this.#last = this.#began;
  }

  lap(name: Lap): void {
    const now = this.#clock.monotonic();
    this.#laps[name] += now - this.#last;
    this.#last = now;
  }

  timing(windows: number): RunTiming {
    return { ...this.#laps, totalMs: this.#clock.monotonic() - this.#began, windows, peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024) };
  }
}
