import type { CodedConcept } from '../domain/coded-concept.ts';
import { concept } from '../domain/codes/concepts.ts';
import type { Analysis, AnalysisOutcome, Evaluation, Finding, FindingSite, Measurement, Point3, QualityCheck, SegmentMask, Shape } from '../domain/findings.ts';
import { derivedUid } from '../foundation/uid.ts';
import { toPatient } from '../model-steps/geometry.ts';
import { sideOf } from '../model-steps/laterality.ts';
import type { LungMask } from '../model-steps/lung-mask.ts';
import { measureRegion, type RegionMeasures } from '../model-steps/measure-region.ts';
import { comparePlaces, type Detection } from '../model-steps/peaks.ts';
import { segmentNodule, type NoduleRegion } from '../model-steps/segment-nodule.ts';
import { noduleDensity, type NoduleDensity } from '../model-steps/texture.ts';
import type { Triple } from '../model-steps/volume.ts';
import { emptyAnalysis, measurementFrom, rounded, urgencyOf } from './empty-analysis.ts';
import { findingValues } from './finding-values.ts';
import type { LoadedSeries } from './load-series.ts';
import type { EvaluationSpec, LabelSpec, Manifest, MeasurementSpec } from './manifest-schema.ts';
import { maskFrames } from './mask-frames.ts';
import type { LoadedModel } from './model-folder.ts';

/** A detection and where it lies in the source. */
export interface Placed {
  readonly detection: Detection;
  /** z y x on the source grid, with fraction. */
  readonly sourceVoxel: Triple;
  readonly centreMm: Point3;
}

export interface AssemblyInput {
  readonly model: LoadedModel;
  readonly series: LoadedSeries;
  readonly lung: LungMask;
  /** All candidates, strongest first. */
  readonly placed: readonly Placed[];
  readonly quality: readonly QualityCheck[];
  /** Patient x of a place on the network's grid. */
  readonly toPatientX: (voxel: Triple) => number;
}

/** Nearer to the first or last slice than this, a cut vessel looks like a nodule. */
const NEAR_END_MM = 4;

/** Outlines and measures what lies above the operating threshold, and says it in coded terms. */
export function findingsOf(input: AssemblyInput): Analysis {
  const { model, series } = input;
  const lesions = selectLesions(input);
  const label = labelOf(model.manifest);
  let outlined = 0;
  const parts = lesions.map((lesion, index) => {
    if (lesion.region !== null) outlined++;
    return describeLesion(lesion, { place: index + 1, segment: lesion.region === null ? null : outlined }, label, input);
  });
  const quality = [...input.quality, ...lesions.flatMap((lesion, index) => nearEnd(lesion, `${label.id}-${index + 1}`, series))];
  const incomplete = quality.some((check) => check.check === 'organ-complete' && check.verdict !== 'pass');
  const findings = parts.map((part) => part.finding);
  const highest = input.placed[0]?.detection.score ?? 0;
  return {
    ...emptyAnalysis(model, series.source, quality),
    ...verdict(label, findings, incomplete),
    findings,
    segments: parts.flatMap((part) => part.segment ?? []),
    targets: [{ concept: label.property, site: label.anatomy, present: findings.length > 0, probability: rounded(highest, 3) }],
    urgency: urgencyOf(model.manifest, findingValues(label.id, findings)),
  };
}

interface Lesion extends Placed {
  readonly region: NoduleRegion | null;
  readonly measures: RegionMeasures | null;
  readonly density: NoduleDensity | null;
  /** Position in the order of places, which does not depend on scores. */
  readonly ordinal: number;
}

function selectLesions({ model, series, placed }: AssemblyInput): Lesion[] {
  const threshold = model.manifest.postprocess.find((step) => step.op === 'threshold')!.value;
  const minMm = model.manifest.postprocess.find((step) => step.op === 'minimum-size')?.minMm ?? 0;
  const measured = placed
    .filter(({ detection }) => detection.score >= threshold)
    .map((one) => {
      const region = segmentNodule(series.volume, { voxel: one.sourceVoxel, diameterMm: one.detection.diameterMm });
      const measures = region === null ? null : measureRegion(series.volume, region.mask, region.corner);
      return { ...one, region, measures, density: region === null ? null : noduleDensity(series.volume, region) };
    })
    .filter((lesion) => (lesion.measures?.longAxis.lengthMm ?? lesion.detection.diameterMm) >= minMm);
  const byPlace = [...measured].sort((a, b) => comparePlaces(a.sourceVoxel, b.sourceVoxel));
  const numbered = measured.map((lesion) => ({ ...lesion, ordinal: byPlace.indexOf(lesion) + 1 }));
  // Networks differ by about 1e-6 between thread counts: three digits order, then the place.
  return numbered.sort((a, b) => rounded(b.detection.score, 3) - rounded(a.detection.score, 3) || a.ordinal - b.ordinal);
}

