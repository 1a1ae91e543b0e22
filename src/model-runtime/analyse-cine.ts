import type { Analysis, Finding, Measurement, QualityCheck, SegmentMask } from '../domain/findings.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import { derivedUid } from '../foundation/uid.ts';
import { argmax } from '../model-steps/activations.ts';
import { buildCine, ventricleMeasures, type CineGrid, type VentricleMeasures } from '../model-steps/cine.ts';
import { checkImage } from '../model-steps/image-quality.ts';
import { maskOf } from '../model-steps/label-masks.ts';
import { rejected } from '../model-steps/quality-checks.ts';
import { toSourceGrid } from '../model-steps/resize-plane.ts';
import { eligibilityChecks, isRefused, stopped, type AnalysedSeries, type AnalyseHooks } from './analysed-series.ts';
import { emptyAnalysis, measurementFrom, rounded, urgencyOf } from './empty-analysis.ts';
import { loadImages, type LoadedImage, type LoadedImages } from './load-images.ts';
import type { LabelSpec, Manifest } from './manifest-schema.ts';
import type { LoadedModel } from './model-folder.ts';
import type { NetworkStage } from './network-stage.ts';
import type { Pipeline } from './pipeline.ts';
import { imageTensor, prepareImage } from './prepare-image.ts';
import { readOutput } from './read-outputs.ts';
import { refineMask } from './refine-mask.ts';
import type { SeriesInput } from './series-input.ts';
import { StopWatch } from './stop-watch.ts';

type CinePipeline = Extract<Pipeline, { kind: 'cine-labels' }>;

/** Labels every slice and phase of a cine and measures cavities and walls over the heart cycle. */
export async function analyseCine(model: LoadedModel, pipeline: CinePipeline, network: NetworkStage, input: SeriesInput, hooks: AnalyseHooks): Promise<AnalysedSeries> {
  const watch = new StopWatch(hooks.clock);
  hooks.progress({ step: 'reading', fraction: 0 });
  const loaded = loadImages(input);
  watch.lap('readMs');
  if (!loaded.ok) return stopped(model, loaded.fault.source, [rejected(loaded.fault.check, loaded.fault.reason)], watch);
  const grid = gridOf(loaded.value.images);
  if (!grid.ok) return stopped(model, loaded.value.source, [rejected('geometry', grid.fault)], watch);
  const images = grid.value.order.map((index) => loaded.value.images[index]!);
  const source = { ...loaded.value.source, images: images.map((one) => one.image) };
  const quality = await checkCine(model.manifest, loaded.value, grid.value, images);
  watch.lap('prepareMs');
  if (isRefused(quality)) return stopped(model, source, quality, watch);

  const labelled = await labelFrames(pipeline, network, images, (done) => hooks.progress({ step: 'inferring', fraction: 0.1 + (0.75 * done) / images.length }));
  watch.lap('inferMs');
  if (!labelled.ok) return stopped(model, source, [...quality, rejected('readable', labelled.fault)], watch);
  hooks.progress({ step: 'measuring', fraction: 0.9 });
  const heart = new HeartCycle(model.manifest, pipeline.output.labels, labelled.value, grid.value, images);
  const analysis = describe(model, heart, source, quality);
  const scores = new Map(analysis.studyMeasurements.flatMap((m): [string, number][] => (m.value === null ? [] : [[m.id, m.value]])));
  watch.lap('measureMs');
  return { analysis: { ...analysis, urgency: urgencyOf(model.manifest, scores) }, timing: watch.timing(images.length), scores, candidates: [] };
}

function gridOf(images: readonly LoadedImage[]): Result<CineGrid, string> {
  const placed = images.filter((image) => image.place !== null);
  if (placed.length < images.length) return fault(`${images.length - placed.length} of ${images.length} images have no position, orientation or pixel spacing`);
  return buildCine(placed.map((image) => ({ plane: image.place!, time: image.time, number: image.number })));
}

async function checkCine(manifest: Manifest, loaded: LoadedImages, grid: CineGrid, images: readonly LoadedImage[]): Promise<QualityCheck[]> {
  const quality = eligibilityChecks(manifest, loaded);
  // The slice in the middle stands for the others: the ends show little of the heart.
  const middle = images[Math.floor(grid.slices / 2) * grid.phases]!;
  const plane = await middle.read();
  if (!plane.ok) return [...quality, rejected('readable', plane.fault)];
  for (const setting of manifest.quality) {
    if (setting.check === 'uniform-spacing') {
      const deviation = rounded(grid.maxSpacingDeviationMm, 2);
      quality.push({ check: setting.check, verdict: deviation <= setting.max ? 'pass' : setting.action, reason: `slice distances differ by up to ${deviation} mm from ${rounded(grid.sliceSpacing, 2)} mm; limit ${setting.max} mm` });
    } else if (isPictureCheck(setting)) quality.push(checkImage(setting, plane.value, middle.facts, middle.range));
  }
  return quality;
}

