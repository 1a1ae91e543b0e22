import { fault, ok, type Result } from '../foundation/result.ts';

/**
 * The small language of conditions in a model manifest: comparisons of a named value with a number, joined by `and` and `or`
 * (`and` binds tighter). Example: `nodule.max.score >= 0.9 and nodule.max.longAxis >= 15`. Never evaluated as code.
 */
export interface Expression {
  readonly text: string;
  /** Alternatives, each a list that must hold in full. */
  readonly anyOf: readonly (readonly Comparison[])[];
}

export interface Comparison {
  /** For example `nodule.count`. */
  readonly path: string;
  readonly operator: '>=' | '<=' | '>' | '<' | '==' | '!=';
  readonly value: number;
}

const COMPARISON = /^([A-Za-z][\w.-]*)\s*(>=|<=|>|<|==|!=)\s*(-?\d+(?:\.\d+)?)$/;

/** Parses a condition. The fault names the part that is not a comparison. */
export function parseExpression(text: string): Result<Expression, string> {
  const anyOf: Comparison[][] = [];
  for (const alternative of text.split(/\s+or\s+/)) {
    const all: Comparison[] = [];
    for (const part of alternative.split(/\s+and\s+/)) {
      const match = COMPARISON.exec(part.trim());
      if (match === null) return fault(`"${part.trim()}" is not a comparison like "nodule.count >= 1"`);
      all.push({ path: match[1]!, operator: match[2] as Comparison['operator'], value: Number(match[3]) });
    }
    anyOf.push(all);
  }
  return ok({ text, anyOf });
}

/** A comparison with a value that is not there is false, also `!=`. */
export function holds(expression: Expression, values: ReadonlyMap<string, number>): boolean {
  return expression.anyOf.some((all) => all.every((comparison) => compare(comparison, values.get(comparison.path))));
}

function compare({ operator, value }: Comparison, actual: number | undefined): boolean {
  if (actual === undefined) return false;
  switch (operator) {
    case '>=':
      return actual >= value;
    case '<=':
      return actual <= value;
    case '>':
      return actual > value;
    case '<':
      return actual < value;
    case '==':
      return actual === value;
    case '!=':
      return actual !== value;
  }
}
