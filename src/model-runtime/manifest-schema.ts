import { z } from 'zod';
import { parseExpression } from '../domain/expression.ts';
import { phantoms } from '../phantoms/catalogue.ts';
import { postprocessSteps, qualityChecks } from './manifest-operations.ts';
import { code, explain, identifier, inputs, outputs } from './manifest-tensors.ts';

/**
 * The form of model.yaml, version 1. Closed: a key or an operation exists here only when the runtime carries it out.
 * What each part means is in docs/models/manifest.md.
 */

const text = z.string().min(1);
const range = z.strictObject({ min: z.number().optional(), max: z.number().optional() });
const words = z.array(text).min(1);
const expression = z.string().superRefine((value, context) => {
  const parsed = parseExpression(value);
  if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.fault });
});

const regulatory = z
  .strictObject({
    status: z.enum(['none', 'investigational', 'fda-510k', 'fda-denovo', 'fda-pma', 'ce-mdr-i', 'ce-mdr-iia', 'ce-mdr-iib', 'ce-mdr-iii', 'nmpa', 'other']),
    clinicalUse: z.boolean(),
    statement: text.max(128).optional(),
    identifiers: z.array(z.strictObject({ scheme: z.enum(['UDI-DI', '510k', 'CE', 'NMPA', 'GMDN', 'other']), value: text })).optional(),
  })
  .refine((r) => !r.clinicalUse || (r.status !== 'none' && r.status !== 'investigational'), { path: ['clinicalUse'], message: 'can be true only with a regulatory status that allows it' });

const modelCard = z.strictObject({
  file: text.optional(),
  trainingData: text.optional(),
  testData: text.optional(),
  annotation: text.optional(),
  metrics: z
    .array(z.strictObject({ name: text, value: z.number(), ci95: z.tuple([z.number(), z.number()]).optional(), subgroup: text.optional(), dataset: text.optional(), n: z.number().int().optional() }))
    .optional(),
  limitations: z.array(text).optional(),
  biasRisks: z.array(text).optional(),
  references: z.array(text).optional(),
});

const sha256 = z.string('must be a quoted text: YAML reads an all-digit digest as a number').regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in small letters');

const onnxRuntime = z.strictObject({
  kind: z.literal('onnx'),
  executionProviders: z.array(z.enum(['cpu', 'cuda', 'tensorrt'])).min(1).default(['cpu']),
  intraOpThreads: z.number().int().min(1).max(256).optional(),
  stages: z.array(z.strictObject({ id: identifier, file: text, sha256, opset: z.number().int().optional(), irVersion: z.number().int().optional() })).min(1),
});

const kserveRuntime = z.strictObject({
  kind: z.literal('kserve-v2'),
  url: z.string().regex(/^https?:\/\/[^\s]+$/, 'must be an http or https address'),
  tokenEnv: z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of an environment variable').optional().describe('variable that holds the bearer token of the server'),
  stages: z.array(z.strictObject({ id: identifier, modelName: text, modelVersion: text.optional() })).min(1),
});

/** Runtimes by `kind`; the parser looks at `kind` first, so that its faults are about the runtime that was meant. */
export const runtimes = { onnx: onnxRuntime, 'kserve-v2': kserveRuntime } as const;

const eligibility = z.strictObject({
  modality: words,
  sopClassUid: z.array(z.string().regex(/^[0-9.]+$/, 'must be a UID')).optional(),
  bodyPart: words.optional(),
  notText: words.optional(),
  imageTypeExclude: words.optional(),
  orientation: z.enum(['axial', 'coronal', 'sagittal', 'any']).optional(),
  orientationToleranceDeg: z.number().min(0).max(45).optional(),
  sliceThicknessMm: range.optional(),
  sliceSpacingMm: range.optional(),
  pixelSpacingMm: range.optional(),
  coverageMm: range.optional(),
  slices: range.optional(),
  patientAgeYears: range.optional(),
  kernelPreferred: words.optional(),
  lossyAllowed: z.boolean().optional(),
  soft: z.array(z.enum(['bodyPart', 'sliceThicknessMm', 'sliceSpacingMm', 'pixelSpacingMm', 'coverageMm', 'slices', 'patientAgeYears'])).optional(),
  selection: z.enum(['thinnest', 'most-slices', 'newest']).optional(),
  onMissingTag: z.enum(['reject', 'warn', 'accept']).optional(),
});