type PictureCheck = Parameters<typeof checkImage>[0]['check'];

export function isPictureCheck(setting: Manifest['quality'][number]): setting is Extract<Manifest['quality'][number], { check: PictureCheck }> {
  return ['blur-laplacian', 'exposure', 'field-of-view', 'image-size', 'photometric', 'laterality', 'view', 'burned-in'].includes(setting.check);
}

/** Label of each pixel of each frame on the source grid. Slices go to the network in batches of the input's `n`. */
async function labelFrames(pipeline: CinePipeline, network: NetworkStage, images: readonly LoadedImage[], done: (frames: number) => void): Promise<Result<Uint8Array[], string>> {
  const batchSize = pipeline.input.axes[0]!.max ?? 1;
  const { labels, tensor } = pipeline.output;
  const frames: Uint8Array[] = [];
  for (let start = 0; start < images.length; start += batchSize) {
    const batch = images.slice(start, start + batchSize);
    const read = await Promise.all(batch.map(async (image) => image.read()));
    const prepared = [];
    for (const [i, plane] of read.entries()) {
      if (!plane.ok) return plane;
      prepared.push(prepareImage(plane.value, batch[i]!, pipeline.input));
    }
    const { values, shape } = imageTensor(prepared, pipeline.input);
    const answer = (await network.run(values, shape)).get(tensor)!;
    for (const [i, image] of batch.entries()) {
      const reading = readOutput(pipeline.output, answer, i);
      if (reading?.kind !== 'segmentation') throw new RangeError('a cine gives a segmentation'); // pipeline.ts lets no other through
      const { rows, columns } = image;
      const scale = { x: prepared[i]!.columns / reading.columns, y: prepared[i]!.rows / reading.rows };
      const { map } = prepared[i]!;
      const onMap = { x0: map.x0 + map.sx * (0.5 * scale.x - 0.5), y0: map.y0 + map.sy * (0.5 * scale.y - 0.5), sx: map.sx * scale.x, sy: map.sy * scale.y };
      const stacked = new Float32Array(labels.length * rows * columns);
      reading.maps.forEach((one, k) => stacked.set(toSourceGrid(one, reading.rows, reading.columns, onMap, rows, columns), k * rows * columns));
      frames.push(argmax(stacked, labels.length));
    }
    done(frames.length);
  }
  return ok(frames);
}

/** Masks and volumes of each label over slices and phases. */
class HeartCycle {
  readonly labels: readonly LabelSpec[];
  readonly images: readonly LoadedImage[];
  readonly grid: CineGrid;
  readonly #masks = new Map<string, readonly Uint8Array[]>();
  readonly #measures = new Map<string, VentricleMeasures>();
  readonly #manifest: Manifest;

  constructor(manifest: Manifest, names: readonly string[], frames: readonly Uint8Array[], grid: CineGrid, images: readonly LoadedImage[]) {
    this.#manifest = manifest;
    this.grid = grid;
    this.images = images;
    this.labels = names.flatMap((name) => manifest.labels.filter((label) => label.id === name));
    for (const label of this.labels) {
      const masks = this.#refined(label.id, names.indexOf(label.id), frames);
      const pixels = masks.map((mask) => mask.reduce((sum, v) => sum + v, 0));
      this.#masks.set(label.id, masks);
      this.#measures.set(label.id, ventricleMeasures(pixels, grid.slices, grid.phases, this.#pixelMm2(), grid.sliceSpacing));
    }
  }

  measures(label: string): VentricleMeasures | undefined {
    return this.#measures.get(label);
  }

