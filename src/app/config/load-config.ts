import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { fault, ok, type Result } from '../../foundation/result.ts';
import { crossChecks } from './cross-checks.ts';
import { applyEnvironment } from './environment.ts';
import { configSchema, type ConfigFile } from './schema.ts';
import { keysAt, nearest } from './schema-walk.ts';
import { parseYaml, type ConfigPath } from './yaml-source.ts';

/** The configuration as the gateway uses it: checked, defaults filled in, paths absolute, frozen. */
export interface Config extends ConfigFile {
  readonly models: ConfigFile['models'] & { readonly dir: string };
  /** The file it came from; null when defaults and environment were all. */
  readonly file: string | null;
  /** SHA-256, hex, over the effective values; it goes into the audit log at start. Secrets are not part of the values. */
  readonly digest: string;
  /** Bearer token with every right, from ISOCENTER_ADMIN_TOKEN; null = none. */
  readonly adminToken: string | null;
}

export interface ConfigFault {
  /** File name as given, or `environment`. */
  readonly file: string;
  /** 1-based; 0 where a line has no meaning. */
  readonly line: number;
  /** Dotted key, empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
}

export interface ConfigSource {
  /** isocenter.yaml; null = defaults and environment alone. */
  readonly file: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The installation's folder: where package.json, models/ and migrations/ lie. */
export const installationFolder = fileURLToPath(new URL('../../../', import.meta.url));

/** Reads, checks and completes the configuration. All faults are reported at once, each with its line. */
export function loadConfig(source: ConfigSource): Result<Config, readonly ConfigFault[]> {
  const name = source.file ?? 'defaults';
  let text = '';
  if (source.file !== null) {
    try {
      text = readFileSync(source.file, 'utf8');
    } catch (thrown) {
      return fault([{ file: name, line: 0, key: '', message: `cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'error'})` }]);
    }
  }
  const yaml = parseYaml(text);
  if (yaml.faults.length > 0) return fault(yaml.faults.map(({ line, message }) => ({ file: name, line, key: '', message })));

  const { value, overridden, faults: environmentFaults } = applyEnvironment(withoutEmptySections(yaml.value ?? {}, []), source.environment);
  const at = (keyPath: ConfigPath): Omit<ConfigFault, 'message'> => {
    const variable = overridden.get(keyPath.join('.'));
    return variable === undefined ? { file: name, line: source.file === null ? 0 : yaml.lineOf(keyPath), key: keyPath.join('.') } : { file: 'environment', line: 0, key: variable };
  };
  const faults: ConfigFault[] = environmentFaults.map((entry) => ({ file: 'environment', line: 0, ...entry }));
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const complaints = parsed.error.issues.flatMap((issue) => complaintsOf(issue, at));
    return fault([...faults, ...complaints].sort((a, b) => a.line - b.line));
  }
  faults.push(...crossChecks(parsed.data).map(({ path: keyPath, message }) => ({ ...at(keyPath), message })));
  const config = complete(parsed.data, source);
  if (config.http.auth.required && config.adminToken === null) {
    faults.push({ ...at(['http', 'auth', 'required']), message: 'nobody could log in: set the environment variable ISOCENTER_ADMIN_TOKEN' });
  }
  faults.push(...missingSecrets(config, source.environment).map(({ path: keyPath, message }) => ({ ...at(keyPath), message })));
  faults.push(...missingFiles(config).map(({ path: keyPath, message }) => ({ ...at(keyPath), message })));
  return faults.length > 0 ? fault(faults.sort((a, b) => a.line - b.line)) : ok(config);
}

/** `file:line: key: message`, the line left out where it has no meaning. */
export function describeFault(entry: ConfigFault): string {
  return [entry.line > 0 ? `${entry.file}:${entry.line}` : entry.file, entry.key, entry.message].filter((part) => part !== '').join(': ');
}

/** A section whose lines are all commented out reads as null in YAML; it means the defaults. */
function withoutEmptySections(value: unknown, at: ConfigPath): unknown {
  if (Array.isArray(value)) return value.map((entry, index) => withoutEmptySections(entry, [...at, index]));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, entry]) => entry !== null || keysAt(configSchema, [...at, key]).length === 0);
  return Object.fromEntries(kept.map(([key, entry]) => [key, withoutEmptySections(entry, [...at, key])]));
}

