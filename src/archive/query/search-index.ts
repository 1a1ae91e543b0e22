import { DataSet, type Element } from '../../standards/dicom/data-set.ts';
import { standardElement } from '../../standards/dicom/element.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { Tx } from '../../store/database.ts';
import type { IndexedAttribute } from './attribute-table.ts';
import { buildCount, buildQuery, type IndexQuery } from './build-query.ts';

/** A result as rows of the index: what is needed to write many matches fast. */
export interface FoundRows {
  readonly columns: readonly IndexedAttribute[];
  /** Column n of a row is `c{n}`. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly more: boolean;
  readonly unsupported: readonly number[];
}

export interface SearchResult {
  /** One data set a match: the attributes asked for that the index holds; text in Unicode. */
  readonly matches: readonly DataSet[];
  /** More matches lie beyond limit. */
  readonly more: boolean;
  /** Keys the index cannot match. They did not restrict the result; the protocol must say so. */
  readonly unsupported: readonly number[];
}

/** Asks the index: C-FIND, QIDO-RS and the page all come here. */
export async function searchIndex(tx: Tx, query: IndexQuery): Promise<SearchResult> {
  const { columns, rows, more, unsupported } = await searchRows(tx, query);
  return { matches: rows.map((row) => matchOf(columns, row)), more, unsupported };
}

export async function searchRows(tx: Tx, query: IndexQuery): Promise<FoundRows> {
  // One row more than asked tells whether there are more, without counting.
  const built = buildQuery({ ...query, limit: query.limit + 1 });
  const rows = await tx.query<Record<string, unknown>>({ name: nameOf(built.text), text: built.text }, built.values);
  return { columns: built.columns, rows: rows.length > query.limit ? rows.slice(0, query.limit) : rows, more: rows.length > query.limit, unsupported: built.unsupported };
}

/** Statements that clients repeat are prepared once a connection; this many different ones, so that nobody can fill its memory. */
const MAX_PREPARED = 100;
const prepared = new Map<string, string>();

/**
 * Name of a prepared statement. None for patterns, on purpose: a generic plan would scan for LIKE what a custom plan finds by index.
 */
function nameOf(text: string): string {
  if (text.includes(' like ') || text.includes(' ~ ')) return '';
  const known = prepared.get(text);
  if (known !== undefined || prepared.size >= MAX_PREPARED) return known ?? '';
  const name = `search_${prepared.size + 1}`;
  prepared.set(text, name);
  return name;
}

/** How many match, counted no further than `most`. */
export async function countMatches(tx: Tx, query: IndexQuery, most: number): Promise<number> {
  const built = buildCount(query, most);
  const [row] = await tx.query<{ n: number }>({ name: '', text: built.text }, built.values);
  return row?.n ?? 0;
}

/** One row as a data set. */
export function matchOf(columns: readonly IndexedAttribute[], row: Readonly<Record<string, unknown>>): DataSet {
  const elements: Element[] = [{ tag: tags.InstanceAvailability, vr: 'CS', value: ['ONLINE'] }];
  columns.forEach((attribute, n) => {
    const made = elementOf(attribute, row[`c${n}`]);
    if (made !== undefined) elements.push(made);
  });
  return DataSet.of(elements);
}

// Known to be absent from this object, and then not returned empty but not at all: PS3.18 says "if known".
const ONLY_WHEN_KNOWN: ReadonlySet<number> = new Set([tags.Rows, tags.Columns, tags.BitsAllocated, tags.NumberOfFrames, tags.TimezoneOffsetFromUTC, tags.PerformedProcedureStepStartDate, tags.PerformedProcedureStepStartTime]);

/** The element of one column; undefined when the row does not know it. */
export function elementOf(attribute: IndexedAttribute, value: unknown): Element | undefined {
  const absent = value === null || value === undefined || value === '';
  if (absent) return ONLY_WHEN_KNOWN.has(attribute.tag) ? undefined : { tag: attribute.tag, vr: attribute.vr, value: [] };
  if (Array.isArray(value)) return { tag: attribute.tag, vr: attribute.vr, value: value as string[] };
  return standardElement(attribute.tag, value as string | number);
}