function describeLesion(lesion: Lesion, number: { readonly place: number; readonly segment: number | null }, label: LabelSpec, input: AssemblyInput): { finding: Finding; segment: SegmentMask | null } {
  const { model, series } = input;
  const trackingId = `${label.id}-${number.place}`;
  const trackingUid = derivedUid('finding', series.source.inputDigest, model.identity.id, model.identity.digest, label.id, String(lesion.ordinal));
  const side = sideOf(lesion.centreMm[0], input.lung, input.toPatientX);
  const site: FindingSite = { site: label.anatomy, laterality: side === null ? null : concept(side === 'left' ? 'lat-left' : 'lat-right') };
  const frames = lesion.region === null ? [] : maskFrames(lesion.region, series.volume.dims);
  const keyImage = lesion.measures?.slice ?? clampSlice(lesion.sourceVoxel[0], series);
  const finding: Finding = {
    trackingId,
    trackingUid,
    concept: label.property,
    category: label.category,
    sites: [site],
    probability: rounded(lesion.detection.score, 3),
    measurements: model.manifest.measurements.filter((spec) => spec.of === label.id).flatMap((spec) => measurementOf(spec, lesion)),
    evaluations: model.manifest.evaluations.filter((spec) => spec.of === label.id).flatMap((spec) => evaluationOf(spec, lesion)),
    segmentNumber: number.segment,
    shapes: shapesOf(lesion, keyImage, series),
    imageIndices: [keyImage, ...frames.map((frame) => frame.imageIndex).filter((image) => image !== keyImage)],
  };
  if (number.segment === null) return { finding, segment: null };
  const segment: SegmentMask = {
    number: number.segment,
    label: trackingId,
    category: label.category,
    property: label.property,
    anatomy: site,
    trackingId,
    trackingUid,
    color: label.colorRgb,
    rows: series.volume.dims[1],
    columns: series.volume.dims[2],
    frames,
  };
  return { finding, segment };
}

function measurementOf(spec: MeasurementSpec, lesion: Lesion): Measurement[] {
  const { measures } = lesion;
  if (spec.minLongAxisMm !== undefined && (measures?.longAxis.lengthMm ?? 0) < spec.minLongAxisMm) return [];
  const raw = ({
    'long-axis': measures?.longAxis.lengthMm,
    'short-axis': measures?.shortAxis.lengthMm,
    volume: measures?.volumeMm3,
    'mean-intensity': measures?.meanHu,
    'sd-intensity': measures?.sdHu,
    probability: lesion.detection.score,
    channel: lesion.detection.channels[spec.channel ?? ''],
  } as Partial<Record<MeasurementSpec['kind'], number>>)[spec.kind];
  return [measurementFrom(spec, raw)];
}

function evaluationOf(spec: EvaluationSpec, lesion: Lesion): Evaluation[] {
  if (lesion.density === null) return [];
  const answer = spec.kind === 'nodule-texture' ? lesion.density.texture : lesion.density.calcified ? 'present' : 'absent';
  const value: CodedConcept | undefined = spec.values[answer];
  return value === undefined ? [] : [{ id: spec.id, concept: spec.code, value }];
}

function shapesOf(lesion: Lesion, imageIndex: number, series: LoadedSeries): Shape[] {
  const at = (z: number, y: number, x: number): Point3 => roundedPoint(toPatient(series.geometry, [z, y, x]));
  const centre: Shape = { kind: 'centre', points: [roundedPoint(lesion.centreMm)], imageIndex };
  if (lesion.measures === null) return [centre];
  const line = (kind: 'long-axis' | 'short-axis', { ends }: RegionMeasures['longAxis']): Shape => ({
    kind,
    points: [at(imageIndex, ends[0][0], ends[0][1]), at(imageIndex, ends[1][0], ends[1][1])],
    imageIndex,
  });
  return [line('long-axis', lesion.measures.longAxis), line('short-axis', lesion.measures.shortAxis), centre];
}

function verdict(label: LabelSpec, findings: readonly Finding[], incomplete: boolean): { outcome: AnalysisOutcome; summary: string } {
  const name = label.name.toLowerCase();
  const part = incomplete ? ' Part of the organ lies outside the images.' : '';
  if (findings.length > 0) return { outcome: 'findings', summary: `${findings.length} ${name}${findings.length === 1 ? '' : 's'} found.${part}` };
  return { outcome: incomplete ? 'partial' : 'no-findings', summary: `No ${name} found.${part}` };
}

function nearEnd(lesion: Lesion, trackingId: string, { geometry }: LoadedSeries): QualityCheck[] {
  const slice = clampSlice(lesion.sourceVoxel[0], { geometry });
  const offset = geometry.sliceOffsets[slice]!;
  const distance = Math.min(offset, geometry.sliceOffsets.at(-1)! - offset);
  if (distance >= NEAR_END_MM) return [];
  return [{ check: 'near-volume-end', verdict: 'warn', reason: `${trackingId} lies within ${NEAR_END_MM} mm of the first or last slice, where a cut vessel can look like a nodule` }];
}

function labelOf(manifest: Manifest): LabelSpec {
  return manifest.labels.find((label) => manifest.outputs.some((output) => output.kind === 'detection-map' && output.label === label.id))!;
}

function clampSlice(z: number, { geometry }: Pick<LoadedSeries, 'geometry'>): number {
  return Math.max(0, Math.min(geometry.dims[0] - 1, Math.round(z)));
}

function roundedPoint([x, y, z]: Point3): Point3 {
  return [rounded(x, 3), rounded(y, 3), rounded(z, 3)];
}
