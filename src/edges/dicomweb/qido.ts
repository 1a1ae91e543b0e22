import type { Request, Response } from 'express';
import type { IndexQuery } from '../../archive/query/build-query.ts';
import type { QueryLevel } from '../../archive/query/attribute-table.ts';
import { countMatches, searchIndex } from '../../archive/query/search-index.ts';
import { isUid } from '../../foundation/uid.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { element } from '../../standards/dicom/element.ts';
import { dicomJsonText } from '../../standards/dicom/json-model.ts';
import { nativeXml } from '../../standards/dicom/native-xml.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { parseQidoParameters, type QidoParameters } from '../../standards/dicomweb/qido-parameters.ts';
import type { Database } from '../../store/database.ts';
import { refuse } from './http-answer.ts';
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
  const result = await searchIndex(options.database, query);
  const base = `${request.protocol}://${request.get('host') ?? 'localhost'}${request.baseUrl}`;
  const warnings = result.unsupported.length === 0 && parameters.value.keys.every((key) => key.path.length === 1) ? [] : ['some keys are not supported for matching and were ignored'];
  if (result.more) {
    const all = await countMatches(options.database, query, COUNT_LIMIT);
    warnings.push(`There are ${all - query.offset - result.matches.length} additional results that can be requested`);
  }
  if (warnings.length > 0) response.set('Warning', warnings.map((text) => `299 ${base}: ${text}`));
  response.set('Cache-Control', 'no-cache');
  if (result.matches.length === 0 && (options.emptyAs !== 'empty-list' || offer.value.multipart)) {
    response.status(204).end();
    return;
  }
  if (offer.value.multipart) return sendXml(result.matches.map((match) => match.with(retrieveUrl(base, match))), response);
  response.set('Content-Type', offer.value.type);
  response.end(Buffer.from(`[${result.matches.map((match) => dicomJsonText(match.with(retrieveUrl(base, match)))).join(',')}]`));
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

function retrieveUrl(base: string, match: DataSet): ReturnType<typeof element> {
  const [study, series, instance] = [tags.StudyInstanceUID, tags.SeriesInstanceUID, tags.SOPInstanceUID].map((tag) => match.string(tag));
  const path = [`/studies/${study}`, series === undefined ? '' : `/series/${series}`, instance === undefined ? '' : `/instances/${instance}`].join('');
  return element(tags.RetrieveURL, 'UR', `${base}${path}`);
}
