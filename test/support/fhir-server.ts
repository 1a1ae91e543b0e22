import { startHttpServer } from '../../src/transport/http/http-server.ts';
import type { CannedAnswer } from './stow-server.ts';

type Json = Record<string, unknown>;

/** A small, strict FHIR R4 server for transactions: conditional create and update, references, no empty values; all or nothing. */
export interface FhirServer {
  readonly url: string;
  readonly port: number;
  /** `Type/id` → resource. */
  readonly resources: ReadonlyMap<string, Json>;
  readonly requests: readonly { readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly body: string }[];
  readonly canned: CannedAnswer[];
  stop(): Promise<void>;
}

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function startFhirServer(): Promise<FhirServer> {
  let resources = new Map<string, Json>();
  const requests: { headers: Record<string, string | string[] | undefined>; body: string }[] = [];
  const canned: CannedAnswer[] = [];
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    handler: (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('error', () => undefined);
      request.on('end', () => {
        requests.push({ headers: request.headers, body });
        const send = (status: number, answer: object, headers: Readonly<Record<string, string>> = {}): void => {
          response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers }).end(JSON.stringify(answer));
        };
        const next = canned.shift();
        if (next !== undefined) return void response.writeHead(next.status, { ...next.headers }).end(next.body ?? '');
        try {
          if (request.method !== 'POST' || request.url !== '/fhir/R4') throw new Refusal(404, `${request.method} ${request.url}`);
          if (request.headers['content-type']?.startsWith('application/fhir+json') !== true) throw new Refusal(415, 'content type');
          const outcome = transact(JSON.parse(body) as Json, resources);
          resources = outcome.resources;
          send(200, outcome.response);
        } catch (thrown) {
          const status = thrown instanceof Refusal ? thrown.status : 500;
          send(status, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid', diagnostics: (thrown as Error).message }] });
        }
      });
    },
  });
  return {
    url: `${server.url}/fhir/R4`, port: server.port, requests, canned, stop: () => server.stop(0),
    get resources() {
      return resources;
    },
  };
}

interface Entry {
  readonly fullUrl: string;
  readonly resource: Json;
  readonly request: { readonly method: string; readonly url: string; readonly ifNoneExist?: string };
}

function transact(bundle: Json, before: ReadonlyMap<string, Json>): { resources: Map<string, Json>; response: object } {
  if (bundle['resourceType'] !== 'Bundle' || bundle['type'] !== 'transaction') throw new Refusal(400, 'not a transaction');
  const entries = (bundle['entry'] ?? []) as readonly Entry[];
  const resources = new Map(before);
  const resolved = new Map<string, string>();
  const answers = entries.map((entry) => {
    refuseEmpty(entry.resource, String(entry.resource['resourceType']));
    const type = String(entry.resource['resourceType']);
    const { method, url, ifNoneExist } = entry.request;
    const [requestType, query = method === 'POST' ? (ifNoneExist ?? '') : ''] = url.split('?');
    if (requestType !== type) throw new Refusal(400, `${url} is not for a ${type}`);
    if (method !== 'PUT' && method !== 'POST') throw new Refusal(400, `method ${method}`);
    const matches = query === '' ? [] : [...resources].filter(([key, resource]) => key.startsWith(`${type}/`) && matchesQuery(resource, query)).map(([key]) => key);
    if (matches.length > 1) throw new Refusal(412, `several ${type} match`);
    const existing = matches[0];
    const key = existing ?? `${type}/${resources.size + 1}`;
    resolved.set(entry.fullUrl, key);
    if (existing === undefined || method === 'PUT') resources.set(key, { ...entry.resource, id: key.split('/')[1] });
    return { response: { status: existing === undefined ? '201 Created' : '200 OK', location: `${key}/_history/1` } };
  });
  for (const entry of entries) resources.set(resolved.get(entry.fullUrl)!, linked(resources.get(resolved.get(entry.fullUrl)!)!, resolved));
  return { resources, response: { resourceType: 'Bundle', type: 'transaction-response', entry: answers } };
}

/** `identifier=system|value` or `_tag=system|code`. */
function matchesQuery(resource: Json, query: string): boolean {
  const parameters = new URLSearchParams(query);
  const [system, value] = (parameters.get('identifier') ?? parameters.get('_tag') ?? '').split('|');
  const list = (parameters.has('_tag') ? ((resource['meta'] as Json | undefined)?.['tag'] ?? []) : (resource['identifier'] ?? [])) as readonly Record<string, string>[];
  return list.some((entry) => (entry['system'] ?? '') === system && (entry['value'] ?? entry['code']) === value);
}

function linked(resource: Json, resolved: ReadonlyMap<string, string>): Json {
  return JSON.parse(JSON.stringify(resource), (key, value: unknown) => {
    if (key !== 'reference' || typeof value !== 'string' || !value.startsWith('urn:uuid:')) return value;
    const target = resolved.get(value);
    if (target === undefined) throw new Refusal(400, `reference to ${value}, which is not in the bundle`);
    return target;
  }) as Json;
}

/** FHIR has no null and nothing empty (R4 §2.6.2). */
function refuseEmpty(value: unknown, path: string): void {
  if (value === null || value === '') throw new Refusal(422, `${path} is empty`);
  if (typeof value !== 'object') return;
  const entries = Object.entries(value);
  if (entries.length === 0) throw new Refusal(422, `${path} is empty`);
  for (const [key, child] of entries) refuseEmpty(child, `${path}.${key}`);
}
