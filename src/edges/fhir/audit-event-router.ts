import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import { isUid } from '../../foundation/uid.ts';
import { recordAudit } from '../../store/audit.ts';
import { auditEventById, searchAuditEvents, type AuditSearch } from '../../store/audit-read.ts';
import type { Database } from '../../store/database.ts';
import { auditEventOf } from './audit-event.ts';
import { FhirFault, outcomeOf } from './operation-outcome.ts';

export interface AuditEventRouterDependencies {
  readonly database: Database;
  readonly clock: Clock;
  /** Who may read the audit log. */
  readonly guard: RequestHandler;
}

const DEFAULT_COUNT = 50;
const MOST = 500;

/**
 * `/fhir/R4/AuditEvent`: read and search of the audit log (RESTful ATNA, ITI-81), mounted before the read API. Parameters: `date` with ge, gt, le, lt
 * (an instant), `study`, `subtype` (our action), `agent`, `_count`, `_offset`. Each search is audited itself. Unknown parameters are refused.
 */
export function createAuditEventRouter({ database, clock, guard }: AuditEventRouterDependencies): Router {
  const router = Router();
  router.get('/AuditEvent/:id', guard, answer(async (request) => {
    const id = String(request.params['id']);
    const row = /^\d{1,15}$/.test(id) ? await auditEventById(database, Number(id)) : undefined;
    if (row === undefined) throw new FhirFault(404, 'not-found', 'no AuditEvent with this id');
    return auditEventOf(row);
  }));
  router.get('/AuditEvent', guard, answer(async (request) => {
    const search = searchOf(request);
    const { rows, total } = await searchAuditEvents(database, search);
    await recordAudit(database, { at: new Date(clock.now()), actor: 'administrator', action: 'audit.read', outcome: 0, objectType: 'audit', objectId: 'search', detail: { returned: rows.length, total } });
    const base = `${request.protocol}://${request.get('host') ?? 'localhost'}${request.baseUrl}`;
    const link = [{ relation: 'self', url: urlOf(base, request, search.offset) }, ...(search.offset + rows.length < total ? [{ relation: 'next', url: urlOf(base, request, search.offset + search.limit) }] : [])];
    const entry = rows.map((row) => ({ fullUrl: `${base}/AuditEvent/${row.id}`, resource: auditEventOf(row), search: { mode: 'match' } }));
    return { resourceType: 'Bundle', type: 'searchset', total, link, ...(entry.length === 0 ? {} : { entry }) };
  }));
  return router;
}

function searchOf(request: Request): AuditSearch {
  let search: AuditSearch = { limit: DEFAULT_COUNT, offset: 0 };
  for (const [name, value] of pairsOf(request)) search = { ...search, ...partOf(name, value) };
  return search;
}

function partOf(name: string, value: string): Partial<AuditSearch> {
  switch (name) {
    case '_count':
      return { limit: Math.min(MOST, Math.max(1, whole(name, value))) };
    case '_offset':
      return { offset: whole(name, value) };
    case '_format':
      return {};
    case 'date':
      return boundOf(value);
    case 'study':
      if (!isUid(value.replace(/^urn:oid:/, ''))) throw bad('study takes a Study Instance UID');
      return { studyInstanceUid: value.replace(/^urn:oid:/, '') };
    case 'subtype':
      return { action: value.slice(value.lastIndexOf('|') + 1) };
    case 'agent':
      return { actor: value };
    default:
      throw bad(`unknown search parameter ${/^[\w.:-]{1,64}$/.test(name) ? name : ''}`);
  }
}

function boundOf(value: string): Partial<AuditSearch> {
  const match = /^(ge|gt|le|lt)(\d{4}-\d\d-\d\d(?:T\S+)?)$/.exec(value);
  const at = new Date(match?.[2] ?? Number.NaN);
  if (match === null || Number.isNaN(at.getTime())) throw bad('date takes ge, gt, le or lt and an instant');
  const next = new Date(at.getTime() + 1);
  if (match[1] === 'ge') return { from: at };
  if (match[1] === 'gt') return { from: next };
  return { to: match[1] === 'le' ? next : at };
}

function whole(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw bad(`${name} takes a whole number`);
  return Number(value);
}

function bad(message: string): FhirFault {
  return new FhirFault(400, 'invalid', message);
}

function pairsOf(request: Request): [string, string][] {
  return Object.entries(request.query).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string' && one !== '').map((one): [string, string] => [name, one as string]));
}

function urlOf(base: string, request: Request, offset: number): string {
  const parameters = new URLSearchParams(pairsOf(request).filter(([name]) => name !== '_offset'));
  if (offset > 0) parameters.set('_offset', String(offset));
  const text = parameters.toString();
  return `${base}/AuditEvent${text === '' ? '' : `?${text}`}`;
}

function answer(work: (request: Request) => Promise<object>): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    let status = 200;
    let body: object;
    try {
      body = await work(request);
    } catch (thrown) {
      const away = asGatewayError(thrown).code === 'DATABASE_UNAVAILABLE';
      const fault = thrown instanceof FhirFault ? thrown : away ? new FhirFault(503, 'transient', 'the index is not available at this moment') : new FhirFault(500, 'exception', 'the request failed on our side');
      ({ status } = fault);
      body = outcomeOf(fault);
    }
    response.status(status).set('Cache-Control', 'no-store').type('application/fhir+json; charset=utf-8').send(JSON.stringify(body));
  };
}
