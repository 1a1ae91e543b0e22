import type { Row, Statement, Tx } from './database.ts';

/** A resource as published: what the read API serves. */
export interface PublishedResource {
  readonly resourceType: string;
  readonly id: string;
  /** `system|value` each. */
  readonly identifiers: readonly string[];
  /** `system|value` of the subject. */
  readonly patientIdentifier: string | null;
  readonly studyInstanceUid: string | null;
  readonly status: string | null;
  readonly jobId: number | null;
  /** Without meta.versionId and meta.lastUpdated: they come from the row. */
  readonly resource: Readonly<Record<string, unknown>>;
}

const upsert = {
  name: 'fhir_upsert',
  text: `insert into fhir_resource (resource_type, id, identifiers, patient_identifier, study_instance_uid, status, job_id, resource, last_updated)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (resource_type, id) do update set version_id = fhir_resource.version_id + 1, identifiers = excluded.identifiers, patient_identifier = excluded.patient_identifier,
           study_instance_uid = excluded.study_instance_uid, status = excluded.status, job_id = excluded.job_id, resource = excluded.resource, last_updated = excluded.last_updated
         where fhir_resource.resource is distinct from excluded.resource`,
};

/** Publishes a resource: a new one, or the next version of a known one; the same content again changes nothing. */
export async function publishResource(tx: Tx, published: PublishedResource, at: Date): Promise<void> {
  await tx.execute(upsert, [
    published.resourceType, published.id, [...published.identifiers], published.patientIdentifier, published.studyInstanceUid, published.status, published.jobId,
    JSON.stringify(published.resource), at,
  ]);
}

export interface FhirResourceRow {
  readonly resource_type: string;
  readonly id: string;
  readonly version_id: number;
  readonly last_updated: Date;
  readonly resource: Readonly<Record<string, unknown>>;
}

const COLUMNS = 'resource_type, id, version_id, last_updated, resource';
const byId = { name: 'fhir_by_id', text: `select ${COLUMNS} from fhir_resource where resource_type = $1 and id = $2` };

export async function fhirResource(tx: Tx, resourceType: string, id: string): Promise<FhirResourceRow | undefined> {
  return (await tx.query<FhirResourceRow>(byId, [resourceType, id]))[0];
}

/** A search; parts that are absent do not restrict. Lists mean "one of". */
export interface FhirSearch {
  readonly resourceType: string;
  readonly ids?: readonly string[];
  /** `system|value`. */
  readonly identifiers?: readonly string[];
  /** Values under whatever system. */
  readonly identifierValues?: readonly string[];
  readonly patients?: readonly string[];
  readonly patientValues?: readonly string[];
  readonly studies?: readonly string[];
  readonly statuses?: readonly string[];
  readonly updated?: readonly { readonly operator: '<' | '<=' | '>' | '>='; readonly at: Date }[];
  readonly limit: number;
  readonly offset: number;
}

/** One page, newest first, and how many there are in all. */
export async function searchFhirResources(tx: Tx, search: FhirSearch): Promise<{ rows: FhirResourceRow[]; total: number }> {
  const { where, values, name } = conditions(search);
  const count: Statement = { name: `fhir_count_${name}`, text: `select count(*) as total from fhir_resource where ${where}` };
  const [counted] = await tx.query<Row & { total: number }>(count, values);
  const total = counted?.total ?? 0;
  if (search.limit === 0 || total <= search.offset) return { rows: [], total };
  const page: Statement = {
    name: `fhir_page_${name}`,
    text: `select ${COLUMNS} from fhir_resource where ${where} order by last_updated desc, id limit $${values.length + 1} offset $${values.length + 2}`,
  };
  return { rows: await tx.query<FhirResourceRow>(page, [...values, search.limit, search.offset]), total };
}

/** The conditions in a fixed order, so that the same kind of search is the same prepared statement. */
function conditions(search: FhirSearch): { where: string; values: unknown[]; name: string } {
  const parts: string[] = ['resource_type = $1'];
  const values: unknown[] = [search.resourceType];
  const names: string[] = [];
  const add = (key: string, list: readonly string[] | undefined, sql: (parameter: string) => string): void => {
    if (list === undefined) return;
    values.push([...list]);
    parts.push(sql(`$${values.length}`));
    names.push(key);
  };
  add('id', search.ids, (p) => `id = any(${p})`);
  add('identifier', search.identifiers, (p) => `identifiers && ${p}::text[]`);
  add('value', search.identifierValues, (p) => `exists (select 1 from unnest(identifiers) known(entry) where substring(known.entry from position('|' in known.entry) + 1) = any(${p}))`);
  add('patient', search.patients, (p) => `patient_identifier = any(${p})`);
  add('patientvalue', search.patientValues, (p) => `substring(patient_identifier from position('|' in patient_identifier) + 1) = any(${p})`);
  add('study', search.studies, (p) => `study_instance_uid = any(${p})`);
  add('status', search.statuses, (p) => `status = any(${p})`);
  for (const bound of search.updated ?? []) {
    values.push(bound.at);
    parts.push(`last_updated ${bound.operator} $${values.length}`);
    names.push({ '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' }[bound.operator]);
  }
  return { where: parts.join(' and '), values, name: names.join('_') || 'all' };
}
