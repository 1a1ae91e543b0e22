import { foldName } from '../../standards/dicom/person-name.ts';
import type { Match } from '../../standards/dicom/query-key.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { indexedAttribute, indexedAttributes, type IndexedAttribute, type QueryLevel } from './attribute-table.ts';

/** A query as C-FIND, QIDO-RS and others ask it, already parsed. */
export interface IndexQuery {
  readonly level: QueryLevel;
  readonly keys: readonly { readonly tag: number; readonly match: Match }[];
  /** Tags to return besides the ones that always are. */
  readonly include: readonly number[] | 'all';
  /** Return these and the UIDs above, and nothing else: what nobody asked for need not be computed. */
  readonly only?: ReadonlySet<number>;
  readonly limit: number;
  readonly offset: number;
  /** Names match by the beginning of any word (QIDO fuzzymatching). */
  readonly fuzzy: boolean;
  /** Ranges of Study Date and Study Time together mean one stretch of time (PS3.4 §C.2.2.2.5.2); else each stands for itself. */
  readonly combinedDateTime?: boolean;
  /** Only studies that this AE sent images of. */
  readonly sentBy?: string;
  /** Which levels' attributes rows carry: the level's own and those above that the resource adds. */
  readonly returnLevels: readonly QueryLevel[];
}

export interface BuiltQuery {
  readonly text: string;
  readonly values: readonly unknown[];
  /** The attribute of each column, in order. */
  readonly columns: readonly IndexedAttribute[];
  /** Keys that the index cannot match; they are ignored, and the caller says so. */
  readonly unsupported: readonly number[];
}

const FROM: Record<QueryLevel, string> = {
  patient: 'study s',
  study: 'study s',
  series: 'series r join study s on s.id = r.study_id',
  instance: 'instance i join series r on r.id = i.series_id join study s on s.id = r.study_id',
};
// Total and stable, so that paging neither repeats nor skips (PS3.18 §8.3.4.4).
const ORDER: Record<QueryLevel, string> = {
  patient: 's.patient_id, s.issuer_of_patient_id, s.study_date desc, s.id desc',
  study: 's.study_date desc, s.id desc',
  series: 's.study_date desc, s.id desc, r.series_number, r.id',
  instance: 's.study_date desc, s.id desc, r.series_number, r.id, i.instance_number, i.id',
};
// What was rejected as a whole is not found. Results do not count into a study's instances: only a study without others is looked at twice.
// No `exists`: the planner may turn that into a hash of all series.
const STUDY_SERVED = '(s.instance_count > 0 or (select true from series m where m.study_id = s.id and m.instance_count > 0 limit 1))';
const SERVED: Record<QueryLevel, string> = { patient: STUDY_SERVED, study: STUDY_SERVED, series: 'r.instance_count > 0', instance: "i.state = 'active'" };
const DEPTH: Record<QueryLevel, number> = { patient: 0, study: 1, series: 2, instance: 3 };

/** Turns a query into one statement on indexed columns. Pure. Values are always parameters, never text. */
export function buildQuery(query: IndexQuery): BuiltQuery {
  const { where, values, unsupported } = conditionsOf(query);
  const columns = indexedAttributes.filter((attribute) => isReturned(attribute, query));
  const select = columns.map((attribute, n) => `${attribute.column} as c${n}`).join(', ');
  // One row a patient: its latest study speaks for it.
  const distinct = query.level === 'patient' ? 'distinct on (s.patient_id, s.issuer_of_patient_id) ' : '';
  const page = `limit $${values.length + 1} offset $${values.length + 2}`;
  return { text: `select ${distinct}${select} from ${FROM[query.level]}${where} order by ${orderOf(query)} ${page}`, values: [...values, query.limit, query.offset], columns, unsupported };
}

/**
 * A name that is selective is looked up first and its matches sorted: in the order of an index the planner would walk the dates of all
 * studies until enough names fit. `|| ''` keeps the order and hides it from the index.
 */