const label = z.strictObject({
  id: identifier,
  name: text,
  category: code,
  property: code,
  anatomy: code,
  normal: z.boolean().default(false).describe('said of a healthy picture: no finding'),
  colorRgb: z.tuple([z.number().int().min(0).max(255), z.number().int().min(0).max(255), z.number().int().min(0).max(255)]).default([255, 90, 0]),
});

const measurement = z.strictObject({
  id: identifier,
  of: identifier,
  kind: z.enum(['long-axis', 'short-axis', 'volume', 'mean-intensity', 'sd-intensity', 'probability', 'channel', 'regression', 'edv', 'esv', 'stroke-volume', 'ejection-fraction', 'mass']),
  densityGPerMl: z.number().positive().optional(),
  edOf: identifier.optional().describe('mass: the label whose largest volume marks the phase'),
  channel: identifier.optional(),
  minLongAxisMm: z.number().positive().optional(),
  unit: code,
  code,
  derivation: code.optional(),
  method: code.optional(),
  round: z.number().int().min(0).max(6).default(1),
});

const evaluation = z.strictObject({
  id: identifier,
  of: identifier,
  kind: z.enum(['nodule-texture', 'calcification']),
  code,
  values: z.record(identifier, code),
});

const SELF_TEST_INPUT = new RegExp(`^phantom:(${Object.keys(phantoms).join('|')}):\\d+(:slices=\\d+)?(:matrix=\\d+)?$`);

const review = z
  .strictObject({ required: z.enum(['always', 'when-positive', 'never']), releaseBeforeReview: z.boolean().optional() })
  .refine((r) => r.required !== 'always' || r.releaseBeforeReview !== true, { path: ['releaseBeforeReview'], message: 'cannot be true when review is always required' });

/** Everything but `runtime`. */
export const manifestShape = {
  schemaVersion: z.literal('1', 'must be "1" (quoted)'),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{2,62}$/, 'must be 3–63 small letters, digits and "-"'),
  version: z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'must be a version like 1.4.0'),
  name: text.max(64),
  description: text.optional(),
  vendor: z.strictObject({ name: text.max(64), url: text.optional(), contact: text.optional() }),
  license: text,
  provenance: z.enum(['reference-phantom', 'research', 'clinical']),
  algorithm: z.strictObject({ family: code, source: text.optional() }),
  procedure: code,
  intendedUse: z.strictObject({
    role: z.enum(['triage', 'second-reader', 'concurrent-reader', 'quantification', 'quality-control', 'research']),
    statement: text,
    indications: words,
    notFor: words,
    users: words.optional(),
  }),
  regulatory,
  modelCard: modelCard.optional(),
  eligibility,
  quality: z.array(qualityChecks).default([]),
  inputs: z.array(inputs).length(1, 'exactly one input is supported'),
  outputs: z.array(outputs).min(1),
  postprocess: z.array(postprocessSteps).default([]),
  explain: explain.optional(),
  labels: z.array(label).min(1),
  measurements: z.array(measurement).default([]),
  evaluations: z.array(evaluation).default([]),
  results: z.array(z.strictObject({ type: z.enum(['sr-tid1500', 'seg', 'parametric-map', 'fhir-diagnosticreport']), when: z.enum(['always', 'positive']).default('always') })).min(1),
  urgency: z.array(z.strictObject({ when: expression, level: z.enum(['routine', 'priority', 'urgent']), reason: text })).default([]),
  review,
  resources: z.strictObject({ timeoutSec: z.number().int().min(1).max(86_400), memoryMiB: z.number().int().min(64) }),
  selfTest: z.array(z.strictObject({ input: z.string().regex(SELF_TEST_INPUT, `must be phantom:<name>:<seed>, where wanted with :slices=<n> and :matrix=<n>; phantoms are ${Object.keys(phantoms).join(', ')}`), expect: z.array(expression).min(1) })).default([]),
};

export const manifestSchema = z.strictObject({ ...manifestShape, runtime: z.discriminatedUnion('kind', [onnxRuntime, kserveRuntime]) });

export type Manifest = z.infer<typeof manifestSchema>;
export type LabelSpec = z.infer<typeof label>;
export type MeasurementSpec = z.infer<typeof measurement>;
export type EvaluationSpec = z.infer<typeof evaluation>;
