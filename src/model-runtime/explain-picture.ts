import type { AttentionMap } from '../domain/findings.ts';
import { activationMap, enlarge, occlude, occlusionMap, occlusionPlan } from '../model-steps/attention.ts';
import type { Plane } from '../model-steps/plane.ts';
import { toSourceGrid } from '../model-steps/resize-plane.ts';
import type { LoadedImage } from './load-images.ts';
import type { LabelSpec, Manifest } from './manifest-schema.ts';
import type { NetworkAnswer, NetworkStage } from './network-stage.ts';
import type { Pipeline } from './pipeline.ts';
import { labelSpec, positiveLabels } from './positive-labels.ts';
import { imageTensor } from './prepare-image.ts';
import { readOutput, type OutputReading } from './read-outputs.ts';

/** A map on the grid of its picture; which finding it belongs to is known later. */
export interface PictureMap {
  readonly label: LabelSpec;
  readonly kind: AttentionMap['kind'];
  /** 0–1, rows × columns of the source picture. */
  readonly values: Float32Array;
}

export interface ExplainRequest {
  readonly manifest: Manifest;
  readonly pipeline: Extract<Pipeline, { kind: 'images' }>;
  readonly network: NetworkStage;
  readonly answers: ReadonlyMap<string, NetworkAnswer>;
  /** Which of the batch. */
  readonly n: number;
  readonly plane: Plane;
  readonly image: LoadedImage;
  readonly readings: readonly OutputReading[];
}

/** Occlusion costs one run a patch: only the likeliest labels are explained so. */
const MOST_OCCLUDED = 2;

/** Where the model looked in one picture, for each label it says: as the manifest's `explain` asks. */
export async function explainPicture(request: ExplainRequest): Promise<PictureMap[]> {
  const { explain } = request.manifest;
  if (explain === undefined) return [];
  switch (explain.method) {
    case 'output-map':
      return outputMaps(request, explain.tensor);
    case 'cam':
      return activationMaps(request, explain.features, explain.weights);
    case 'occlusion':
      return occlusionMaps(request, explain.patch, explain.stride);
  }
}

function outputMaps(request: ExplainRequest, tensor: string): PictureMap[] {
  const reading = request.readings.find((one) => (one.kind === 'heatmap' || one.kind === 'segmentation') && one.tensor === tensor);
  if (reading === undefined || !('maps' in reading)) return [];
  return reading.labels.flatMap((id, k) => {
    const label = labelSpec(request.manifest, id);
    const map = reading.maps[k]!;
    // A map that is all but empty explains nothing.
    if (label === undefined || label.normal || !map.some((v) => v >= 0.1)) return [];
    return [{ label, kind: 'output-map' as const, values: onSource(request, map, reading.rows, reading.columns) }];
  });
}

function activationMaps(request: ExplainRequest, featuresTensor: string, weightsTensor: string): PictureMap[] {
  const features = request.answers.get(featuresTensor)!;
  const weights = request.answers.get(weightsTensor)!.values;
  const [, channels = 1, rows = 1, columns = 1] = features.shape;
  const own = features.values.subarray(request.n * channels * rows * columns, (request.n + 1) * channels * rows * columns);
  const names = request.readings.find((reading) => 'labels' in reading && !('maps' in reading)) as { readonly labels: readonly string[] } | undefined;
  return positiveLabels(request.manifest, request.readings).flatMap(({ label }) => {
    const k = names?.labels.indexOf(label.id) ?? -1;
    if (k < 0) return [];
    const map = activationMap(own, weights.subarray(k * channels, (k + 1) * channels));
    return [{ label, kind: 'cam' as const, values: onSource(request, map, rows, columns) }];
  });
}

async function occlusionMaps(request: ExplainRequest, patch: readonly [number, number], stride: readonly [number, number]): Promise<PictureMap[]> {
  const { plane, pipeline, manifest } = request;
  const positives = positiveLabels(manifest, request.readings).slice(0, MOST_OCCLUDED);
  if (positives.length === 0) return [];
  const plan = occlusionPlan(plane.rows, plane.columns, patch, stride);
  const lost: number[][] = positives.map(() => []);
  const batchSize = pipeline.input.axes[0]!.max ?? 1;
  for (let start = 0; start < plan.patches.length; start += batchSize) {
    const hidden = Array.from({ length: Math.min(batchSize, plan.patches.length - start) }, (_, i) => ({ ...plane, channels: occlude(plane.channels, plan, start + i) }));
    const { values, shape } = imageTensor(hidden, pipeline.input);
    const answers = await request.network.run(values, shape);
    hidden.forEach((_, n) => {
      const readings = pipeline.outputs.flatMap((spec) => readOutput(spec, answers.get(spec.tensor)!, n) ?? []);
      positives.forEach(({ label }, k) => lost[k]!.push(probabilityOf(label.id, readings)));
    });
  }
  return positives.map(({ label, probability }, k) => ({ label, kind: 'occlusion' as const, values: onSource(request, occlusionMap(plan, probability, lost[k]!), plane.rows, plane.columns) }));
}

function probabilityOf(id: string, readings: readonly OutputReading[]): number {
  for (const reading of readings) if ('probabilities' in reading && reading.labels.includes(id)) return reading.probabilities[reading.labels.indexOf(id)]!;
  return 0;
}

/** From the grid of a map of the network to that of the source picture. */
function onSource({ plane, image }: ExplainRequest, map: Float32Array, rows: number, columns: number): Float32Array {
  const full = rows === plane.rows && columns === plane.columns ? map : enlarge(map, rows, columns, plane.rows, plane.columns);
  return toSourceGrid(full, plane.rows, plane.columns, plane.map, image.rows, image.columns);
}
