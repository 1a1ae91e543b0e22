import { concept } from '../domain/codes/concepts.ts';
import type { AnalysedSource, Analysis, AttentionMap, Evaluation, Finding, FindingSite, QualityCheck, SegmentMask, Shape } from '../domain/findings.ts';
import { derivedUid } from '../foundation/uid.ts';
import { argmax } from '../model-steps/activations.ts';
import { heatBoxes, type HeatBox } from '../model-steps/label-masks.ts';
import type { Plane } from '../model-steps/plane.ts';
import { toSourceGrid } from '../model-steps/resize-plane.ts';
import { enlarge } from '../model-steps/attention.ts';
import { emptyAnalysis, measurementFrom, rounded } from './empty-analysis.ts';
import type { PictureMap } from './explain-picture.ts';
import type { LoadedImage } from './load-images.ts';
import type { LabelSpec, Manifest } from './manifest-schema.ts';
import type { LoadedModel } from './model-folder.ts';
import { labelSpec, positiveLabels, thresholdOf } from './positive-labels.ts';
import type { OutputReading } from './read-outputs.ts';
import { refineMask } from './refine-mask.ts';

/** A picture with what the network said of it. */
export interface ReadPicture {
  /** Index into source.images. */
  readonly index: number;
  readonly image: LoadedImage;
  readonly plane: Plane;
  readonly readings: readonly OutputReading[];
  readonly maps: readonly PictureMap[];
}

export interface ImagesInput {
  readonly model: LoadedModel;
  readonly pictures: readonly ReadPicture[];
  readonly source: AnalysedSource;
  readonly quality: readonly QualityCheck[];
  readonly scores: ReadonlyMap<string, number>;
  /** Some pictures were refused. */
  readonly partial: boolean;
}

/** Says in coded terms what was read off the pictures. */
export function describeImages({ model, pictures, source, quality, scores, partial }: ImagesInput): Analysis {
  const { manifest } = model;
  const draft = new Draft(model, source);
  for (const picture of pictures) draft.add(picture);
  const studyEvaluations = gradesOf(manifest, pictures);
  const studyMeasurements = manifest.measurements.filter((spec) => spec.kind === 'regression').map((spec) => measurementFrom(spec, scores.get(spec.of)));
  const tested = manifest.labels.filter((label) => !label.normal);
  const targets = tested.map((label) => {
    const seen = Math.max(scores.get(`${label.id}.p`) ?? -1, scores.get(`${label.id}.peak`) ?? -1);
    return { concept: label.property, site: label.anatomy, present: draft.findings.some((finding) => finding.concept === label.property), probability: seen < 0 ? null : rounded(seen, 3) };
  });
  const outcome = draft.findings.length > 0 ? 'findings' : partial ? 'partial' : 'no-findings';
  return {
    ...emptyAnalysis(model, source, quality), outcome, summary: summaryOf(manifest, draft.findings, studyEvaluations, tested, partial),
    findings: draft.findings, segments: draft.segments, studyEvaluations, studyMeasurements, targets, maps: draft.maps,
  };
}

class Draft {
  readonly findings: Finding[] = [];
  readonly segments: SegmentMask[] = [];
  readonly maps: AttentionMap[] = [];
  readonly #model: LoadedModel;
  readonly #source: AnalysedSource;
  readonly #counts = new Map<string, number>();

  constructor(model: LoadedModel, source: AnalysedSource) {
    this.#model = model;
    this.#source = source;
  }

  add(picture: ReadPicture): void {
    const { manifest } = this.#model;
    const boxes = boxesOf(manifest, picture);
    const said = new Set<string>();
    for (const { label, probability } of positiveLabels(manifest, picture.readings)) {
      if (said.has(label.id)) continue;
      said.add(label.id);
      this.#finding(picture, label, probability, boxes.get(label.id) ?? [], null);
    }
    const judged = new Set(picture.readings.flatMap((reading) => ('probabilities' in reading ? reading.labels : [])));
    // A label that only a map shows is found where its boxes are; one that the network also judges follows that judgement.
    for (const [id, list] of boxes) if (!judged.has(id)) for (const box of list) this.#finding(picture, labelSpec(manifest, id)!, box.peak, [box], null);
    for (const [id, mask] of masksOf(manifest, picture)) this.#outlined(picture, labelSpec(manifest, id)!, mask);
    for (const map of picture.maps) this.#map(picture, map);
  }

  #finding(picture: ReadPicture, label: LabelSpec, probability: number | null, boxes: readonly HeatBox[], segmentNumber: number | null): Finding {
    const ordinal = (this.#counts.get(label.id) ?? 0) + 1;
    this.#counts.set(label.id, ordinal);
    const { identity, manifest } = this.#model;
    const finding: Finding = {
      trackingId: `${label.id}-${ordinal}`,
      trackingUid: derivedUid('finding', this.#source.inputDigest, identity.id, identity.digest, label.id, String(ordinal)),
      concept: label.property,
      category: label.category,
      sites: [siteOf(label, picture.image)],
      probability: probability === null ? null : rounded(probability, 3),
      measurements: manifest.measurements.filter((spec) => spec.of === label.id && spec.kind === 'probability').map((spec) => measurementFrom(spec, probability)),
      evaluations: [],
      segmentNumber,
      shapes: boxes.map((box): Shape => ({ kind: 'box', imageIndex: picture.index, box: box.box })),
      imageIndices: [picture.index],
    };
    this.findings.push(finding);
    return finding;
  }

  #outlined(picture: ReadPicture, label: LabelSpec, mask: Uint8Array): void {
    const number = this.segments.length + 1;
    const finding = this.#finding(picture, label, null, [], number);
    const { rows, columns } = picture.image;
    this.segments.push({
      number, label: finding.trackingId, category: label.category, property: label.property, anatomy: finding.sites[0]!, trackingId: finding.trackingId, trackingUid: finding.trackingUid,
      color: label.colorRgb, rows, columns, frames: [{ imageIndex: picture.index, mask }],
    });
  }

