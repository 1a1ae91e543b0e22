import { fault, ok, type Result } from '../../foundation/result.ts';
import type { Vr } from './data-set.ts';

/** How one key matches, PS3.4 §C.2.2.2. */
export type Match =
  | { readonly kind: 'universal' }
  /** Present and empty, or absent: `""` with Empty Value Matching (§C.2.2.2.7). */
  | { readonly kind: 'empty' }
  | { readonly kind: 'any-of'; readonly values: readonly string[] }
  /** `*` any run of characters, `?` any one. */
  | { readonly kind: 'wildcard'; readonly pattern: string }
  /** Inclusive; an end that is undefined is open. */
  | { readonly kind: 'range'; readonly from: string | undefined; readonly to: string | undefined };

export interface QueryKeyFault {
  readonly code: 'BAD_DATE' | 'BAD_TIME' | 'BAD_UID' | 'BAD_NUMBER';
  readonly message: string;
}

export interface MatchOptions {
  /** `""` means empty (PS3.4 §C.2.2.2.7, QIDO emptyvaluematching). */
  readonly emptyValueMatching?: boolean;
  /** A list of values matches any (PS3.4 §C.2.2.2.8, QIDO multiplevaluematching); UID lists always do. */
  readonly multipleValueMatching?: boolean;
}

// PS3.4 §C.2.2.2.4: wildcards are for text; in these VRs `*` and `?` are no wildcards (and mostly illegal).
const NO_WILDCARD: ReadonlySet<Vr> = new Set<Vr>(['DA', 'TM', 'DT', 'UI', 'SS', 'US', 'SL', 'UL', 'FL', 'FD', 'IS', 'DS', 'AT', 'SV', 'UV', 'AS']);

/**
 * Reads the values of a query key as a match.
 *
 * @param values  one value, or several of a multi-valued key; '' and none are universal
 */
export function matchOf(vr: Vr, values: readonly string[], options: MatchOptions = {}): Result<Match, QueryKeyFault> {
  const given = values.filter((value) => value !== '');
  if (given.length === 0) return ok({ kind: 'universal' });
  if (given.length === 1 && given[0] === '""') return ok(options.emptyValueMatching === true ? { kind: 'empty' } : { kind: 'any-of', values: ['""'] });
  if (vr === 'UI') return uidMatch(given);
  if (given.length > 1) return ok({ kind: 'any-of', values: options.multipleValueMatching === true ? given : given.slice(0, 1) });
  const value = given[0]!;
  if (vr === 'DA') return dateMatch(value);
  if (vr === 'TM') return timeMatch(value);
  if (vr === 'DT') return dateTimeMatch(value);
  if (vr === 'IS' || vr === 'US' || vr === 'UL' || vr === 'SS' || vr === 'SL') return integerMatch(value);
  if (value === '*' && !NO_WILDCARD.has(vr)) return ok({ kind: 'universal' });
  if (!NO_WILDCARD.has(vr) && /[*?]/.test(value)) return ok({ kind: 'wildcard', pattern: value });
  return ok({ kind: 'any-of', values: [value] });
}

function uidMatch(values: readonly string[]): Result<Match, QueryKeyFault> {
  const bad = values.find((value) => !/^[0-9.]{1,64}$/.test(value));
  return bad === undefined ? ok({ kind: 'any-of', values }) : fault({ code: 'BAD_UID', message: `"${bad.slice(0, 64)}" is not a UID` });
}

function dateMatch(value: string): Result<Match, QueryKeyFault> {
  const ends = value.split('-').map((end) => end.trim().replaceAll('.', ''));
  const bad = ends.length > 2 || ends.some((end) => end !== '' && !isDate(end)) || ends.every((end) => end === '');
  if (bad) return fault({ code: 'BAD_DATE', message: `"${value.slice(0, 32)}" is neither a date (YYYYMMDD) nor a range of dates` });
  return ok(ends.length === 1 ? { kind: 'any-of', values: ends } : { kind: 'range', from: ends[0] || undefined, to: ends[1] || undefined });
}

function isDate(text: string): boolean {
  if (!/^\d{8}$/.test(text)) return false;
  const month = Number(text.slice(4, 6));
  const day = Number(text.slice(6, 8));
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function timeMatch(value: string): Result<Match, QueryKeyFault> {
  const ends = value.split('-').map((end) => end.trim().replaceAll(':', ''));
  const bad = ends.length > 2 || ends.some((end) => end !== '' && !/^([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?)?(\.\d{1,6})?$/.test(end)) || ends.every((end) => end === '');
  if (bad) return fault({ code: 'BAD_TIME', message: `"${value.slice(0, 32)}" is neither a time (HHMMSS) nor a range of times` });
  const [from, to] = ends.length === 1 ? [ends[0], ends[0]] : ends;
  // A time of less precision stands for all its moments: 1030 matches 103015 (PS3.4 §C.2.2.2.1 note).
  return ok({ kind: 'range', from: from === '' ? undefined : from, to: to === '' ? undefined : `${to}${to!.includes('.') ? '' : '~'}` });
}

function dateTimeMatch(value: string): Result<Match, QueryKeyFault> {
  // A leading zone sign is told from the range hyphen by its four digits at the end: 2026-0100 is a moment, 2026-2027 a range of years.
  const range = /^(\d{4,14}(?:\.\d{1,6})?(?:[+-]\d{4})?)?-(\d{4,14}(?:\.\d{1,6})?(?:[+-]\d{4})?)?$/.exec(value);
  const single = /^\d{4,14}(?:\.\d{1,6})?(?:[+-](?:0\d|1[0-4])[0-5]\d)?$/.test(value);
  if (single) return ok({ kind: 'range', from: value, to: `${value}~` });
  if (range === null || (range[1] === undefined && range[2] === undefined)) return fault({ code: 'BAD_DATE', message: `"${value.slice(0, 64)}" is neither a date-time nor a range` });
  return ok({ kind: 'range', from: range[1], to: range[2] === undefined ? undefined : `${range[2]}~` });
}

function integerMatch(value: string): Result<Match, QueryKeyFault> {
  return /^[+-]?\d{1,12}$/.test(value.trim()) ? ok({ kind: 'any-of', values: [String(Number(value))] }) : fault({ code: 'BAD_NUMBER', message: `"${value.slice(0, 32)}" is not an integer` });
}
