import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { loadModelFolder, type LoadedModel } from './model-folder.ts';

export interface ModelCatalogue {
  readonly models: readonly LoadedModel[];
  /** Folders that cannot be used, and why; the others go on. */
  readonly quarantined: readonly QuarantinedFolder[];
}

export interface QuarantinedFolder {
  readonly folder: string;
  readonly reasons: readonly string[];
}

/** Looks through a folder of model folders. Never throws for what one of them holds; a missing folder is an empty catalogue. */
export async function readCatalogue(modelsDir: string): Promise<ModelCatalogue> {
  const names = await subfolders(modelsDir);
  const models: LoadedModel[] = [];
  const quarantined: QuarantinedFolder[] = [];
  for (const name of names) {
    const folder = path.join(modelsDir, name);
    const loaded = await loadModelFolder(folder);
    const twin = loaded.ok ? models.find((model) => isSameVersion(model, loaded.value)) : undefined;
    if (!loaded.ok) quarantined.push({ folder, reasons: loaded.fault });
    else if (twin !== undefined) quarantined.push({ folder, reasons: [`${twin.identity.id} ${twin.identity.version} is already in the folder ${path.basename(twin.folder)}; another build needs another version`] });
    else models.push(loaded.value);
  }
  return { models, quarantined };
}

/** Two versions of a model may lie side by side, two builds under one version may not. */
function isSameVersion(a: LoadedModel, b: LoadedModel): boolean {
  return a.identity.id === b.identity.id && a.identity.version === b.identity.version;
}

/**
 * What the files under a models folder are at the moment, to notice a change without reading them: names, sizes, times of change.
 * A folder that goes away while it is looked at counts as changed.
 */
export async function catalogueSignature(modelsDir: string): Promise<string> {
  const lines: string[] = [];
  for (const name of await subfolders(modelsDir)) {
    const folder = path.join(modelsDir, name);
    const files = await readdir(folder).catch((): string[] => []);
    for (const file of files.sort()) {
      const facts = await stat(path.join(folder, file)).catch(() => null);
      lines.push(`${name}/${file} ${facts === null ? 'gone' : `${facts.size} ${facts.mtimeMs}`}`);
    }
  }
  return lines.join('\n');
}

async function subfolders(modelsDir: string): Promise<string[]> {
  try {
    const entries = await readdir(modelsDir, { withFileTypes: true });
    return entries.filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.')).map((entry) => entry.name).sort();
  } catch {
    return [];
  }
}
