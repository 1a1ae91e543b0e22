import type { Finding, Point3 } from '../domain/findings.ts';
import type { Clock } from '../foundation/clock.ts';
import { bootstrapInterval, cpm, froc, type FrocScan } from '../model-steps/froc.ts';
import type { NoduleTruth } from '../phantoms/chest-ct.ts';
import type { AnalysedSeries, Candidate } from './analysed-series.ts';
import { analyseSeries } from './analyse-series.ts';
import { phantomSeries } from './phantom-series.ts';
import type { RunTiming } from './series-input.ts';
import type { WarmModel } from './warm-models.ts';

/** One phantom and what the model made of it. */
export interface LungScan extends FrocScan {
  readonly seed: number;
  readonly outcome: string;
  readonly kernel: string;
  readonly thicknessMm: number;
  readonly nodules: readonly ScoredNodule[];
  readonly timing: RunTiming;
}

export interface ScoredNodule {
  readonly diameterMm: number;
  readonly kind: string;
  readonly place: string;
  readonly malignant: boolean;
  /** −1 when no candidate lies on it. */
  readonly score: number;
  /** Of the finding on it above the operating threshold; null when there is none. */
  readonly found: { readonly longAxisMm: number | null; readonly shortAxisMm: number | null; readonly volumeMm3: number | null; readonly malignancyHint: number | null; readonly texture: string } | null;
  readonly volumeMm3: number;
}

export interface Figure {
  readonly value: number;
  readonly ci95: readonly [number, number];
}

export interface LungReport {
  readonly model: { readonly id: string; readonly version: string; readonly digest: string };
  readonly seeds: { readonly first: number; readonly last: number };
  readonly scans: number;
  readonly nodules: number;
  readonly sensitivityAt1Fp: number;
  readonly sensitivityAt2Fp: number;
  readonly cpm: number;
  readonly intervals: { readonly sensitivityAt1Fp: readonly [number, number]; readonly sensitivityAt2Fp: readonly [number, number]; readonly cpm: readonly [number, number] };
  readonly froc: ReturnType<typeof froc>;
  /** At the manifest's threshold, with all of postprocessing. */
  readonly atOperatingPoint: { readonly sensitivity: number; readonly falsePositivesPerScan: number };
  readonly groups: readonly { readonly group: string; readonly n: number; readonly sensitivityAt2Fp: number }[];
  readonly measurement: { readonly n: number; readonly meanDiameterErrorMm: number; readonly meanAbsoluteDiameterErrorMm: number; readonly meanAbsoluteVolumeErrorShare: number; readonly textureAccuracy: number };
  readonly malignancyHintAuc: number | null;
  readonly timingMs: { readonly meanTotal: number; readonly maxTotal: number; readonly meanInfer: number; readonly meanOther: number };
  readonly peakMemoryMiB: number;
}

/** A phantom of a seed through the whole path of a job: DICOM bytes, checks, network, postprocessing, measurement. */
export async function scanOfSeed({ model, network }: WarmModel, seed: number, clock: Clock): Promise<LungScan> {
  const { series, truth } = phantomSeries('chest-ct', seed);
  const { nodules, acquisition } = truth as { nodules: readonly NoduleTruth[]; acquisition: { kernel: string; thickness: number } };
  const run = await analyseSeries(model, network, series, { clock, progress: () => {} });
  const { hits, falsePositives } = match(nodules, run.candidates);
  const scored = nodules.map((nodule, i): ScoredNodule => ({
    diameterMm: nodule.diameterMm,
    volumeMm3: nodule.volumeMm3,
    kind: nodule.kind,
    place: nodule.place,
    malignant: nodule.malignant,
    score: hits[i]!,
    found: foundOf(nodule, run),
  }));
  return { seed, outcome: run.analysis.outcome, kernel: acquisition.kernel, thicknessMm: acquisition.thickness, nodules: scored, lesions: hits, falsePositives, timing: run.timing };
}

export function lungReport(model: WarmModel['model'], scans: readonly LungScan[]): LungReport {
  const at = (rate: number) => (some: readonly LungScan[]) => froc(some, [rate])[0]!.sensitivity;
  const threshold = model.manifest.postprocess.find((step) => step.op === 'threshold')!.value;
  const nodules = scans.flatMap((scan) => scan.nodules);
  const twoFp = froc(scans, [2])[0]!;
  const totals = scans.map((scan) => scan.timing.totalMs);
  return {
    model: { id: model.identity.id, version: model.identity.version, digest: model.identity.digest },
    seeds: { first: scans[0]!.seed, last: scans.at(-1)!.seed },
    scans: scans.length,
    nodules: nodules.length,
    sensitivityAt1Fp: at(1)(scans),
    sensitivityAt2Fp: twoFp.sensitivity,
    cpm: cpm(scans),
    intervals: { sensitivityAt1Fp: bootstrapInterval(scans, at(1)), sensitivityAt2Fp: bootstrapInterval(scans, at(2)), cpm: bootstrapInterval(scans, cpm) },
    froc: froc(scans),
    atOperatingPoint: {
      sensitivity: mean(nodules.map((nodule) => (nodule.found === null ? 0 : 1))),
      falsePositivesPerScan: scans.flatMap((scan) => scan.falsePositives).filter((score) => score >= threshold).length / scans.length,
    },
    groups: groupsOf(scans, twoFp.threshold),
    measurement: measurementErrors(nodules),
    malignancyHintAuc: hintAuc(nodules),
    timingMs: { meanTotal: mean(totals), maxTotal: Math.max(...totals), meanInfer: mean(scans.map((s) => s.timing.inferMs)), meanOther: mean(scans.map((s) => s.timing.totalMs - s.timing.inferMs)) },
    peakMemoryMiB: Math.max(...scans.map((scan) => scan.timing.peakMemoryMiB)),
  };
}

