import express, { Router, type NextFunction, type Request, type Response } from 'express';
import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { fhirResource, searchFhirResources } from '../../store/fhir-resource.ts';
import { capabilityStatement } from './capability-statement.ts';
import { FhirFault, outcomeOf } from './operation-outcome.ts';
import { searchBundle, served } from './search-bundle.ts';
import { parseSearch, type SearchQuery } from './search-query.ts';
import { servedTypes } from './served-types.ts';

export interface FhirApiDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly softwareVersion: string;
  /** Base of the service as clients see it, behind a proxy; from the request unless told. */
  readonly publicBase?: string | undefined;
  /** Who asks, for the audit log; `anonymous` unless told. */
  readonly actorOf?: (request: Request) => string;
}

/**
 * The read API of what the gateway published, mounted at /fhir/R4: metadata, read and search (FHIR R4 §3.1.0). Every access to a
 * patient's data leaves an audit row. Errors are OperationOutcomes: 400, 404, 405, 406, 503.
 */
export function createFhirRouter(deps: FhirApiDependencies): Router {
  const api = new FhirApi(deps);
  const router = Router();
  router.use((request, _response, next) => {
    next(acceptable(request) ? undefined : new FhirFault(406, 'not-supported', 'this service speaks application/fhir+json'));
  });
  router.get('/metadata', (request, response) => api.metadata(request, response));
  router.get('/:type/:id', (request, response) => api.read(request, response));
  router.get('/:type', (request, response) => api.search(request, response, queryOf(request)));
  router.post('/:type/_search', express.urlencoded({ extended: false, limit: '64kb' }), (request, response) => api.search(request, response, [...queryOf(request), ...formOf(request)]));
  router.use((request) => {
    if (request.method === 'GET' || request.method === 'HEAD') throw new FhirFault(404, 'not-found', 'no such resource');
    throw new FhirFault(405, 'not-supported', 'this service is read-only');
  });
  router.use((thrown: unknown, _request: Request, response: Response, _next: NextFunction) => api.refuse(thrown, response));
  return router;
}

class FhirApi {
  readonly #deps: FhirApiDependencies;
  readonly #startedAt: Date;

  constructor(deps: FhirApiDependencies) {
    this.#deps = deps;
    this.#startedAt = new Date(deps.clock.now());
  }

  metadata(request: Request, response: Response): void {
    send(response, 200, capabilityStatement({ base: this.#base(request), softwareVersion: this.#deps.softwareVersion, startedAt: this.#startedAt }));
  }

  async read(request: Request, response: Response): Promise<void> {
    const type = typeOf(request);
    const id = String(request.params['id']);
    const row = /^[A-Za-z0-9.-]{1,64}$/.test(id) ? await fhirResource(this.#deps.database, type, id) : undefined;
    if (row === undefined) throw new FhirFault(404, 'not-found', `no ${type} with this id`);
    await this.#audit(request, 'fhir.read', `${type}/${id}`, { version: row.version_id });
    const etag = `W/"${row.version_id}"`;
    response.setHeader('ETag', etag);
    response.setHeader('Last-Modified', row.last_updated.toUTCString());
    if (request.headers['if-none-match'] === etag) response.status(304).end();
    else send(response, 200, served(row));
  }

  async search(request: Request, response: Response, parameters: readonly (readonly [string, string])[]): Promise<void> {
    const type = typeOf(request);
    const lenient = /\bhandling\s*=\s*lenient\b/.test(String(request.headers['prefer'] ?? ''));
    const query = await this.#withPatients(parseSearch(type, parameters, lenient));
    const { rows, total } = await searchFhirResources(this.#deps.database, query.onlyCount ? { ...query.search, limit: 0 } : query.search);
    await this.#audit(request, 'fhir.search', type, { parameters: query.honoured.map(([name]) => name), returned: rows.length, total });
    send(response, 200, searchBundle(this.#base(request), query, rows, total));
  }

  refuse(thrown: unknown, response: Response): void {
    const fault = this.#faultOf(thrown);
    if (fault.status === 503) response.setHeader('Retry-After', '5');
    if (fault.status === 405) response.setHeader('Allow', 'GET, HEAD');
    send(response, fault.status, outcomeOf(fault));
  }

  /** `patient=Patient/x` becomes the identifiers of that patient, by which the rows are found. */
  async #withPatients(query: SearchQuery): Promise<SearchQuery> {
    if (query.patientIds.length === 0) return query;
    const { rows } = await searchFhirResources(this.#deps.database, { resourceType: 'Patient', ids: query.patientIds, limit: 100, offset: 0 });
    const patients = rows.flatMap((row) => {
      const identifiers = (row.resource['identifier'] ?? []) as readonly { system?: string; value?: string }[];
      return identifiers.map(({ system, value }) => `${system ?? ''}|${value ?? ''}`);
    });
    return { ...query, search: { ...query.search, patients } };
  }

  #faultOf(thrown: unknown): FhirFault {
    if (thrown instanceof FhirFault) return thrown;
    // Bodies and paths that express refuses carry a 4xx status.
    const { status } = thrown as { status?: unknown };
    if (typeof status === 'number' && status >= 400 && status < 500) return new FhirFault(status, 'invalid', 'the request cannot be read');
    const error = asGatewayError(thrown);
    this.#deps.log.error('fhir.failed', { code: error.code, message: error.message, ...error.context });
    return error.code === 'DATABASE_UNAVAILABLE' ? new FhirFault(503, 'transient', 'the index is not available at this moment') : new FhirFault(500, 'exception', 'the request failed on our side');
  }

  async #audit(request: Request, action: string, objectId: string, detail: Readonly<Record<string, unknown>>): Promise<void> {
    const actor = this.#deps.actorOf?.(request) ?? 'anonymous';
    await recordAudit(this.#deps.database, { at: new Date(this.#deps.clock.now()), actor, action, outcome: 0, objectType: 'fhir', objectId, detail });
  }

  #base(request: Request): string {
    return this.#deps.publicBase ?? `${request.protocol}://${request.get('host') ?? 'localhost'}${request.baseUrl}`;
  }
}

function typeOf(request: Request): string {
  const type = String(request.params['type']);
  if (!Object.hasOwn(servedTypes, type)) throw new FhirFault(404, 'not-supported', 'this service has no such resource type');
  return type;
}

function acceptable(request: Request): boolean {
  const format = queryOf(request).find(([name]) => name === '_format')?.[1];
  if (format !== undefined) return ['json', 'application/json', 'application/fhir+json', 'application/fhir json'].includes(format.replace(/;.*$/, ''));
  // A missing Accept means anything (RFC 9110 §12.5.1).
  return request.accepts(['application/fhir+json', 'application/json']) !== false;
}

function queryOf(request: Request): [string, string][] {
  return pairsOf(request.query);
}

function formOf(request: Request): [string, string][] {
  return pairsOf((request.body ?? {}) as Record<string, unknown>);
}

function pairsOf(record: Record<string, unknown>): [string, string][] {
  return Object.entries(record).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).filter((entry) => typeof entry === 'string').map((entry): [string, string] => [name, entry]));
}

function send(response: Response, status: number, body: object): void {
  response.status(status).setHeader('Cache-Control', 'no-store');
  response.type('application/fhir+json; charset=utf-8').send(JSON.stringify(body));
}
