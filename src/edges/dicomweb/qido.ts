import type { Request, Response } from 'express';
import type { IndexQuery } from '../../archive/query/build-query.ts';
import type { IndexedAttribute, QueryLevel } from '../../archive/query/attribute-table.ts';
import { matchWriter } from '../../archive/query/match-json.ts';
import { countMatches, matchOf, searchRows } from '../../archive/query/search-index.ts';
import { isUid } from '../../foundation/uid.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { element } from '../../standards/dicom/element.ts';
import { nativeXml } from '../../standards/dicom/native-xml.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { parseQidoParameters, type QidoParameters } from '../../standards/dicomweb/qido-parameters.ts';
import type { Database } from '../../store/database.ts';
import { baseOf, refuse } from './http-answer.ts';
import { MultipartAnswer } from './multipart-answer.ts';
import { chooseOffer } from './negotiate.ts';

export interface QidoOptions {
  readonly database: Database;
  /** Most matches in one answer; more are announced with a Warning. */
  readonly maxResults: number;
  /** What no match is answered with: 204 without a body, as PS3.18 §10.6.3 has it (default), or 200 with `[]` for clients that need one. */
  readonly emptyAs?: 'no-content' | 'empty-list';
}

const XML = 'application/dicom+xml';

/** The six search resources of PS3.18 Table 10.6.1-1. */
export interface QidoResource {
  readonly level: QueryLevel;
  /** Attributes of these levels are returned (PS3.18 §10.6.3.3: /series adds the study's, /instances those of both). */
  readonly returnLevels: readonly QueryLevel[];
}

const DEEP_OFFSET = 10_000;
// Counting goes no further: whoever sees more than this needs a narrower query, not a number.
const COUNT_LIMIT = 100_000;

/** Answers one QIDO-RS request, PS3.18 §10.6. */
export async function search(options: QidoOptions, resource: QidoResource, request: Request, response: Response): Promise<void> {
  const offer = chooseOffer(request.get('accept'), [{ type: 'application/dicom+json', multipart: false }, { type: 'application/json', multipart: false }, { type: XML, multipart: true }]);
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  const parameters = parseQidoParameters(request.originalUrl.split('?')[1] ?? '');
  if (!parameters.ok) return refuse(response, 400, parameters.fault.message);
  const scope = scopeKeys(request);
  if (scope === undefined) return refuse(response, 404, 'no such study or series');

  const query = indexQueryOf(parameters.value, scope, resource, options.maxResults);
  const result = await searchRows(options.database, query);
  const base = baseOf(request);
  const warnings = result.unsupported.length === 0 && parameters.value.keys.every((key) => key.path.length === 1) ? [] : ['Some of the keys are not supported for matching. They have been ignored.'];
  if (parameters.value.offset > DEEP_OFFSET) warnings.push('The offset is deep and therefore slow; narrow the search, for example by StudyDate.');
  if (result.more) {
    const all = await countMatches(options.database, query, COUNT_LIMIT);
    warnings.push(`There are ${all - query.offset - result.rows.length} additional results that can be requested`);
  }
  if (warnings.length > 0) response.set('Warning', warnings.map((text) => `299 ${base}: ${text}`));
  response.set('Cache-Control', 'no-cache');
  if (result.rows.length === 0 && (options.emptyAs !== 'empty-list' || offer.value.multipart)) {
    response.status(204).end();
    return;
  }
  const urlOf = retrieveUrlOf(base, result.columns);
  if (offer.value.multipart) return sendXml(result.rows.map((row) => matchOf(result.columns, row).with(element(tags.RetrieveURL, 'UR', urlOf(row)))), response);
  response.set('Content-Type', offer.value.type);
  const body = Buffer.from(`[${result.rows.map(matchWriter(result.columns, urlOf)).join(',')}]`);
  response.set('Content-Length', String(body.length)).end(body);
}

async function sendXml(matches: readonly DataSet[], response: Response): Promise<void> {
  const answer = new MultipartAnswer(response, XML);
  for (const match of matches) await answer.part({ 'Content-Type': XML }, [Buffer.from(nativeXml(match))]);
  return answer.end();
}

function indexQueryOf(parameters: QidoParameters, scope: IndexQuery['keys'], resource: QidoResource, maxResults: number): IndexQuery {
  return {
    level: resource.level,
    returnLevels: resource.returnLevels,
    keys: [...scope, ...parameters.keys.filter((key) => key.path.length === 1).map((key) => ({ tag: key.path[0]!, match: key.match }))],
    include: parameters.include,
    limit: Math.min(parameters.limit ?? maxResults, maxResults),
    offset: parameters.offset,
    fuzzy: parameters.fuzzyMatching,
  };
}

/** The UIDs of the path as keys; undefined when one is no UID, which nothing can match. */
function scopeKeys(request: Request): IndexQuery['keys'] | undefined {
  const keys: IndexQuery['keys'][number][] = [];
  for (const [name, tag] of [['study', tags.StudyInstanceUID], ['series', tags.SeriesInstanceUID]] as const) {
    const uid = request.params[name];
    if (typeof uid !== 'string') continue;
    if (!isUid(uid)) return undefined;
    keys.push({ tag, match: { kind: 'any-of', values: [uid] } });
  }
  return keys;
}

/** Where the study, series or instance of a row is retrieved. */
function retrieveUrlOf(base: string, columns: readonly IndexedAttribute[]): (row: Readonly<Record<string, unknown>>) => string {
  const steps = ([['studies', tags.StudyInstanceUID], ['series', tags.SeriesInstanceUID], ['instances', tags.SOPInstanceUID]] as const)
    .map(([name, tag]) => ({ name, at: columns.findIndex((column) => column.tag === tag) }))
    .filter((step) => step.at >= 0);
  return (row) => steps.reduce((url, { name, at }) => `${url}/${name}/${String(row[`c${at}`])}`, base);
}
