import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { readPart10 } from '../../standards/dicom/part10.ts';

export interface ReadObjects {
  readonly objects: readonly { readonly name: string; readonly dataSet: DataSet }[];
  /** Files that are no DICOM, a sentence each. */
  readonly faults: readonly string[];
}

/** Reads DICOM files, and those in folders, into memory; names are the files' as given. */
export function readObjects(names: readonly string[]): ReadObjects {
  const objects: { name: string; dataSet: DataSet }[] = [];
  const faults: string[] = [];
  for (const name of names.flatMap((given) => expand(given, faults))) {
    const read = readPart10(readFileSync(name));
    if (read.ok) objects.push({ name, dataSet: read.value.dataSet });
    else faults.push(`${name}: ${read.fault.code} ${read.fault.message}`);
  }
  return { objects, faults };
}

function expand(name: string, faults: string[]): string[] {
  const found = statSync(name, { throwIfNoEntry: false });
  if (found === undefined) {
    faults.push(`${name}: no such file or folder`);
    return [];
  }
  if (!found.isDirectory()) return [name];
  return readdirSync(name, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.dcm')).map((entry) => path.join(entry.parentPath, entry.name)).sort();
}
