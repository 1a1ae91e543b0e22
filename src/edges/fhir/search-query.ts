import type { FhirSearch } from '../../store/fhir-resource.ts';
import { FhirFault } from './operation-outcome.ts';
import { servedTypes, type SearchParameter } from './served-types.ts';

export const DEFAULT_COUNT = 50;
export const MAX_COUNT = 500;

/** A search as asked for: what restricts it, which page, and which parameters were honoured (for the self link). */
export interface SearchQuery {
  readonly search: FhirSearch;
  /** Ids of Patient resources, to be turned into their identifiers before searching. */
  readonly patientIds: readonly string[];
  readonly onlyCount: boolean;
  readonly honoured: readonly (readonly [name: string, value: string])[];
}

const IGNORED = new Set(['_format', '_pretty', '_total', '_sort', '_elements', '_include', '_revinclude']);

/**
 * Reads the parameters of a search (FHIR R4 §3.1.1). Repeated `_lastUpdated` are all applied; a comma means "or".
 *
 * An unknown parameter is refused unless the client asks for lenient handling: ignoring a filter would hand out more patients than were
 * asked for (§3.1.1.2 allows both).
 * Errors: FhirFault 400.
 */
export function parseSearch(resourceType: string, parameters: Iterable<readonly [string, string]>, lenient: boolean): SearchQuery {
  const known = servedTypes[resourceType] ?? [];
  const state: Building = { search: { resourceType, limit: DEFAULT_COUNT, offset: 0 }, patientIds: [], onlyCount: false, honoured: [] };
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    if (value === '' || IGNORED.has(name)) continue;
    const base = name.replace(/[:.].*$/, '');
    if (seen.has(name) && name !== '_lastUpdated') throw bad(`${name} may be given once; separate alternatives by commas`);
    seen.add(name);
    const applied = applyCommon(state, name, value) || (known.includes(base as SearchParameter) && applyOwn(state, name, value));
    if (applied) state.honoured.push([name, value]);
    else if (!lenient) throw bad(`unknown search parameter ${/^[\w.:-]{1,64}$/.test(name) ? name : ''}`);
  }
  return state;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Building extends SearchQuery {
  readonly search: Mutable<FhirSearch>;
  readonly patientIds: string[];
  onlyCount: boolean;
  readonly honoured: [string, string][];
}

function applyCommon(state: Building, name: string, value: string): boolean {
  switch (name) {
    case '_id':
      state.search.ids = value.split(',');
      return true;
    case '_count':
      state.search.limit = Math.min(integer(name, value), MAX_COUNT);
      if (state.search.limit === 0) state.onlyCount = true;
      return true;
    case '_offset':
      state.search.offset = integer(name, value);
      return true;
    case '_summary':
      if (value === 'count') state.onlyCount = true;
      return value === 'count' || value === 'false';
    case '_lastUpdated':
      state.search.updated = [...(state.search.updated ?? []), ...value.split(',').length > 1 ? unsupportedOr(name) : bounds(value)];
      return true;
    default:
      return false;
  }
}

function applyOwn(state: Building, name: string, value: string): boolean {
  const values = value.split(',');
  switch (name) {
    case 'status':
      state.search.statuses = values;
      return true;
    case 'study':
      state.search.studies = values.map((uid) => uid.replace(/^urn:oid:/, ''));
      return true;
    case 'identifier':
      applyTokens(values, state.search, 'identifiers', 'identifierValues');
      return true;
    case 'patient:identifier':
    case 'subject:identifier':
    case 'patient.identifier':
    case 'subject.identifier':
      applyTokens(values, state.search, 'patients', 'patientValues');
      return true;
    case 'patient':
    case 'subject':
      applyPatients(values, state);
      return true;
    default:
      return false;
  }
}

/** `system|value` and `|value` are exact; a bare value matches under whatever system. All alternatives must be of one form. */
function applyTokens(values: readonly string[], search: Mutable<FhirSearch>, exact: 'identifiers' | 'patients', bare: 'identifierValues' | 'patientValues'): void {
  const exactOnes = values.filter((value) => value.includes('|'));
  if (exactOnes.some((value) => value.endsWith('|'))) throw bad('a system without a value is not supported');
  if (exactOnes.length > 0 && exactOnes.length < values.length) throw bad('alternatives with and without a system cannot be mixed');
  search[exactOnes.length > 0 ? exact : bare] = values;
}

function applyPatients(values: readonly string[], state: Building): void {
  const references = values.filter((value) => /(^|\/)Patient\/[A-Za-z0-9.-]{1,64}$/.test(value));
  if (references.length === 0) return applyTokens(values, state.search, 'patients', 'patientValues');
  if (references.length < values.length) throw bad('references and identifiers of patients cannot be mixed');
  state.patientIds.push(...references.map((reference) => reference.slice(reference.lastIndexOf('/') + 1)));
}

/** A date with prefix and precision as the half-open range it means, FHIR R4 §3.1.1.4.3. */
function bounds(value: string): { operator: '<' | '<=' | '>' | '>='; at: Date }[] {
  const match = /^(eq|gt|ge|lt|le|sa|eb)?(\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?)$/.exec(value);
  if (match === null) throw bad('_lastUpdated takes a date or dateTime with one of the prefixes eq, gt, ge, lt, le, sa, eb');
  const [start, end] = period(match[2]!);
  switch (match[1] ?? 'eq') {
    case 'gt':
    case 'sa':
      return [{ operator: '>=', at: end }];
    case 'ge':
      return [{ operator: '>=', at: start }];
    case 'lt':
    case 'eb':
      return [{ operator: '<', at: start }];
    case 'le':
      return [{ operator: '<', at: end }];
    default:
      return [{ operator: '>=', at: start }, { operator: '<', at: end }];
  }
}

/** Dates without a zone are taken in UTC. */
function period(text: string): [Date, Date] {
  const day = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(text);
  if (day !== null) {
    const [year, month, date] = [Number(day[1]), day[2] === undefined ? undefined : Number(day[2]) - 1, day[3] === undefined ? undefined : Number(day[3])];
    const start = new Date(Date.UTC(year, month ?? 0, date ?? 1));
    const end = date !== undefined ? Date.UTC(year, month ?? 0, date + 1) : month !== undefined ? Date.UTC(year, month + 1, 1) : Date.UTC(year + 1, 0, 1);
    // Date.UTC counts on past the end of a month; the calendar does not.
    return [valid(start.toISOString().startsWith(text) ? start : new Date(Number.NaN)), new Date(end)];
  }
  const start = valid(new Date(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`));
  const length = /\.\d+/.test(text) ? 1 : /T\d\d:\d\d:\d\d/.test(text) ? 1_000 : 60_000;
  return [start, new Date(start.getTime() + length)];
}

function valid(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw bad('_lastUpdated names no day of the calendar');
  return date;
}

function integer(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw bad(`${name} takes a whole number`);
  return Number(value);
}

function unsupportedOr(name: string): never {
  throw bad(`${name} takes no alternatives`);
}

function bad(message: string): FhirFault {
  return new FhirFault(400, 'invalid', message);
}