  /** Frames of a label at a phase that hold at least one pixel. */
  framesAt(label: string, phase: number): { imageIndex: number; mask: Uint8Array }[] {
    const { slices, phases } = this.grid;
    return Array.from({ length: slices }, (_, slice) => slice * phases + phase).map((imageIndex) => ({ imageIndex, mask: this.#masks.get(label)![imageIndex]! })).filter(({ mask }) => mask.includes(1));
  }

  volumeMlAt(label: string, phase: number): number {
    const pixels = this.framesAt(label, phase).reduce((sum, { mask }) => sum + mask.reduce((a, v) => a + v, 0), 0);
    return (pixels * this.#pixelMm2() * this.grid.sliceSpacing) / 1000;
  }

  /** The value of a measurement of the heart cycle; undefined when its kind is another. */
  value(spec: Manifest['measurements'][number]): number | null | undefined {
    const own = this.measures(spec.of);
    switch (spec.kind) {
      case 'edv':
        return own?.edvMl;
      case 'esv':
        return own?.esvMl;
      case 'stroke-volume':
        return own?.strokeVolumeMl;
      case 'ejection-fraction':
        return own?.ejectionFraction;
      case 'mass':
        return this.volumeMlAt(spec.of, this.measures(spec.edOf ?? spec.of)?.ed ?? 0) * (spec.densityGPerMl ?? 1.05);
      case 'long-axis':
      case 'short-axis':
      case 'volume':
      case 'mean-intensity':
      case 'sd-intensity':
      case 'probability':
      case 'channel':
      case 'regression':
        return undefined; // of findings, not of the cycle
    }
  }

  #refined(label: string, index: number, frames: readonly Uint8Array[]): Uint8Array[] {
    const { slices, phases, sliceSpacing } = this.grid;
    const { rows, columns, place } = this.images[0]!;
    const size = rows * columns;
    const out: Uint8Array[] = [];
    for (let phase = 0; phase < phases; phase++) {
      const data = new Uint8Array(slices * size);
      for (let slice = 0; slice < slices; slice++) data.set(frames[slice * phases + phase]!, slice * size);
      const mask = refineMask(this.#manifest, label, maskOf(data, index, { dims: [slices, rows, columns], spacing: [sliceSpacing, place!.rowSpacing, place!.columnSpacing] }));
      for (let slice = 0; slice < slices; slice++) out[slice * phases + phase] = mask.data.slice(slice * size, (slice + 1) * size);
    }
    return out;
  }

  #pixelMm2(): number {
    const place = this.images[0]!.place!;
    return place.rowSpacing * place.columnSpacing;
  }
}

function describe(model: LoadedModel, heart: HeartCycle, source: Analysis['source'], quality: readonly QualityCheck[]): Analysis {
  const { manifest } = model;
  const findings: Finding[] = [];
  const segments: SegmentMask[] = [];
  const cavity = manifest.measurements.find((spec) => spec.kind === 'ejection-fraction')?.of ?? heart.labels[0]?.id ?? '';
  const { ed = 0, es = 0 } = heart.measures(cavity) ?? {};
  for (const [phaseName, phase] of [['ed', ed], ['es', es]] as const)
    for (const label of heart.labels) {
      const frames = heart.framesAt(label.id, phase);
      if (frames.length === 0) continue;
      const trackingId = `${label.id}-${phaseName}`;
      const trackingUid = derivedUid('finding', source.inputDigest, model.identity.id, model.identity.digest, trackingId);
      const number = segments.length + 1;
      const site = { site: label.anatomy, laterality: null };
      const { rows, columns } = heart.images[0]!;
      segments.push({ number, label: trackingId, category: label.category, property: label.property, anatomy: site, trackingId, trackingUid, color: label.colorRgb, rows, columns, frames });
      const middle = frames[frames.length >> 1]!.imageIndex;
      const measurements = manifest.measurements.filter((spec) => spec.of === label.id && spec.kind === 'volume').map((spec) => measurementFrom(spec, heart.volumeMlAt(label.id, phase) * (spec.unit.value === 'mL' ? 1 : 1000)));
      findings.push({
        trackingId, trackingUid, concept: label.property, category: label.category, sites: [site], probability: null, measurements, evaluations: [], segmentNumber: number, shapes: [],
        imageIndices: [middle, ...frames.map((frame) => frame.imageIndex).filter((image) => image !== middle)],
      });
    }
  const studyMeasurements = manifest.measurements.flatMap((spec): Measurement[] => {
    const value = heart.value(spec);
    return value === undefined ? [] : [measurementFrom(spec, value)];
  });
  const targets = heart.labels.map((label) => ({ concept: label.property, site: label.anatomy, present: (heart.measures(label.id)?.edvMl ?? 0) > 0, probability: null }));
  const told = studyMeasurements.filter((m) => m.value !== null).map((m) => `${m.concept.meaning} ${m.value} ${m.unit.value}`);
  const summary = `${heart.grid.slices} slices, ${heart.grid.phases} phases${told.length > 0 ? `: ${told.join(', ')}` : ''}.`;
  return { ...emptyAnalysis(model, source, quality), outcome: findings.length > 0 ? 'findings' : 'no-findings', summary, findings, segments, studyMeasurements, targets };
}
