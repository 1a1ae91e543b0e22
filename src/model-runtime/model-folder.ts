import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelIdentity } from '../domain/findings.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import { derivedUid } from '../foundation/uid.ts';
import type { Manifest } from './manifest-schema.ts';
import { parseManifest } from './manifest.ts';

/** A model folder whose manifest holds and whose files are what the manifest says. */
export interface LoadedModel {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly identity: ModelIdentity;
  /** Stage id → absolute path of its weights; empty when the network runs elsewhere. */
  readonly stageFiles: ReadonlyMap<string, string>;
}

/** Why a folder cannot be used, a sentence each, with the line of model.yaml where it has one. */
export type FolderFaults = readonly string[];

/** Reads and checks a model folder: manifest, then the digest of every file it names. */
export async function loadModelFolder(folder: string): Promise<Result<LoadedModel, FolderFaults>> {
  let source: string;
  try {
    source = await readFile(path.join(folder, 'model.yaml'), 'utf8');
  } catch {
    return fault(['there is no readable model.yaml in the folder']);
  }
  const parsed = parseManifest(source);
  if (!parsed.ok) return fault(parsed.fault.map((f) => `model.yaml${f.line > 0 ? ` line ${f.line}` : ''}: ${[f.path, f.message].filter((part) => part !== '').join(' ')}`));
  const manifest = parsed.value;
  const stageFiles = new Map<string, string>();
  const faults: string[] = [];
  for (const stage of weightsOf(manifest)) {
    const file = path.resolve(folder, stage.file);
    if (path.relative(folder, file).startsWith('..')) faults.push(`${stage.file} lies outside the folder`);
    else faults.push(...(await checkFile(file, stage.file, stage.sha256)));
    stageFiles.set(stage.id, file);
  }
  if (faults.length > 0) return fault(faults);
  return ok({ folder, manifest, identity: identityOf(manifest, digestOf(source, manifest)), stageFiles });
}

/**
 * Puts the digests of the files that a manifest names into its text, where they differ; the rest of the text stays as it is.
 * Returns the names of the files whose digest changed; none when the manifest does not hold for another reason.
 */
export async function writeDigests(folder: string): Promise<readonly string[]> {
  const manifestFile = path.join(folder, 'model.yaml');
  let source = await readFile(manifestFile, 'utf8');
  const parsed = parseManifest(source);
  if (!parsed.ok) return [];
  const changed: string[] = [];
  for (const stage of weightsOf(parsed.value)) {
    const actual = createHash('sha256').update(await readFile(path.resolve(folder, stage.file))).digest('hex');
    if (actual === stage.sha256) continue;
    source = source.replace(stage.sha256, actual);
    changed.push(stage.file);
  }
  if (changed.length > 0) await writeFile(manifestFile, source);
  return changed;
}

async function checkFile(file: string, name: string, expected: string): Promise<string[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    return [`${name} is named in model.yaml but cannot be read`];
  }
  const actual = createHash('sha256').update(bytes).digest('hex');
  return actual === expected ? [] : [`${name} has SHA-256 ${actual}, model.yaml says ${expected}`];
}

/** Files the manifest names; none when the network runs elsewhere. */
function weightsOf({ runtime }: Manifest): readonly { readonly id: string; readonly file: string; readonly sha256: string }[] {
  return runtime.kind === 'onnx' ? runtime.stages : [];
}

/** Over the manifest's text and the digests of its files in the order it names them: any change makes another model. */
function digestOf(source: string, manifest: Manifest): string {
  const hash = createHash('sha256').update(`${Buffer.byteLength(source)}:`).update(source);
  for (const stage of weightsOf(manifest)) hash.update(stage.sha256);
  return hash.digest('hex');
}

function identityOf(manifest: Manifest, digest: string): ModelIdentity {
  return {
    id: manifest.id,
    version: manifest.version,
    name: manifest.name,
    manufacturer: manifest.vendor.name,
    digest,
    deviceUid: derivedUid('model', manifest.id, digest),
    family: manifest.algorithm.family,
    parameters: parametersOf(manifest),
    regulatoryStatus: manifest.regulatory.statement ?? statusText(manifest.regulatory.status),
    procedure: manifest.procedure,
  };
}

function parametersOf(manifest: Manifest): string[] {
  return manifest.postprocess.flatMap((step) => {
    if (step.op === 'threshold') return [`threshold.${step.label}=${step.value}`];
    if (step.op === 'minimum-size') return [`minimumMm.${step.label}=${step.minMm}`];
    return [];
  });
}

function statusText(status: Manifest['regulatory']['status']): string {
  if (status === 'none') return 'No regulatory clearance; demonstration only';
  if (status === 'investigational') return 'Investigational; not for clinical use';
  return `Regulatory status: ${status}`;
}