  #map(picture: ReadPicture, { label, kind, values }: PictureMap): void {
    const owner = this.findings.find((finding) => finding.concept === label.property && finding.imageIndices[0] === picture.index);
    const { rows, columns } = picture.image;
    this.maps.push({ label: label.id, concept: label.property, kind, trackingUid: owner?.trackingUid ?? null, frames: [{ imageIndex: picture.index, rows, columns, values }] });
  }
}

/** Side as the picture states it; never guessed. */
function siteOf(label: LabelSpec, image: LoadedImage): FindingSite {
  const { laterality } = image.facts;
  return { site: label.anatomy, laterality: laterality === 'L' ? concept('lat-left') : laterality === 'R' ? concept('lat-right') : null };
}

/** Boxes of each label of the heat maps, in pixels of the source picture. */
function boxesOf(manifest: Manifest, { readings, plane, image }: ReadPicture): Map<string, HeatBox[]> {
  const found = new Map<string, HeatBox[]>();
  const step = manifest.postprocess.find((one) => one.op === 'heat-boxes');
  if (step?.op !== 'heat-boxes') return found;
  for (const reading of readings) {
    if (reading.kind !== 'heatmap') continue;
    reading.labels.forEach((id, k) => {
      const label = labelSpec(manifest, id);
      if (label === undefined || label.normal) return;
      const boxes = heatBoxes(reading.maps[k]!, reading.rows, reading.columns, step.min, step.minPixels).slice(0, step.most);
      if (boxes.length > 0) found.set(id, boxes.map((box) => ({ ...box, box: toSourceBox(box.box, plane, reading, image) })));
    });
  }
  return found;
}

function toSourceBox([left, top, right, bottom]: HeatBox['box'], plane: Plane, grid: { readonly rows: number; readonly columns: number }, image: LoadedImage): HeatBox['box'] {
  const { map } = plane;
  // Edges: map pixels → network pixels → source pixels; an edge lies half a pixel before a centre.
  const x = (edge: number) => map.x0 + map.sx * ((edge * plane.columns) / grid.columns - 0.5) + 0.5;
  const y = (edge: number) => map.y0 + map.sy * ((edge * plane.rows) / grid.rows - 0.5) + 0.5;
  const within = (value: number, limit: number) => Math.max(0, Math.min(limit, rounded(value, 2)));
  const [x1, x2] = [x(left), x(right)];
  return [within(Math.min(x1, x2), image.columns), within(y(top), image.rows), within(Math.max(x1, x2), image.columns), within(y(bottom), image.rows)];
}

/** Outlines of each label of the segmentations, on the source picture. */
function masksOf(manifest: Manifest, { readings, plane, image }: ReadPicture): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const reading of readings) {
    if (reading.kind !== 'segmentation') continue;
    const size = image.rows * image.columns;
    const stacked = new Float32Array(reading.labels.length * size);
    reading.maps.forEach((map, k) => stacked.set(toSourceGrid(enlarge(map, reading.rows, reading.columns, plane.rows, plane.columns), plane.rows, plane.columns, plane.map, image.rows, image.columns), k * size));
    const chosen = reading.exclusive ? argmax(stacked, reading.labels.length) : null;
    reading.labels.forEach((id, k) => {
      const label = labelSpec(manifest, id);
      if (label === undefined || label.normal) return;
      const probability = stacked.subarray(k * size, (k + 1) * size);
      // Outside the network's view every map is 0: nothing is chosen there.
      const data = Uint8Array.from(probability, (p, q) => (p > 0 && (chosen === null ? p >= thresholdOf(manifest, id) : chosen[q] === k) ? 1 : 0));
      const mask = refineMask(manifest, id, { data, dims: [1, image.rows, image.columns], spacing: [1, 1, 1] }).data;
      if (mask.includes(1)) found.set(id, mask);
    });
  }
  return found;
}

/** What classifications and grades say: of several pictures the highest grade, which is the worst. */
function gradesOf(manifest: Manifest, pictures: readonly ReadPicture[]): Evaluation[] {
  return manifest.outputs.flatMap((output): Evaluation[] => {
    if (output.kind !== 'classification' && output.kind !== 'ordinal') return [];
    const chosen = pictures.flatMap(({ readings }) => readings.flatMap((reading) => ('chosen' in reading && reading.id === output.id ? [reading.chosen] : [])));
    const label = labelSpec(manifest, output.labels[Math.max(...chosen)]!);
    return label === undefined ? [] : [{ id: output.id, concept: output.code, value: label.property }];
  });
}

function summaryOf(manifest: Manifest, findings: readonly Finding[], evaluations: readonly Evaluation[], tested: readonly LabelSpec[], partial: boolean): string {
  const part = partial ? ' Some images were not analysed.' : '';
  const grade = evaluations.map(({ concept: what, value }) => `${what.meaning}: ${typeof value === 'string' ? value : value.meaning}.`).join(' ');
  const named = findings.map((finding) => `${nameOf(manifest, finding)}${finding.probability === null ? '' : ` (${finding.probability})`}`);
  const found = findings.length > 0 ? `Found: ${[...new Set(named)].join(', ')}.` : `None of ${tested.map((label) => label.name.toLowerCase()).join(', ')} found.`;
  return `${grade === '' ? '' : `${grade} `}${found}${part}`;
}

function nameOf(manifest: Manifest, finding: Finding): string {
  return manifest.labels.find((label) => label.property === finding.concept)?.name.toLowerCase() ?? finding.concept.meaning;
}
