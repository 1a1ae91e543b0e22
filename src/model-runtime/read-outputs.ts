import { argmax, channelsFirst, entropy, expectedGrade, margin, sigmoid, softmax } from '../model-steps/activations.ts';
import { GatewayError } from '../foundation/errors.ts';
import type { HeatmapSpec, OutputSpec, SegmentationSpec } from './manifest-tensors.ts';
import type { NetworkAnswer } from './network-stage.ts';

/** What one output says of one picture. */
export type OutputReading =
  /** One of the labels holds. */
  | { readonly kind: 'classification' | 'ordinal'; readonly id: string; readonly labels: readonly string[]; readonly probabilities: Float32Array; readonly chosen: number }
  /** Each label on its own. */
  | { readonly kind: 'multilabel'; readonly labels: readonly string[]; readonly probabilities: Float32Array }
  /** Probability of each label at each place of a rows × columns map. */
  | { readonly kind: 'heatmap' | 'segmentation'; readonly tensor: string; readonly labels: readonly string[]; readonly rows: number; readonly columns: number; readonly maps: readonly Float32Array[]; readonly exclusive: boolean }
  | { readonly kind: 'regression'; readonly names: readonly string[]; readonly values: Float32Array };

type ReadableOutput = Exclude<OutputSpec, { kind: 'detection-map' }>;

/** Reads item `n` of a batch of answers. Features say nothing by themselves: null. Error: MODEL_TENSOR_MISMATCH when the answer has another size. */
export function readOutput(spec: ReadableOutput, answer: NetworkAnswer, n: number): OutputReading | null {
  const size = answer.values.length / (answer.shape[0] ?? 1);
  const raw = answer.values.subarray(n * size, (n + 1) * size);
  switch (spec.kind) {
    case 'classification':
    case 'ordinal': {
      requireCount(spec.tensor, raw.length, spec.labels.length);
      const probabilities = spec.activation === 'softmax' ? softmax(raw, raw.length, spec.calibration.temperature) : raw.slice();
      return { kind: spec.kind, id: spec.id, labels: spec.labels, probabilities, chosen: argmax(probabilities, probabilities.length)[0]! };
    }
    case 'multilabel':
      requireCount(spec.tensor, raw.length, spec.labels.length);
      return { kind: 'multilabel', labels: spec.labels, probabilities: spec.activation === 'sigmoid' ? sigmoid(raw, spec.calibration) : raw.slice() };
    case 'heatmap':
    case 'segmentation':
      return readMaps(spec, raw, answer.shape);
    case 'regression':
      requireCount(spec.tensor, raw.length, spec.names.length);
      return { kind: 'regression', names: spec.names, values: raw.slice() };
    case 'features':
      return null;
  }
}

/** Values that conditions may ask for: `<label>.p`, `<id>.argmax`, `<id>.expected`, `<id>.entropy`, `<id>.margin`, `<name>`. */
export function scoresOf(reading: OutputReading): [string, number][] {
  switch (reading.kind) {
    case 'classification':
    case 'ordinal': {
      const { id, probabilities, chosen, labels } = reading;
      return [
        ...labels.map((label, k): [string, number] => [`${label}.p`, probabilities[k]!]),
        [`${id}.argmax`, chosen],
        ...(reading.kind === 'ordinal' ? [[`${id}.expected`, expectedGrade(probabilities)] as [string, number]] : []),
        [`${id}.entropy`, entropy(probabilities)],
        [`${id}.margin`, margin(probabilities)],
      ];
    }
    case 'multilabel':
      return reading.labels.map((label, k) => [`${label}.p`, reading.probabilities[k]!]);
    case 'heatmap':
    case 'segmentation':
      return reading.labels.map((label, k) => [`${label}.peak`, reading.maps[k]!.reduce((a, b) => Math.max(a, b), 0)]);
    case 'regression':
      return reading.names.map((name, k) => [name, reading.values[k]!]);
  }
}

function readMaps(spec: HeatmapSpec | SegmentationSpec, raw: Float32Array, shape: readonly number[]): OutputReading {
  const last = spec.layout === 'channels-last';
  const [rows, columns] = (last ? shape.slice(-3, -1) : shape.slice(-2)) as [number, number];
  requireCount(spec.tensor, raw.length, spec.labels.length * rows * columns);
  const ordered = last ? channelsFirst(raw, spec.labels.length) : raw;
  const probabilities = spec.activation === 'softmax' ? softmax(ordered, spec.labels.length) : spec.activation === 'sigmoid' ? sigmoid(ordered) : ordered;
  const maps = spec.labels.map((_, k) => probabilities.slice(k * rows * columns, (k + 1) * rows * columns));
  return { kind: spec.kind, tensor: spec.tensor, labels: spec.labels, rows, columns, maps, exclusive: spec.activation !== 'sigmoid' };
}

function requireCount(tensor: string, actual: number, wanted: number): void {
  if (actual !== wanted) throw new GatewayError('MODEL_TENSOR_MISMATCH', `the network's ${tensor} has ${actual} values for one picture; the manifest's labels make ${wanted}`, { failure: 'permanent' });
}
