import { readdir } from 'node:fs/promises';
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
    const twin = loaded.ok ? models.find((model) => model.identity.id === loaded.value.identity.id) : undefined;
    if (!loaded.ok) quarantined.push({ folder, reasons: loaded.fault });
    else if (twin !== undefined) quarantined.push({ folder, reasons: [`the id ${twin.identity.id} is already used by the folder ${path.basename(twin.folder)}`] });
    else models.push(loaded.value);
  }
  return { models, quarantined };
}

async function subfolders(modelsDir: string): Promise<string[]> {
  try {
    const entries = await readdir(modelsDir, { withFileTypes: true });
    return entries.filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.')).map((entry) => entry.name).sort();
  } catch {
    return [];
  }
}
