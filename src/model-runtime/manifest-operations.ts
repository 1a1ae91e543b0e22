import { z } from 'zod';

/**
 * The closed vocabulary of a manifest's lists: each entry names an operation that the runtime carries out, with its settings.
 * An unknown name is refused with the list of known ones.
 */

const action = z.enum(['reject', 'warn']);
const positive = z.number().positive();
const name = z.string().min(1);

/** A list of forms told apart by `key`; anything else is refused with the names that exist. */
export function oneOf<Options extends readonly [z.ZodObject, ...z.ZodObject[]]>(key: string, what: string, options: Options) {
  const known = options.map((option) => (option.shape[key] as z.ZodLiteral).value).join(', ');
  return z.discriminatedUnion(key, options as unknown as [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]], {
    error: (issue) => (issue.code === 'invalid_union' ? `is no known ${what}; known are ${known}` : undefined),
  }) as unknown as z.ZodType<z.infer<Options[number]>>;
}

const clip = z.strictObject({ op: z.literal('clip'), min: z.number(), max: z.number() });
const affine = z.strictObject({ op: z.literal('affine'), mean: z.number(), std: positive });
const zscore = z.strictObject({ op: z.literal('zscore'), foregroundAbove: z.number().optional() });
const minMax = z.strictObject({ op: z.literal('min-max'), outMin: z.number().default(0), outMax: z.number().default(1) });
const percentile = z.strictObject({ op: z.literal('percentile'), lo: z.number().min(0).max(100), hi: z.number().min(0).max(100), outMin: z.number().default(0), outMax: z.number().default(1) });

/** Intensity transforms of a volume, in order, on float32 values after resampling. */
export const volumeTransforms = oneOf('op', 'transform', [
  /** Stored values → output units (HU) by Rescale Slope and Intercept; padding becomes −1024. Must come first. */
  z.strictObject({ op: z.literal('modality-lut') }),
  clip,
  affine,
  zscore,
  minMax,
  percentile,
] as const);

/** Transforms of one picture, in order; those that cut or turn it come before the resize, which comes last. */
export const imageTransforms = oneOf('op', 'transform', [
  /** Rescale Slope and Intercept, where the picture has them. */
  z.strictObject({ op: z.literal('modality-lut') }),
  /** Window of the picture, or its whole range, to outMin–outMax; with centre and width that window. */
  z.strictObject({ op: z.literal('window'), center: z.number().optional(), width: positive.optional(), outMin: z.number().default(0), outMax: z.number().default(255) }),
  /** Low = white becomes low = black, for MONOCHROME1 alone. */
  z.strictObject({ op: z.literal('invert-monochrome1') }),
  z.strictObject({ op: z.literal('to-rgb') }),
  z.strictObject({ op: z.literal('to-grey') }),
  clip,
  affine,
  zscore,
  minMax,
  percentile,
  /** 0–255 → ImageNet mean and deviation, by channel. */
  z.strictObject({ op: z.literal('imagenet') }),
  z.strictObject({ op: z.literal('crop-circle') }),
  z.strictObject({ op: z.literal('crop-foreground'), threshold: z.number().min(0).max(1).default(0.1) }),
  z.strictObject({ op: z.literal('flip-to-left') }),
] as const);

/** Checks before inference; what they measure is in model-steps/quality-checks.ts (volumes) and image-quality.ts (pictures). */
export const qualityChecks = oneOf('check', 'quality check', [
  z.strictObject({ check: z.literal('uniform-spacing'), max: positive.describe('largest deviation from the median spacing, mm'), action }),
  z.strictObject({ check: z.literal('missing-slices'), max: z.number().int().min(0), action }),
  z.strictObject({ check: z.literal('duplicate-slices'), max: z.number().int().min(0), action }),
  z.strictObject({ check: z.literal('tilt'), max: positive.describe('degrees'), action }),
  z.strictObject({ check: z.literal('hu-plausible'), airMax: z.number(), tissueMin: z.number(), tissueMax: z.number(), action }),
  z.strictObject({ check: z.literal('organ-present'), organ: z.literal('lung'), minMl: positive, maxMl: positive, action }),
  z.strictObject({ check: z.literal('organ-complete'), organ: z.literal('lung'), action }),
  z.strictObject({ check: z.literal('body-part-match'), organ: z.literal('lung'), action }),
  z.strictObject({ check: z.literal('noise-sd'), max: positive.describe('HU in soft tissue'), action }),
  z.strictObject({ check: z.literal('blur-laplacian'), min: positive, action }),
  z.strictObject({ check: z.literal('exposure'), min: z.number().min(0).max(1), max: z.number().min(0).max(1), action }),
  z.strictObject({ check: z.literal('field-of-view'), min: z.number().min(0).max(1).describe('share of the picture that is exposed'), action }),
  z.strictObject({ check: z.literal('image-size'), minRows: z.number().int().min(1), minColumns: z.number().int().min(1), action }),
  z.strictObject({ check: z.literal('photometric'), allow: z.array(name).min(1), action }),
  z.strictObject({ check: z.literal('laterality'), action }),
  z.strictObject({ check: z.literal('view'), allow: z.array(name).min(1), action }),
  z.strictObject({ check: z.literal('burned-in'), action }),
] as const);

export const postprocessSteps = oneOf('op', 'postprocessing step', [
  z.strictObject({ op: z.literal('local-maxima'), min: z.number().min(0).max(1) }),
  z.strictObject({ op: z.literal('keep-inside'), organ: z.literal('lung') }),
  z.strictObject({ op: z.literal('nms-points'), radiusMm: positive, perDiameter: z.number().min(0) }),
  z.strictObject({ op: z.literal('threshold'), label: name, value: z.number().min(0).max(1) }),
  z.strictObject({ op: z.literal('outline-nodule'), label: name }),
  z.strictObject({ op: z.literal('minimum-size'), label: name, minMm: positive }),
  /** Segmentations. */
  z.strictObject({ op: z.literal('largest-component'), label: name }),
  z.strictObject({ op: z.literal('fill-holes'), label: name }),
  /** Heat maps: parts at or above `min`, at least `minPixels` of the map, become boxes; at most `most` a label and image. */
  z.strictObject({ op: z.literal('heat-boxes'), min: z.number().min(0).max(1), minPixels: z.number().int().min(1).default(1), most: z.number().int().min(1).default(20) }),
] as const);

export type QualitySpec = z.infer<typeof qualityChecks>;
export type PostprocessSpec = z.infer<typeof postprocessSteps>;
export type VolumeTransformSpec = z.infer<typeof volumeTransforms>;
export type ImageTransformSpec = z.infer<typeof imageTransforms>;
