import type { FhirResourceRow } from '../../store/fhir-resource.ts';
import type { SearchQuery } from './search-query.ts';

/** The answer to a search: one page, the number of all matches, and links to the other pages (FHIR R4 §3.1.1.5). */
export function searchBundle(base: string, query: SearchQuery, rows: readonly FhirResourceRow[], total: number): object {
  const { resourceType, limit, offset } = query.search;
  const pages = query.onlyCount
    ? [link('self', base, query, undefined)]
    : [
        link('self', base, query, offset),
        link('first', base, query, 0),
        ...(offset > 0 ? [link('previous', base, query, Math.max(0, offset - limit))] : []),
        ...(offset + rows.length < total ? [link('next', base, query, offset + limit)] : []),
      ];
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    total,
    link: pages,
    // FHIR knows no empty arrays.
    ...(rows.length === 0 ? {} : { entry: rows.map((row) => ({ fullUrl: `${base}/${resourceType}/${row.id}`, resource: served(row), search: { mode: 'match' } })) }),
  };
}

/** The resource as published, with the version and moment of its row. */
export function served(row: FhirResourceRow): object {
  const { meta, ...rest } = row.resource as { meta?: object };
  const { resourceType, id, ...content } = rest as Record<string, unknown>;
  return { resourceType, id, meta: { ...meta, versionId: String(row.version_id), lastUpdated: row.last_updated.toISOString() }, ...content };
}

function link(relation: string, base: string, query: SearchQuery, offset: number | undefined): { relation: string; url: string } {
  const parameters = new URLSearchParams(query.honoured.filter(([name]) => name !== '_offset').map(([name, value]): [string, string] => [name, value]));
  if (offset !== undefined) {
    parameters.set('_count', String(query.search.limit));
    if (offset > 0) parameters.set('_offset', String(offset));
  }
  const text = parameters.toString();
  return { relation, url: `${base}/${query.search.resourceType}${text === '' ? '' : `?${text}`}` };
}
