import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { fault, ok, type Result } from '../foundation/result.ts';
import { manifestSchema, runtimes, type Manifest } from './manifest-schema.ts';
import { findPipeline, type Pipeline } from './pipeline.ts';

export interface ManifestFault {
  /** 1-based; 0 when the fault belongs to the whole file. */
  readonly line: number;
  /** For example `runtime.stages[0].sha256`; '' for the whole file. */
  readonly path: string;
  /** A sentence. */
  readonly message: string;
}

/**
 * Parses and checks the text of a model.yaml (YAML 1.2). All faults are reported at once, in the order of their lines.
 * What lies outside the file (digests, weights) is checked by model-folder.ts.
 */
export function parseManifest(source: string): Result<Manifest, readonly ManifestFault[]> {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) return fault(document.errors.map((error) => ({ line: error.linePos?.[0].line ?? 0, path: '', message: firstLine(error.message) })));
  if (!isMap(document.contents)) return fault([{ line: 1, path: '', message: 'the file is not a mapping of keys to values' }]);
  const values: unknown = document.toJS();
  const runtimeFault = unknownRuntime(values, document, lines);
  if (runtimeFault !== undefined) return fault([runtimeFault]);
  const parsed = manifestSchema.safeParse(values);
  const found = parsed.success ? crossChecks(parsed.data) : parsed.error.issues.flatMap(explain);
  if (!parsed.success || found.length > 0) return fault(found.map((issue) => place(issue, document, lines)).sort((a, b) => a.line - b.line));
  return ok(parsed.data);
}

type Path = readonly (string | number)[];

interface Issue {
  readonly path: Path;
  readonly message: string;
}

function unknownRuntime(values: unknown, document: Document, lines: LineCounter): ManifestFault | undefined {
  const kind = (values as { runtime?: { kind?: unknown } }).runtime?.kind;
  if (kind === undefined || (typeof kind === 'string' && Object.hasOwn(runtimes, kind))) return undefined;
  return place({ path: ['runtime', 'kind'], message: `${JSON.stringify(kind)} is no known runtime; known are ${Object.keys(runtimes).join(', ')}` }, document, lines);
}

function explain(issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a key the manifest knows here' }));
  if (issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('received undefined')) return [{ path, message: 'is missing' }];
  return [{ path, message: issue.message }];
}

/** The label of what is nothing; it needs no entry under `labels`. */
export const BACKGROUND = 'background';

const POSTPROCESS_ORDER = ['local-maxima', 'keep-inside', 'nms-points', 'threshold', 'outline-nodule', 'minimum-size'];

/** What a schema cannot say: names that must exist elsewhere in the file, and orders. */
function crossChecks(manifest: Manifest): Issue[] {
  const issues: Issue[] = [];
  const stages = manifest.runtime.stages.map((stage) => stage.id);
  const labels = manifest.labels.map((label) => label.id);
  const mustBe = (list: readonly string[], value: string, path: Path, what: string) => {
    if (!list.includes(value)) issues.push({ path, message: `"${value}" is no ${what}; there are ${list.join(', ')}` });
  };
  manifest.inputs.forEach((input, i) => mustBe(stages, input.stage, ['inputs', i, 'stage'], 'stage of the runtime'));
  manifest.outputs.forEach((output, i) => {
    mustBe(stages, output.stage, ['outputs', i, 'stage'], 'stage of the runtime');
    if (output.kind === 'detection-map') mustBe(labels, output.label, ['outputs', i, 'label'], 'label');
    if ('labels' in output) output.labels.forEach((label, k) => mustBe([...labels, BACKGROUND], label, ['outputs', i, 'labels', k], 'label'));
  });
  const further = manifest.outputs.flatMap((output) => (output.kind === 'detection-map' ? Object.keys(output.channels.further) : []));
  const names = manifest.outputs.flatMap((output) => (output.kind === 'regression' ? output.names : []));
  manifest.measurements.forEach((m, i) => {
    if (m.kind === 'regression') mustBe(names, m.of, ['measurements', i, 'of'], 'name of a regression');
    else mustBe(labels, m.of, ['measurements', i, 'of'], 'label');
    if (m.kind === 'mass') mustBe(labels, m.edOf ?? '', ['measurements', i, 'edOf'], 'label');
    if (m.kind === 'channel') mustBe(further, m.channel ?? '', ['measurements', i, 'channel'], 'further channel of the output');
  });
  manifest.evaluations.forEach((e, i) => mustBe(labels, e.of, ['evaluations', i, 'of'], 'label'));
  const pipeline = findPipeline(manifest);
  if (!pipeline.ok) issues.push({ path: ['outputs'], message: pipeline.fault });
  else issues.push(...checkKinds(manifest, pipeline.value));
  return issues;
}