function complaintsOf(issue: z.core.$ZodIssue, at: (keyPath: ConfigPath) => Omit<ConfigFault, 'message'>): ConfigFault[] {
  const keyPath = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const meant = nearest(key, keysAt(configSchema, keyPath));
      return { ...at([...keyPath, key]), message: `unknown key${meant === undefined ? '' : `; did you mean ${meant}?`}` };
    });
  }
  return [{ ...at(keyPath), message: issue.message }];
}

function complete(parsed: ConfigFile, source: ConfigSource): Config {
  const base = source.file === null ? process.cwd() : path.dirname(path.resolve(source.file));
  const absolute = (written: string): string => path.resolve(base, written);
  const tlsOf = <T extends { tls?: ConfigFile['dimse']['tls'] }>(section: T): T =>
    section.tls === undefined ? section : { ...section, tls: { ...section.tls, cert: absolute(section.tls.cert), key: absolute(section.tls.key), ...(section.tls.ca === undefined ? {} : { ca: absolute(section.tls.ca) }) } };
  const values: ConfigFile & { models: { dir: string } } = {
    ...parsed,
    dataDir: source.environment['ISOCENTER_DATA_DIR'] === undefined ? absolute(parsed.dataDir) : path.resolve(parsed.dataDir),
    dimse: { ...tlsOf(parsed.dimse), listeners: parsed.dimse.listeners.map(tlsOf) },
    http: { ...tlsOf(parsed.http), listeners: parsed.http.listeners.map(tlsOf) },
    hl7: { ...tlsOf(parsed.hl7), listeners: parsed.hl7.listeners.map(tlsOf) },
    models: { ...parsed.models, dir: parsed.models.dir === undefined ? path.join(installationFolder, 'models') : absolute(parsed.models.dir) },
    destinations: parsed.destinations.map((destination) => (destination.kind === 'folder' ? { ...destination, path: absolute(destination.path) } : destination)),
  };
  const digest = createHash('sha256').update(JSON.stringify(withoutPassword(values))).digest('hex');
  return deepFreeze({ ...values, file: source.file === null ? null : path.resolve(source.file), digest, adminToken: source.environment['ISOCENTER_ADMIN_TOKEN'] || null });
}

function withoutPassword(values: ConfigFile): ConfigFile {
  const { url } = values.database;
  return url === null ? values : { ...values, database: { ...values.database, url: url.replace(/\/\/([^:@/]*):[^@/]*@/, '//$1@') } };
}

/** A secret that is missing must be said now, not when the first delivery fails. */
function missingSecrets(config: ConfigFile, environment: ConfigSource['environment']): { path: ConfigPath; message: string }[] {
  const places = [
    ...config.destinations.map((entry, index) => ({ entry, at: ['destinations', index] as ConfigPath })),
    ...config.alerting.channels.map((entry, index) => ({ entry, at: ['alerting', 'channels', index] as ConfigPath })),
  ];
  return places.flatMap(({ entry, at }) =>
    (['bearerTokenEnv', 'passwordEnv', 'secretEnv'] as const).flatMap((key) => {
      const variable = key in entry ? (entry as Partial<Record<typeof key, string>>)[key] : undefined;
      return variable === undefined || (environment[variable] ?? '') !== '' ? [] : [{ path: [...at, key], message: `the environment variable ${variable} is not set` }];
    }),
  );
}

/** Files that are named must be there now, not when the first peer calls. */
function missingFiles(config: Config): { path: ConfigPath; message: string }[] {
  const sections = (['dimse', 'http', 'hl7'] as const).flatMap((key) => [{ path: [key] as ConfigPath, tls: config[key].tls }, ...config[key].listeners.map((entry, index) => ({ path: [key, 'listeners', index] as ConfigPath, tls: entry.tls }))]);
  return sections.flatMap(({ path: section, tls }) =>
    (['cert', 'key', 'ca'] as const).flatMap((key) => {
      const file = tls?.[key];
      return file === undefined || existsSync(file) ? [] : [{ path: [...section, 'tls', key], message: `${file} does not exist` }];
    }),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const entry of Object.values(value)) deepFreeze(entry);
    Object.freeze(value);
  }
  return value;
}
