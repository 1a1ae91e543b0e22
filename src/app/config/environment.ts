/** Environment variables that override a key of the file. */
const overrides: readonly { readonly variable: string; readonly path: readonly [string, ...string[]]; readonly kind: 'text' | 'port' }[] = [
  { variable: 'ISOCENTER_DATA_DIR', path: ['dataDir'], kind: 'text' },
  { variable: 'ISOCENTER_DATABASE_URL', path: ['database', 'url'], kind: 'text' },
  { variable: 'ISOCENTER_DIMSE_HOST', path: ['dimse', 'host'], kind: 'text' },
  { variable: 'ISOCENTER_DIMSE_PORT', path: ['dimse', 'port'], kind: 'port' },
  { variable: 'ISOCENTER_AE_TITLE', path: ['dimse', 'aeTitle'], kind: 'text' },
  { variable: 'ISOCENTER_HTTP_HOST', path: ['http', 'host'], kind: 'text' },
  { variable: 'ISOCENTER_HTTP_PORT', path: ['http', 'port'], kind: 'port' },
  { variable: 'ISOCENTER_HL7_PORT', path: ['hl7', 'port'], kind: 'port' },
  { variable: 'ISOCENTER_LOG_LEVEL', path: ['log', 'level'], kind: 'text' },
];

/** Variables that are read elsewhere; any other ISOCENTER_… is a misspelling. */
const others = ['ISOCENTER_CONFIG', 'ISOCENTER_ADMIN_TOKEN', 'ISOCENTER_CORPUS'];

export interface Overridden {
  readonly value: unknown;
  /** Dotted key → the variable that set it. */
  readonly overridden: ReadonlyMap<string, string>;
  readonly faults: readonly { readonly key: string; readonly message: string }[];
}

/** The file's values with those of the environment laid over them. An empty variable counts as unset. */
export function applyEnvironment(file: unknown, environment: Readonly<Record<string, string | undefined>>): Overridden {
  const faults: { key: string; message: string }[] = [];
  const overridden = new Map<string, string>();
  let value = file;
  for (const { variable, path, kind } of overrides) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    if (kind === 'port' && !/^\d{1,5}$/.test(text)) {
      faults.push({ key: variable, message: 'must be a port number' });
      continue;
    }
    value = withValue(value, path, kind === 'port' ? Number(text) : text);
    overridden.set(path.join('.'), variable);
  }
  return { value, overridden, faults };
}

/** ISOCENTER_… variables that nothing reads. */
export function unknownVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set([...others, ...overrides.map((entry) => entry.variable)]);
  return Object.keys(environment).filter((name) => name.startsWith('ISOCENTER_') && !known.has(name));
}

function withValue(root: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const object = typeof root === 'object' && root !== null ? (root as Record<string, unknown>) : {};
  return { ...object, [key]: withValue(object[key], rest, value) };
}