const PICTURE_CHECKS: readonly string[] = ['blur-laplacian', 'exposure', 'field-of-view', 'image-size', 'photometric', 'laterality', 'view', 'burned-in'];

/** What only some pipelines can do. */
function checkKinds(manifest: Manifest, pipeline: Pipeline): Issue[] {
  const issues: Issue[] = [];
  const inPictures = pipeline.kind === 'images' || pipeline.kind === 'cine-labels';
  manifest.quality.forEach(({ check }, i) => {
    const ofVolumes = !PICTURE_CHECKS.includes(check);
    const alsoOfCine = check === 'uniform-spacing';
    if (inPictures === ofVolumes && !(pipeline.kind === 'cine-labels' && alsoOfCine)) issues.push({ path: ['quality', i], message: `the check ${check} is one of ${ofVolumes ? 'volumes' : 'pictures'}, the input is a ${manifest.inputs[0]!.source}` });
  });
  if (pipeline.kind === 'detection') issues.push(...orderOfSteps(manifest));
  else
    manifest.postprocess.forEach(({ op }, i) => {
      if (op === 'local-maxima' || op === 'keep-inside' || op === 'nms-points' || op === 'outline-nodule') issues.push({ path: ['postprocess', i], message: `${op} is a step of a detection-map` });
    });
  if (manifest.explain !== undefined && pipeline.kind !== 'images') issues.push({ path: ['explain'], message: 'is carried out for pictures only' });
  if (!inPictures && manifest.inputs[0]!.transforms[0]?.op !== 'modality-lut') issues.push({ path: ['inputs', 0, 'transforms'], message: 'must begin with modality-lut' });
  return issues;
}

function orderOfSteps(manifest: Manifest): Issue[] {
  const names = manifest.postprocess.map((step) => step.op);
  const sorted = POSTPROCESS_ORDER.filter((op) => names.includes(op as (typeof names)[number]));
  const issues: Issue[] = [];
  if (names.join() !== sorted.join()) issues.push({ path: ['postprocess'], message: `must be in this order, each once: ${POSTPROCESS_ORDER.join(', ')}` });
  for (const needed of ['local-maxima', 'nms-points', 'threshold', 'outline-nodule'] as const)
    if (!names.includes(needed)) issues.push({ path: ['postprocess'], message: `a detection-map needs the step ${needed}` });
  return issues;
}

function place({ path, message }: Issue, document: Document, lines: LineCounter): ManifestFault {
  return { line: lineOf(path, document, lines), path: spell(path), message };
}

/** Line of the node, or of the nearest one around it that exists. */
function lineOf(path: Path, document: Document, lines: LineCounter): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const parent = depth === 0 ? undefined : document.getIn(path.slice(0, depth - 1), true);
    const key = path[depth - 1];
    const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
    const node = pair?.key ?? document.getIn(path.slice(0, depth), true);
    const offset = (node as { range?: readonly number[] } | undefined)?.range?.[0];
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return 0;
}

function spell(path: Path): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`), '');
}

function firstLine(message: string): string {
  return message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}
