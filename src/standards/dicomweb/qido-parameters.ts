import { fault, ok, type Result } from '../../foundation/result.ts';
import type { Vr } from '../dicom/data-set.ts';
import { tagOf, vrOf } from '../dicom/dictionary.ts';
import { matchOf, type Match } from '../dicom/query-key.ts';

/** The query component of a QIDO-RS request, PS3.18 §8.3.4 and §10.6. */
export interface QidoParameters {
  readonly keys: readonly QidoKey[];
  readonly include: readonly number[] | 'all';
  /** undefined: the server's own maximum. */
  readonly limit: number | undefined;
  readonly offset: number;
  readonly fuzzyMatching: boolean;
}

export interface QidoKey {
  /** The attribute's path: one tag, or sequence tags down to it (`00400275.00400009`). */
  readonly path: readonly number[];
  readonly match: Match;
}

export interface QidoFault {
  readonly message: string;
}

export interface QidoLimits {
  readonly maxParameters: number;
  readonly maxValueLength: number;
  readonly maxOffset: number;
}

export const defaultQidoLimits: QidoLimits = { maxParameters: 200, maxValueLength: 16_384, maxOffset: 10_000_000 };

const SWITCHES = new Set(['fuzzymatching', 'emptyvaluematching', 'multiplevaluematching']);
/** Names of query parameters that are no attributes and mean nothing to a search. */
const OTHER = new Set(['accept', 'charset', 'access_token', '_']);

/**
 * Reads a query string. Pure; never throws.
 *
 * @param search  the part after `?`, percent-encoded
 * Faults: malformed percent-encoding, an unknown attribute, a repeated attribute, a value that is none of its VR: 400 (PS3.18 §8.3.4).
 */
export function parseQidoParameters(search: string, limits: QidoLimits = defaultQidoLimits): Result<QidoParameters, QidoFault> {
  const pairs = pairsOf(search, limits);
  if (!pairs.ok) return pairs;
  const switches = readSwitches(pairs.value);
  if (!switches.ok) return switches;
  const numbers = readNumbers(pairs.value, limits);
  if (!numbers.ok) return numbers;
  const include = readInclude(pairs.value);
  if (!include.ok) return include;
  const keys = readKeys(pairs.value, switches.value);
  if (!keys.ok) return keys;
  return ok({ keys: keys.value, include: include.value, ...numbers.value, fuzzyMatching: switches.value.has('fuzzymatching') });
}

type Pairs = readonly (readonly [name: string, value: string])[];

function pairsOf(search: string, limits: QidoLimits): Result<Pairs, QidoFault> {
  const parts = search.split('&').filter((part) => part !== '');
  if (parts.length > limits.maxParameters) return fault({ message: `more than ${limits.maxParameters} query parameters` });
  const pairs: (readonly [string, string])[] = [];
  for (const part of parts) {
    const at = part.indexOf('=');
    try {
      const name = decodeURIComponent((at < 0 ? part : part.slice(0, at)).replaceAll('+', ' '));
      const value = at < 0 ? '' : decodeURIComponent(part.slice(at + 1).replaceAll('+', ' '));
      if (value.length > limits.maxValueLength) return fault({ message: `the value of ${name.slice(0, 64)} is too long` });
      pairs.push([name, value]);
    } catch {
      return fault({ message: 'malformed percent-encoding in the query' });
    }
  }
  return ok(pairs);
}

function readSwitches(pairs: Pairs): Result<Set<string>, QidoFault> {
  const on = new Set<string>();
  for (const [name, value] of pairs) {
    if (!SWITCHES.has(name.toLowerCase())) continue;
    if (value !== 'true' && value !== 'false') return fault({ message: `${name} must be true or false` });
    if (value === 'true') on.add(name.toLowerCase());
  }
  return ok(on);
}

function readNumbers(pairs: Pairs, limits: QidoLimits): Result<{ limit: number | undefined; offset: number }, QidoFault> {
  const read = (name: string): Result<number | undefined, QidoFault> => {
    const text = pairs.find(([key]) => key.toLowerCase() === name)?.[1];
    if (text === undefined) return ok(undefined);
    return /^\d{1,9}$/.test(text) ? ok(Number(text)) : fault({ message: `${name} must be a whole number from 0 up` });
  };
  const limit = read('limit');
  if (!limit.ok) return limit;
  const offset = read('offset');
  if (!offset.ok) return offset;
  return ok({ limit: limit.value, offset: Math.min(offset.value ?? 0, limits.maxOffset) });
}

function readInclude(pairs: Pairs): Result<readonly number[] | 'all', QidoFault> {
  const wanted = pairs.filter(([name]) => name.toLowerCase() === 'includefield').flatMap(([, value]) => value.split(','));
  if (wanted.includes('all')) return ok('all');
  const include: number[] = [];
  for (const text of wanted.filter((one) => one !== '')) {
    // A path asks for its first attribute: the whole sequence is returned.
    const tag = tagOf(text.split('.')[0]!);
    if (tag === undefined && !/^\w{1,64}$/.test(text)) return fault({ message: `includefield: "${text.slice(0, 64)}" is no attribute` });
    if (tag !== undefined) include.push(tag);
  }
  return ok(include);
}

function readKeys(pairs: Pairs, switches: ReadonlySet<string>): Result<QidoKey[], QidoFault> {
  const keys: QidoKey[] = [];
  const seen = new Set<string>();
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase();
    if (SWITCHES.has(lower) || OTHER.has(lower) || lower === 'limit' || lower === 'offset' || lower === 'includefield') continue;
    const path = name.split('.').map((step) => tagOf(step));
    if (path.some((tag) => tag === undefined)) return fault({ message: `"${name.slice(0, 64)}" is neither an attribute nor a known parameter` });
    const id = path.join('.');
    if (seen.has(id)) return fault({ message: `${name.slice(0, 64)} is given more than once` });
    seen.add(id);
    const tag = path.at(-1)!;
    const match = matchOf(vrOf(tag), valuesOf(vrOf(tag), value, switches), { emptyValueMatching: switches.has('emptyvaluematching'), multipleValueMatching: switches.has('multiplevaluematching') });
    if (!match.ok) return fault({ message: `${name.slice(0, 64)}: ${match.fault.message}` });
    keys.push({ path: path as number[], match: match.value });
  }
  return ok(keys);
}

/** UID lists are separated by commas (or backslashes); other lists by backslashes when multiple value matching is on. */
function valuesOf(vr: Vr, value: string, switches: ReadonlySet<string>): readonly string[] {
  if (vr === 'UI') return value.split(/[,\\]/).map((uid) => uid.trim());
  return switches.has('multiplevaluematching') ? value.split('\\') : [value];
}
