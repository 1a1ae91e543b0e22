/**
 * An object whose undefined properties, empty arrays and empty objects are left out, deeply, and whose strings are
 * trimmed: FHIR JSON allows none of these.
 */
export function defined<T>(value: { [K in keyof T]: T[K] | undefined }): T {
  return pruned(value) as T;
}

function pruned(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(pruned).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof value === 'string') return clean(value);
  if (value === null || typeof value !== 'object') return value ?? undefined;
  const entries = Object.entries(value)
    .map(([key, child]) => [key, pruned(child)] as const)
    .filter(([, child]) => child !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** FHIR R4 string: `[ \r\n\t\S]+`, no control characters, no space at its ends. */
function clean(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  const legal = text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g, '').replaceAll(/[^\S \r\n\t]/g, ' ').trim();
  return legal === '' ? undefined : legal;
}
