import { z } from 'zod';
import { imageTransforms, oneOf, volumeTransforms } from './manifest-operations.ts';

/** What goes into a network and what comes out, as model.yaml says it. Meaning: docs/models/manifest.md. */

const text = z.string().min(1);
const count = z.number().int().min(1);
export const identifier = z.string().regex(/^[a-z][A-Za-z0-9-]*$/, 'must begin with a small letter and hold letters, digits and "-" only');
export const code = z.strictObject({ scheme: text.max(16), value: text.max(16), meaning: text.max(64) });
const positive = z.number().positive();

const axisIds = z.enum(['n', 'c', 'z', 'y', 'x']);
const axis = z.strictObject({ id: axisIds, size: count.optional(), max: count.optional(), multipleOf: count.optional() });
const spelled = (orders: readonly string[]) => z.array(axis).refine((axes) => orders.includes(axes.map((a) => a.id).join('')), `must be ${orders.map((order) => order.split('').join(', ')).join(' or ')}`);

const tilesOverOrgan = z.strictObject({ mode: z.literal('tiles-over-organ'), organ: z.literal('lung'), maxSize: z.number().int().min(16).max(512), margin: z.number().int().min(0), multipleOf: count });
const sliding = z.strictObject({ mode: z.literal('sliding'), size: z.tuple([count, count, count]), overlap: z.number().min(0).max(0.9).default(0.5), blend: z.enum(['gaussian', 'constant']).default('gaussian'), sigmaScale: positive.default(0.125) });

const volumeInput = z.strictObject({
  tensor: text,
  stage: identifier,
  source: z.literal('volume'),
  dtype: z.literal('float32'),
  axes: spelled(['nczyx', 'nzyxc']),
  orientation: z.string().regex(/^([LR][AP][SI]|native)$/, 'must be three letters such as LPS or RAS (where x, y and z grow towards), or native'),
  spacingMm: z.tuple([positive, positive, positive]),
  resample: z.strictObject({ image: z.literal('linear') }),
  pad: z.strictObject({ mode: z.literal('edge') }),
  transforms: z.array(volumeTransforms),
  window: oneOf('mode', 'window', [tilesOverOrgan, sliding] as const),
});

const resize = z.strictObject({ mode: z.enum(['letterbox', 'stretch', 'crop-center']), size: z.tuple([count, count]), pad: z.number().default(0) });

const imageInput = z.strictObject({
  tensor: text,
  stage: identifier,
  source: z.literal('image'),
  dtype: z.literal('float32'),
  axes: spelled(['ncyx', 'nyxc']),
  transforms: z.array(imageTransforms),
  resize,
});

const cineInput = z.strictObject({
  tensor: text,
  stage: identifier,
  source: z.literal('cine'),
  dtype: z.literal('float32'),
  axes: spelled(['ncyx', 'nyxc']),
  spacingMm: z.tuple([positive, positive]).describe('y x, before the resize'),
  transforms: z.array(imageTransforms),
  resize,
});

export const inputs = z.discriminatedUnion('source', [volumeInput, imageInput, cineInput], { error: (issue) => (issue.code === 'invalid_union' ? 'is no known source; known are volume, image, cine' : undefined) });

const channel = z.number().int().min(0);
const detectionMap = z.strictObject({
  tensor: text,
  stage: identifier,
  kind: z.literal('detection-map'),
  label: identifier,
  cell: z.number().int().min(1).max(16),
  channelCount: z.number().int().min(5),
  channels: z.strictObject({ probability: channel, diameterMm: channel, offsetZMm: channel, offsetYMm: channel, offsetXMm: channel, further: z.record(identifier, channel).default({}) }),
});

const labelled = { tensor: text, stage: identifier, labels: z.array(identifier).min(1) };
const layout = z.enum(['channels-first', 'channels-last']).default('channels-first');
const calibration = z.strictObject({ temperature: positive.default(1), bias: z.number().default(0) }).default({ temperature: 1, bias: 0 });
/** What the statement is about: the concept of the evaluation, `id` its name in conditions. */
const statement = { id: identifier, code };

const classification = z.strictObject({ ...labelled, ...statement, kind: z.literal('classification'), activation: z.enum(['softmax', 'none']), calibration });
const ordinal = z.strictObject({ ...labelled, ...statement, kind: z.literal('ordinal'), activation: z.enum(['softmax', 'none']), calibration });
const multilabel = z.strictObject({ ...labelled, kind: z.literal('multilabel'), activation: z.enum(['sigmoid', 'none']), calibration });
const heatmap = z.strictObject({ ...labelled, kind: z.literal('heatmap'), activation: z.enum(['sigmoid', 'softmax', 'none']), layout });
const segmentation = z.strictObject({ ...labelled, kind: z.literal('segmentation'), activation: z.enum(['softmax', 'sigmoid', 'none']), layout });
const regression = z.strictObject({ tensor: text, stage: identifier, kind: z.literal('regression'), names: z.array(identifier).min(1) });
const features = z.strictObject({ tensor: text, stage: identifier, kind: z.literal('features') });

export const outputs = oneOf('kind', 'output', [detectionMap, classification, multilabel, ordinal, heatmap, segmentation, regression, features] as const);

export const explain = oneOf('method', 'explanation', [
  /** A heat map or segmentation the network gives anyhow. */
  z.strictObject({ method: z.literal('output-map'), tensor: text }),
  /** `features`: [n, channels, y, x]; `weights`: [labels, channels]; both outputs of the network, labels those of the first output. */
  z.strictObject({ method: z.literal('cam'), features: text, weights: text }),
  /** Pixels of the network's input; one more run for each patch. */
  z.strictObject({ method: z.literal('occlusion'), patch: z.tuple([count, count]), stride: z.tuple([count, count]) }),
] as const);

export type InputSpec = z.infer<typeof inputs>;
export type VolumeInputSpec = z.infer<typeof volumeInput>;
export type ImageInputSpec = z.infer<typeof imageInput>;
export type CineInputSpec = z.infer<typeof cineInput>;
export type OutputSpec = z.infer<typeof outputs>;
export type DetectionMapSpec = z.infer<typeof detectionMap>;
export type SegmentationSpec = z.infer<typeof segmentation>;
export type HeatmapSpec = z.infer<typeof heatmap>;
export type ExplainSpec = z.infer<typeof explain>;