/** A hit lies within max(3 mm, d/2 + 1 mm) of the true centre; further candidates on the same nodule are neither hit nor false positive. */
function match(nodules: readonly NoduleTruth[], candidates: readonly Candidate[]): { hits: number[]; falsePositives: number[] } {
  const hits = nodules.map(() => -1);
  const falsePositives: number[] = [];
  for (const candidate of candidates) {
    const on = nodules.findIndex((nodule) => isOn(nodule, candidate.centreMm));
    if (on === -1) falsePositives.push(candidate.probability);
    else hits[on] = Math.max(hits[on]!, candidate.probability);
  }
  return { hits, falsePositives };
}

function isOn(nodule: NoduleTruth, at: Point3): boolean {
  const [x, y, z] = [nodule.centreMm[0] - at[0], nodule.centreMm[1] - at[1], nodule.centreMm[2] - at[2]];
  return Math.sqrt(x * x + y * y + z * z) < Math.max(3, nodule.diameterMm / 2 + 1);
}

function foundOf(nodule: NoduleTruth, { analysis }: AnalysedSeries): ScoredNodule['found'] {
  const finding = analysis.findings.find((one) => one.shapes.some((shape) => shape.kind === 'centre' && isOn(nodule, shape.points[0])));
  if (finding === undefined) return null;
  const value = (id: string) => finding.measurements.find((measurement) => measurement.id === id)?.value ?? null;
  return { longAxisMm: value('longAxis'), shortAxisMm: value('shortAxis'), volumeMm3: value('volume'), malignancyHint: value('malignancyHint'), texture: textureOf(finding) };
}

function textureOf(finding: Finding): string {
  const value = finding.evaluations.find((evaluation) => evaluation.id === 'texture')?.value;
  const code = value === undefined || typeof value === 'string' ? '' : value.value;
  return { RID50151: 'solid', RID50152: 'part-solid', RID50153: 'ground-glass' }[code] ?? 'unknown';
}

function groupsOf(scans: readonly LungScan[], threshold: number): LungReport['groups'] {
  const rows: { group: string; hit: boolean }[] = scans.flatMap((scan) =>
    scan.nodules.flatMap((nodule) =>
      [sizeGroup(nodule.diameterMm), nodule.kind, nodule.place, `kernel ${scan.kernel}`, scan.thicknessMm < 1.3 ? 'slices < 1.3 mm' : 'slices ≥ 1.3 mm'].map((group) => ({ group, hit: nodule.score > threshold })),
    ),
  );
  const names = [...new Set(rows.map((row) => row.group))].sort();
  return names.map((group) => {
    const own = rows.filter((row) => row.group === group);
    return { group, n: own.length, sensitivityAt2Fp: mean(own.map((row) => (row.hit ? 1 : 0))) };
  });
}

function sizeGroup(mm: number): string {
  if (mm < 4) return 'size a: under 4 mm';
  if (mm < 6) return 'size b: 4–6 mm';
  return mm < 10 ? 'size c: 6–10 mm' : 'size d: 10 mm and more';
}

function measurementErrors(nodules: readonly ScoredNodule[]): LungReport['measurement'] {
  const measured = nodules.flatMap((nodule) => {
    const { longAxisMm, shortAxisMm, volumeMm3, texture } = nodule.found ?? {};
    if (longAxisMm == null || shortAxisMm == null || volumeMm3 == null) return [];
    // Fleischner: the mean of both axes, to be held against the diameter of the ball of the same volume.
    return [{ diameter: (longAxisMm + shortAxisMm) / 2 - nodule.diameterMm, volume: Math.abs(volumeMm3 - nodule.volumeMm3) / nodule.volumeMm3, texture: texture === (nodule.kind === 'calcified' ? 'solid' : nodule.kind) }];
  });
  return {
    n: measured.length,
    meanDiameterErrorMm: mean(measured.map((m) => m.diameter)),
    meanAbsoluteDiameterErrorMm: mean(measured.map((m) => Math.abs(m.diameter))),
    meanAbsoluteVolumeErrorShare: mean(measured.map((m) => m.volume)),
    textureAccuracy: mean(measured.map((m) => (m.texture ? 1 : 0))),
  };
}

function hintAuc(nodules: readonly ScoredNodule[]): number | null {
  const hints = nodules.flatMap((nodule) => (nodule.found?.malignancyHint == null ? [] : [{ hint: nodule.found.malignancyHint, malignant: nodule.malignant }]));
  const [positive, negative] = [hints.filter((h) => h.malignant), hints.filter((h) => !h.malignant)];
  if (positive.length === 0 || negative.length === 0) return null;
  return mean(positive.flatMap((p) => negative.map((n) => (p.hint > n.hint ? 1 : p.hint === n.hint ? 0.5 : 0))));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