function orderOf(query: IndexQuery): string {
  const order = ORDER[query.level];
  const isSelective = query.keys.some(({ tag, match }) => tag === tags.PatientName && (match.kind === 'wildcard' ? /[^*?\s^=]{3}/u.test(match.pattern) : match.kind === 'any-of'));
  return isSelective ? order.replace('s.study_date desc', "(s.study_date || '') desc") : order;
}

/** The statement that counts what a query matches, whatever its limit and offset; stops counting at `most`. */
export function buildCount(query: IndexQuery, most: number): { readonly text: string; readonly values: readonly unknown[] } {
  const { where, values } = conditionsOf(query);
  return { text: `select count(*) as n from (select 1 from ${FROM[query.level]}${where} limit $${values.length + 1}) counted`, values: [...values, most] };
}

function conditionsOf(query: IndexQuery): { readonly where: string; readonly values: unknown[]; readonly unsupported: number[] } {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions: string[] = [SERVED[query.level]];
  const unsupported: number[] = [];
  const stretch = query.combinedDateTime === true ? combinedStretch(query.keys) : undefined;
  if (stretch !== undefined) conditions.push(stretchCondition('s.study_date', 's.study_time', stretch, bind));
  for (const { tag, match } of query.keys) {
    if (match.kind === 'universal' || (stretch !== undefined && tag === tags.StudyTime)) continue;
    const attribute = indexedAttribute(tag);
    if (attribute === undefined || DEPTH[attribute.level] > DEPTH[query.level]) unsupported.push(tag);
    else conditions.push(conditionOf(attribute, match, bind, query.fuzzy));
  }
  if (query.sentBy !== undefined) conditions.push(`exists (select 1 from arrival_study a join arrival_group g using (group_id) where a.study_instance_uid = s.study_instance_uid and g.calling_ae = ${bind(query.sentBy)})`);
  return { where: ` where ${conditions.join(' and ')}`, values, unsupported };
}

function isReturned(attribute: IndexedAttribute, query: IndexQuery): boolean {
  // The UIDs above a match say where it belongs; every answer carries them.
  if (attribute.tag === tags.StudyInstanceUID) return query.level !== 'patient';
  if (attribute.tag === tags.SeriesInstanceUID) return query.level === 'series' || query.level === 'instance';
  if (query.only !== undefined) return query.only.has(attribute.tag) && query.returnLevels.includes(attribute.level);
  if (!query.returnLevels.includes(attribute.level)) return false;
  if (attribute.always || query.include === 'all') return true;
  return query.include.includes(attribute.tag) || query.keys.some((key) => key.tag === attribute.tag);
}

/** Makes a value a parameter and gives its placeholder. */
export type Bind = (value: unknown) => string;

type Range = Extract<Match, { kind: 'range' }>;

/** A range of dates and one of times that are to be read together. */
export interface Stretch {
  readonly date: Range;
  readonly time: Range;
}

function combinedStretch(keys: IndexQuery['keys']): Stretch | undefined {
  const date = keys.find((key) => key.tag === tags.StudyDate)?.match;
  const time = keys.find((key) => key.tag === tags.StudyTime)?.match;
  return date?.kind === 'range' && time?.kind === 'range' ? { date, time } : undefined;
}

/** From the first time on the first date to the last time on the last date. Texts of DICOM dates and times sort as the moments do. */
export function stretchCondition(dateColumn: string, timeColumn: string, { date, time }: Stretch, bind: Bind): string {
  const moment = `(${dateColumn} || coalesce(${timeColumn}, ''))`;
  const from = date.from === undefined ? [] : [`${moment} >= ${bind(date.from + (time.from ?? ''))}`];
  const to = date.to === undefined ? [] : [`${moment} <= ${bind(date.to + (time.to ?? '~'))}`];
  return `(${[...from, ...to].join(' and ')})`;
}

