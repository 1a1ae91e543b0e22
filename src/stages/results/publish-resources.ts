import type { Resource } from '../../standards/fhir/resources.ts';
import type { Tx } from '../../store/database.ts';
import { publishResource } from '../../store/fhir-resource.ts';

export interface Publication {
  readonly jobId: number;
  readonly studyInstanceUid: string;
  readonly at: Date;
}

type Json = Readonly<Record<string, unknown>>;

/** What belongs to no single study is found by identifier alone. */
const SHARED = new Set(['Device', 'Patient', 'Organization', 'Practitioner']);

/** Puts the resources of a run where the read API serves them, with what it searches by. */
export async function publishResources(tx: Tx, resources: readonly Resource[], publication: Publication): Promise<void> {
  for (const resource of resources) {
    const json = resource as unknown as Json;
    const id = text(json['id']);
    if (id === undefined) throw new Error('a published resource needs an id');
    await publishResource(
      tx,
      {
        resourceType: resource.resourceType,
        id,
        identifiers: identifiersOf(json),
        patientIdentifier: subjectOf(json, resources),
        studyInstanceUid: SHARED.has(resource.resourceType) ? null : publication.studyInstanceUid,
        status: text(json['status']) ?? null,
        jobId: SHARED.has(resource.resourceType) ? null : publication.jobId,
        resource: json,
      },
      publication.at,
    );
  }
}

function identifiersOf(resource: Json): string[] {
  return list(resource['identifier']).map(token).filter((entry) => entry !== undefined);
}

/** `system|value` of the patient, whether named by identifier or by reference to a Patient of the same run. */
function subjectOf(resource: Json, resources: readonly Resource[]): string | null {
  if (resource['resourceType'] === 'Patient') return identifiersOf(resource)[0] ?? null;
  const subject = record(resource['subject']) ?? record(resource['for']);
  const identifier = record(subject?.['identifier']);
  if (identifier !== undefined) return token(identifier) ?? null;
  const reference = text(subject?.['reference']);
  const patient = resources.find((candidate) => `${candidate.resourceType}/${text((candidate as unknown as Json)['id'])}` === reference);
  return patient === undefined ? null : (identifiersOf(patient as unknown as Json)[0] ?? null);
}

function token(identifier: Json): string | undefined {
  const value = text(identifier['value']);
  return value === undefined ? undefined : `${text(identifier['system']) ?? ''}|${value}`;
}

function list(value: unknown): Json[] {
  return (Array.isArray(value) ? value : [value]).map(record).filter((entry) => entry !== undefined);
}

function record(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
