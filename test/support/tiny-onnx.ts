/** Writes ONNX files of one Conv by hand (protobuf, no library): test networks whose answers can be computed on paper. */

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);
const block = (field: number, body: Buffer | string) => Buffer.concat([varint(field * 8 + 2), varint(Buffer.byteLength(body)), Buffer.from(body)]);

function tensor(name: string, dims: readonly number[], values: Float32Array): Buffer {
  return block(5, Buffer.concat([...dims.map((d) => number(1, d)), number(2, 1), block(8, name), block(9, Buffer.from(values.buffer))]));
}

function value(field: number, name: string, dims: readonly (number | string)[]): Buffer {
  const shape = Buffer.concat(dims.map((d) => block(1, typeof d === 'number' ? number(1, d) : block(2, d))));
  return block(field, Buffer.concat([block(1, name), block(2, block(1, Buffer.concat([number(1, 1), block(2, shape)])))]));
}

function integers(name: string, values: readonly number[]): Buffer {
  return block(5, Buffer.concat([block(1, name), ...values.map((v) => number(8, v)), number(20, 7)]));
}

/**
 * A detector: input `hu` [N, 1, D, H, W], output `maps` [N, 6, D/2, H/2, W/2]. A cell's probability is (mean HU of its 8 voxels + 1000) / 2000,
 * the diameter 16 mm, malignancy 0.25, the offset 0.
 */
export function tinyDetector(names: { readonly input?: string; readonly output?: string } = {}): Buffer {
  const { input = 'hu', output = 'maps' } = names;
  const weights = new Float32Array(6 * 8).fill(1 / 2000 / 8, 0, 8);
  const bias = Float32Array.from([0.5, 0.25, 16, 0, 0, 0]);
  const conv = Buffer.concat([block(1, input), block(1, 'w'), block(1, 'b'), block(2, output), block(4, 'Conv'), integers('kernel_shape', [2, 2, 2]), integers('strides', [2, 2, 2])]);
  const graph = Buffer.concat([
    block(1, conv),
    tensor('w', [6, 1, 2, 2, 2], weights),
    tensor('b', [6], bias),
    block(2, 'tiny'),
    value(11, input, ['N', 1, 'D', 'H', 'W']),
    value(12, output, ['N', 6, 'D2', 'H2', 'W2']),
  ]);
  return Buffer.concat([number(1, 8), block(2, 'isocenter-test'), block(7, graph), block(8, Buffer.concat([block(1, ''), number(2, 17)]))]);
}

/** One node of a graph: operator, inputs, outputs, attributes as already written. */
function node(operator: string, inputs: readonly string[], outputs: readonly string[], attributes: readonly Buffer[] = []): Buffer {
  return block(1, Buffer.concat([...inputs.map((name) => block(1, name)), ...outputs.map((name) => block(2, name)), block(4, operator), ...attributes]));
}

function integer(name: string, value_: number): Buffer {
  return block(5, Buffer.concat([block(1, name), number(3, value_), number(20, 2)]));
}

interface GraphValue {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}

function modelOf(nodes: readonly Buffer[], constants: readonly Buffer[], input: GraphValue, outputs: readonly GraphValue[]): Buffer {
  const graph = Buffer.concat([...nodes, ...constants, block(2, 'tiny'), value(11, input.name, input.dims), ...outputs.map((output) => value(12, output.name, output.dims))]);
  return Buffer.concat([number(1, 8), block(2, 'isocenter-test'), block(7, graph), block(8, Buffer.concat([block(1, ''), number(2, 17)]))]);
}

/** For each label a weight per input channel and a bias: logit = Σ weight · channel + bias, at each place. */
export interface TinyLabels {
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

function conv(labels: TinyLabels, spatial: number, input: string, output: string): { nodes: Buffer[]; constants: Buffer[] } {
  const channels = labels.weights[0]!.length;
  return {
    nodes: [node('Conv', [input, 'w', 'b'], [output], [integers('kernel_shape', Array.from({ length: spatial }, () => 1))])],
    constants: [tensor('w', [labels.weights.length, channels, ...Array.from({ length: spatial }, () => 1)], Float32Array.from(labels.weights.flat())), tensor('b', [labels.weights.length], Float32Array.from(labels.bias))],
  };
}

/** A segmentation of volumes: `image` [N, 1, D, H, W] → `logits` [N, labels, D, H, W]. */
export function tinyVolumeLabels(labels: TinyLabels): Buffer {
  const { nodes, constants } = conv(labels, 3, 'image', 'logits');
  return modelOf(nodes, constants, { name: 'image', dims: ['N', 1, 'D', 'H', 'W'] }, [{ name: 'logits', dims: ['N', labels.weights.length, 'D', 'H', 'W'] }]);
}

/** A segmentation of pictures: `image` [N, C, H, W] → `logits` [N, labels, H, W]. */
export function tinyImageLabels(labels: TinyLabels): Buffer {
  const { nodes, constants } = conv(labels, 2, 'image', 'logits');
  return modelOf(nodes, constants, { name: 'image', dims: ['N', labels.weights[0]!.length, 'H', 'W'] }, [{ name: 'logits', dims: ['N', labels.weights.length, 'H', 'W'] }]);
}

/**
 * A classifier of pictures: `image` → `maps` [N, labels, H, W] → their mean `scores` [N, labels]. With `channelsLast` the image is [N, H, W, C], as Keras
 * exports it.
 */
export function tinyClassifier(labels: TinyLabels, channelsLast = false): Buffer {
  const count = labels.weights.length;
  const channels = labels.weights[0]!.length;
  const { nodes, constants } = conv(labels, 2, channelsLast ? 'planes' : 'image', 'maps');
  const turned = channelsLast ? [node('Transpose', ['image'], ['planes'], [integers('perm', [0, 3, 1, 2])])] : [];
  const pooled = [node('GlobalAveragePool', ['maps'], ['pooled']), node('Flatten', ['pooled'], ['scores'], [integer('axis', 1)])];
  const dims = channelsLast ? ['N', 'H', 'W', channels] : ['N', channels, 'H', 'W'];
  return modelOf([...turned, ...nodes, ...pooled], constants, { name: 'image', dims }, [{ name: 'scores', dims: ['N', count] }, { name: 'maps', dims: ['N', count, 'H', 'W'] }]);
}
