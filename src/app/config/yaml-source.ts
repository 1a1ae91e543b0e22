import { isCollection, isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type Pair } from 'yaml';

export type ConfigPath = readonly (string | number)[];

/** A parsed YAML file that still knows its lines. */
export interface YamlSource {
  readonly value: unknown;
  /** Syntax faults: the line, 1-based, and what is wrong. */
  readonly faults: readonly { readonly line: number; readonly message: string }[];
  /** The line of a key, 1-based; of its nearest existing parent when it is absent. */
  lineOf(path: ConfigPath): number;
}

export function parseYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const faults = document.errors.map((error) => ({ line: lines.linePos(error.pos[0]).line, message: error.message }));
  return {
    value: faults.length > 0 ? undefined : (document.toJS() as unknown),
    faults,
    lineOf: (path) => lines.linePos(offsetOf(document, path)).line || 1,
  };
}

function offsetOf(document: Document, path: ConfigPath): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const part of path) {
    if (!isCollection(node)) break;
    const item: unknown = isMap(node) ? node.items.find((pair) => keyOf(pair) === String(part)) : node.items[Number(part)];
    if (item === undefined) break;
    const at: unknown = isPair(item) ? item.key : item;
    offset = (at as { range?: readonly number[] | null }).range?.[0] ?? offset;
    node = isPair(item) ? item.value : item;
  }
  return offset;
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}
