import type { z } from 'zod';
import type { ConfigPath } from './yaml-source.ts';

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly options?: readonly z.ZodType[];
}

/** The keys a schema knows at a path; those of every variant where it has several. Empty where it wants no object. */
export function keysAt(schema: z.ZodType, path: ConfigPath): string[] {
  let at = [schema];
  for (const part of path) {
    at = at.flatMap((candidate) => variants(candidate)).flatMap((candidate) => {
      const { element, shape } = definitionOf(candidate);
      const next = typeof part === 'number' ? element : shape?.[part];
      return next === undefined ? [] : [next];
    });
  }
  return [...new Set(at.flatMap((candidate) => variants(candidate)).flatMap((candidate) => Object.keys(definitionOf(candidate).shape ?? {})))];
}

/** Every key path of a schema, list elements written as `[]`; each with its sentence. */
export function describedPaths(schema: z.ZodType, prefix = ''): { readonly path: string; readonly sentence: string | undefined }[] {
  return variants(schema).flatMap((variant) => {
    const { element, shape } = definitionOf(variant);
    if (element !== undefined) return describedPaths(element, `${prefix}[]`);
    return Object.entries(shape ?? {}).flatMap(([key, value]) => {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      return [{ path, sentence: sentenceOf(value) }, ...describedPaths(value, path)];
    });
  });
}

/** The description, which may stand on the schema or on what is wrapped as optional. */
function sentenceOf(schema: z.ZodType): string | undefined {
  const inner = definitionOf(schema).innerType;
  return schema.description ?? (inner === undefined ? undefined : sentenceOf(inner));
}

/** The known word with the fewest edits to `written`, when it is near enough to be meant. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const scored = known.map((word) => ({ word, edits: editDistance(written.toLowerCase(), word.toLowerCase()) })).sort((a, b) => a.edits - b.edits);
  const best = scored[0];
  return best !== undefined && best.edits <= Math.max(2, Math.floor(best.word.length / 2)) ? best.word : undefined;
}

/** Peels defaults, optionality and transforms off a schema and opens unions. */
function variants(schema: z.ZodType): z.ZodType[] {
  const definition = definitionOf(schema);
  if (definition.options !== undefined && definition.type === 'union') return definition.options.flatMap((option) => variants(option));
  const inner = definition.innerType ?? definition.in;
  return inner === undefined ? [schema] : variants(inner);
}

function definitionOf(schema: z.ZodType): Definition {
  return schema.def;
}

/** Levenshtein distance, two rows at a time. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      current.push(Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + change));
    }
    above = current;
  }
  return above[b.length]!;
}
