import { fault, ok, type Result } from '../foundation/result.ts';
import type { Manifest } from './manifest-schema.ts';
import type { CineInputSpec, DetectionMapSpec, ImageInputSpec, OutputSpec, SegmentationSpec, VolumeInputSpec } from './manifest-tensors.ts';

type WindowSpec<Mode extends VolumeInputSpec['window']['mode']> = Extract<VolumeInputSpec['window'], { mode: Mode }>;

/** What a run does, by what goes in and what comes out. */
export type Pipeline =
  /** A volume in tiles over an organ → peaks of a map → nodules. */
  | { readonly kind: 'detection'; readonly input: VolumeInputSpec; readonly window: WindowSpec<'tiles-over-organ'>; readonly output: DetectionMapSpec }
  /** A volume in sliding windows → a label for each voxel. */
  | { readonly kind: 'volume-labels'; readonly input: VolumeInputSpec; readonly window: WindowSpec<'sliding'>; readonly output: SegmentationSpec }
  /** Slices × phases, one by one → a label for each pixel → volumes over the heart cycle. */
  | { readonly kind: 'cine-labels'; readonly input: CineInputSpec; readonly output: SegmentationSpec }
  /** Each picture on its own. */
  | { readonly kind: 'images'; readonly input: ImageInputSpec; readonly outputs: readonly Exclude<OutputSpec, DetectionMapSpec>[] };

/** Finds the pipeline of a manifest. The fault says which combination is not carried out. */
export function findPipeline({ inputs, outputs }: Pick<Manifest, 'inputs' | 'outputs'>): Result<Pipeline, string> {
  const [input] = inputs;
  const [output] = outputs;
  if (input === undefined || output === undefined) return fault('a model has an input and an output');
  if (input.source === 'image') {
    const rest = outputs.filter((one) => one.kind !== 'detection-map');
    return rest.length === outputs.length ? ok({ kind: 'images', input, outputs: rest }) : fault('a detection-map comes of a volume');
  }
  if (outputs.length > 1) return fault(`a ${input.source} has exactly one output`);
  if (input.source === 'cine') return output.kind === 'segmentation' ? ok({ kind: 'cine-labels', input, output }) : fault('a cine gives a segmentation');
  const { window } = input;
  if (window.mode === 'tiles-over-organ') {
    if (output.kind !== 'detection-map') return fault('tiles-over-organ is for a detection-map; a segmentation needs the window mode sliding');
    const [a, b, c] = input.spacingMm;
    return a === b && b === c ? ok({ kind: 'detection', input, window, output }) : fault('spacingMm of a detection-map must be the same on z, y and x');
  }
  return output.kind === 'segmentation' ? ok({ kind: 'volume-labels', input, window, output }) : fault('sliding windows give a segmentation; a detection-map needs tiles-over-organ');
}

/** The pipeline of a manifest that was checked. */
export function pipelineOf(manifest: Manifest): Pipeline {
  const pipeline = findPipeline(manifest);
  if (!pipeline.ok) throw new RangeError(pipeline.fault); // manifest.ts refuses such a file
  return pipeline.value;
}

/** Names of the output tensors that a run asks of the network. */
export function outputTensors(manifest: Manifest): string[] {
  const { explain } = manifest;
  return [...new Set([...manifest.outputs.map((output) => output.tensor), ...(explain?.method === 'cam' ? [explain.features, explain.weights] : [])])];
}
