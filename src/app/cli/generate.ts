import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isPhantomName, phantoms, type PhantomName } from '../../phantoms/catalogue.ts';
import { UsageError } from './command-config.ts';

export interface GenerateOptions {
  readonly seed: string;
  readonly out: string;
  readonly freshUids?: boolean;
  readonly slices?: string;
  readonly matrix?: string;
  readonly findings?: string;
}

/** `isocenter generate <phantom> --seed N --out DIR`: one study a seed, fixed by the seed, with its truth beside the files. */
export function generate(phantom: string, options: GenerateOptions): number {
  if (!isPhantomName(phantom)) throw new UsageError(`there is no phantom ${phantom}; there is ${Object.keys(phantoms).join(', ')}`);
  const seeds = seedRange(options.seed);
  for (const seed of seeds) {
    const folder = seeds.length === 1 ? options.out : path.join(options.out, `seed-${seed}`);
    console.log(`${folder}: ${writeStudy(phantom, seed, folder, options)}`);
  }
  return 0;
}

/** Reads `7` or `1-20`. */
export function seedRange(text: string): number[] {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match === null || last < first || last - first >= 10_000) throw new UsageError(`--seed ${text}: a seed is written 7, a range 1-20`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function writeStudy(phantom: PhantomName, seed: number, folder: string, options: GenerateOptions): string {
  const study = phantoms[phantom](seed, {
    freshUids: options.freshUids === true,
    ...(options.slices === undefined ? {} : { slices: count('--slices', options.slices) }),
    ...(options.matrix === undefined ? {} : { matrix: count('--matrix', options.matrix) }),
    ...(options.findings === undefined ? {} : { findings: count('--findings', options.findings) }),
  });
  mkdirSync(folder, { recursive: true });
  let written = 0;
  for (const instance of study.instances()) {
    writeFileSync(path.join(folder, instance.fileName), instance.bytes);
    written += 1;
  }
  writeFileSync(path.join(folder, 'truth.json'), `${JSON.stringify(study.truth, null, 2)}\n`);
  return `${written} instances of study ${study.studyInstanceUid}`;
}

function count(option: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new UsageError(`${option} must be a number`);
  return Number(text);
}
