/** The phantoms that `isocenter generate` and the tests can ask for by name. */
import { chestCtStudy, type ChestCtStudyOptions } from './chest-ct-study.ts';
import type { PhantomStudy, PhantomStudyOptions } from './phantom-study.ts';

/** What can be wished for; a phantom ignores what it does not know. */
export interface PhantomOptions extends PhantomStudyOptions {
  readonly slices?: number;
  /** Rows and columns. */
  readonly matrix?: number;
  /** Number of findings (nodules); default drawn from the seed. */
  readonly findings?: number;
}

export type PhantomName = 'chest-ct';

export const phantoms: Readonly<Record<PhantomName, (seed: number, options?: PhantomOptions) => PhantomStudy>> = {
  'chest-ct': (seed, options = {}) => chestCtStudy(seed, chestCtOptions(options)),
};

export function isPhantomName(name: string): name is PhantomName {
  return Object.hasOwn(phantoms, name);
}

function chestCtOptions({ findings, ...rest }: PhantomOptions): ChestCtStudyOptions {
  return findings === undefined ? rest : { ...rest, nodules: { count: findings } };
}
