/** The phantoms that `isocenter generate` and the tests can ask for by name. */
import { cardiacSaxStudy } from './cardiac-sax-study.ts';
import { chestCtStudy, type ChestCtStudyOptions } from './chest-ct-study.ts';
import { cxrStudy } from './cxr-study.ts';
import { fundusStudy } from './fundus-study.ts';
import { mammoStudy } from './mammo-study.ts';
import type { PhantomStudy, PhantomStudyOptions } from './phantom-study.ts';

/** What can be wished for; a phantom ignores what it does not know. */
export interface PhantomOptions extends PhantomStudyOptions {
  readonly slices?: number;
  /** Rows and columns. */
  readonly matrix?: number;
  /** Number of findings (nodules); default drawn from the seed. */
  readonly findings?: number;
}

export type PhantomName = 'chest-ct' | 'cardiac-sax' | 'cxr' | 'fundus' | 'mammo';

export const phantoms: Readonly<Record<PhantomName, (seed: number, options?: PhantomOptions) => PhantomStudy>> = {
  'chest-ct': (seed, options = {}) => chestCtStudy(seed, chestCtOptions(options)),
  'cardiac-sax': (seed, { matrix, freshUids, studyDate } = {}) => cardiacSaxStudy(seed, given({ matrix, freshUids, studyDate })),
  'cxr': (seed, { matrix, freshUids, studyDate } = {}) => cxrStudy(seed, given({ matrix, freshUids, studyDate })),
  'fundus': (seed, { matrix, freshUids, studyDate } = {}) => fundusStudy(seed, given({ matrix, freshUids, studyDate })),
  'mammo': (seed, { matrix, freshUids, studyDate } = {}) => mammoStudy(seed, given({ matrix, freshUids, studyDate })),
};

export function isPhantomName(name: string): name is PhantomName {
  return Object.hasOwn(phantoms, name);
}

function chestCtOptions({ findings, ...rest }: PhantomOptions): ChestCtStudyOptions {
  return findings === undefined ? rest : { ...rest, nodules: { count: findings } };
}

/** Without what was not given: an option that is there but undefined would count as a wish. */
function given<T extends object>(options: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