/** How one key restricts the rows. */
export function conditionOf(attribute: IndexedAttribute, match: Exclude<Match, { kind: 'universal' }>, bind: Bind, fuzzy: boolean): string {
  if (attribute.comparison === 'modalities') return modalityCondition(match, bind);
  if (attribute.comparison === 'name') return nameCondition(attribute, match, bind, fuzzy);
  const { column } = attribute;
  switch (match.kind) {
    case 'empty':
      return attribute.comparison === 'integer' ? `${column} is null` : `(${column} is null or ${column} = '')`;
    case 'any-of':
      return anyOf(attribute, match.values, bind);
    case 'wildcard':
      return `${column} like ${bind(likePattern(match.pattern))}`;
    case 'range': {
      const ends = [match.from === undefined ? [] : [`${column} >= ${bind(match.from)}`], match.to === undefined ? [] : [`${column} <= ${bind(match.to)}`]].flat();
      return `(${[...ends, `${column} <> ''`].join(' and ')})`;
    }
  }
}

function anyOf(attribute: IndexedAttribute, values: readonly string[], bind: Bind): string {
  if (attribute.comparison === 'integer') return `${attribute.column} = any(${bind(values.map(Number))}::bigint[])`;
  return values.length === 1 ? `${attribute.column} = ${bind(values[0])}` : `${attribute.column} = any(${bind([...values])}::text[])`;
}

function modalityCondition(match: Exclude<Match, { kind: 'universal' }>, bind: Bind): string {
  const inner: IndexedAttribute = { tag: tags.Modality, vr: 'CS', level: 'series', column: 'm.modality', comparison: 'text', always: false };
  return `exists (select 1 from series m where m.study_id = s.id and ${conditionOf(inner, match, bind, false)})`;
}

/**
 * Names are compared folded: case, accents and delimiters do not count (PS3.4 §C.2.2.2.1 leaves this to the SCP). A pattern without
 * `=` is asked of every group: alphabetic, ideographic, phonetic.
 */
function nameCondition(attribute: IndexedAttribute, match: Exclude<Match, { kind: 'universal' }>, bind: Bind, fuzzy: boolean): string {
  const key = attribute.folded ?? `lower(${attribute.column})`;
  if (match.kind === 'empty') return `(${attribute.column} is null or ${attribute.column} = '')`;
  const pattern = match.kind === 'wildcard' ? match.pattern : match.kind === 'any-of' ? match.values[0]! : '';
  if (fuzzy) return fuzzyCondition(key, pattern, bind);
  const folded = likePattern(foldName(pattern));
  if (pattern.includes('=')) return groupsCondition(key, pattern, bind);
  const alone = match.kind === 'wildcard' ? `${key} like ${bind(folded)}` : `${key} = ${bind(foldName(pattern))}`;
  return `(${alone} or ${key} like ${bind(`${folded}=%`)} or ${key} like ${bind(`%=${folded}`)} or ${key} like ${bind(`%=${folded}=%`)})`;
}

/** Group by group; one that is empty in the key matches any (PS3.5 §6.2.1). */
function groupsCondition(key: string, pattern: string, bind: Bind): string {
  const groups = pattern.split('=').map((group) => likePattern(foldName(group)));
  const conditions = groups.flatMap((group, n) => (group === '' ? [] : [`split_part(${key}, '=', ${n + 1}) like ${bind(group)} and ${key} like ${bind(`%${group}%`)}`]));
  return conditions.length === 0 ? 'true' : `(${conditions.join(' and ')})`;
}

/** Every word asked for begins a word of the name. */
function fuzzyCondition(key: string, pattern: string, bind: Bind): string {
  const words = foldName(pattern).split(/[\s^=*?,]+/u).filter((word) => word !== '');
  const conditions = words.map((word) => `(${key} like ${bind(`${escapeLike(word)}%`)} or ${key} ~ ${bind(`[ ^=]${word.replace(/[.+*?^$()[\]{}|\\]/g, '\\$&')}`)})`);
  return conditions.length === 0 ? 'true' : `(${conditions.join(' and ')})`;
}

function likePattern(pattern: string): string {
  return escapeLike(pattern).replaceAll('*', '%').replaceAll('?', '_');
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
