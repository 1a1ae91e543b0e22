import type { CodedConcept } from '../coded-concept.ts';
import { privateScheme } from './coding-schemes.ts';
import { conceptTable } from './concept-table.ts';

export type ConceptKey = keyof typeof conceptTable;

/**
 * The concept as it goes into an object. One that nobody has verified goes out under our private scheme, so that no code is
 * claimed for an authority that may mean something else by it; its value is then the key in capitals (SH, ≤ 16 characters).
 */
export function concept(key: ConceptKey): CodedConcept {
  const [scheme, value, meaning] = conceptTable[key];
  if (isVerified(key)) return { scheme, value, meaning };
  return { scheme: privateScheme, value: key.toUpperCase().slice(0, 16), meaning };
}

/** False when no authoritative source was found that shows code and meaning together. */
export function isVerified(key: ConceptKey): boolean {
  const source: string = conceptTable[key][3];
  return !source.startsWith('unverified');
}

export function conceptKeys(): readonly ConceptKey[] {
  return Object.keys(conceptTable) as ConceptKey[];
}
