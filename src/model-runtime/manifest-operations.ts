import { z } from 'zod';

/**
 * The closed vocabulary of a manifest's lists: each entry names an operation that the runtime carries out, with its settings.
 * An unknown name is refused with the list of known ones.
 */

const action = z.enum(['reject', 'warn']);
const positive = z.number().positive();
const name = z.string().min(1);

function oneOf<Options extends readonly [z.ZodObject, ...z.ZodObject[]]>(key: string, what: string, options: Options) {
  const known = options.map((option) => (option.shape[key] as z.ZodLiteral).value).join(', ');
  return z.discriminatedUnion(key, options as unknown as [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]], {
    error: (issue) => (issue.code === 'invalid_union' ? `is no known ${what}; known are ${known}` : undefined),
  }) as unknown as z.ZodType<z.infer<Options[number]>>;
}

/** Intensity transforms, in order, on the values of the source. */
export const transforms = oneOf('op', 'transform', [
  /** Stored values → output units (HU) by Rescale Slope and Intercept; padding becomes −1024. Must come first. */
  z.strictObject({ op: z.literal('modality-lut') }),
  z.strictObject({ op: z.literal('clip'), min: z.number(), max: z.number() }),
] as const);

/** Checks of the volume before inference; what they measure is in model-steps/quality-checks.ts. */
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
] as const);

export const postprocessSteps = oneOf('op', 'postprocessing step', [
  z.strictObject({ op: z.literal('local-maxima'), min: z.number().min(0).max(1) }),
  z.strictObject({ op: z.literal('keep-inside'), organ: z.literal('lung') }),
  z.strictObject({ op: z.literal('nms-points'), radiusMm: positive, perDiameter: z.number().min(0) }),
  z.strictObject({ op: z.literal('threshold'), label: name, value: z.number().min(0).max(1) }),
  z.strictObject({ op: z.literal('outline-nodule'), label: name }),
  z.strictObject({ op: z.literal('minimum-size'), label: name, minMm: positive }),
] as const);

export type QualitySpec = z.infer<typeof qualityChecks>;
export type PostprocessSpec = z.infer<typeof postprocessSteps>;
