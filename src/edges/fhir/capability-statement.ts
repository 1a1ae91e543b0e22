import { parameterTypes, servedTypes } from './served-types.ts';

export interface ServerFacts {
  /** Base of the service, without a slash at the end. */
  readonly base: string;
  readonly softwareVersion: string;
  /** When this process started. */
  readonly startedAt: Date;
}

/** What the read API can do: `GET [base]/metadata`, FHIR R4 §3.1.0.9. */
export function capabilityStatement({ base, softwareVersion, startedAt }: ServerFacts): object {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: startedAt.toISOString(),
    kind: 'instance',
    software: { name: 'isocenter', version: softwareVersion },
    implementation: { description: 'What the gateway published: AI reports and what belongs to them', url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        documentation: 'Read only. Everything here is made by algorithms and labelled AIAST; a report is preliminary until a person has signed it.',
        resource: [...Object.entries(servedTypes).map(([type, own]) => ({
          type,
          interaction: [{ code: 'read' }, { code: 'search-type' }],
          versioning: 'versioned',
          readHistory: false,
          searchParam: (['_id', '_lastUpdated', ...own] as const).map((name) => ({ name, ...parameterTypes[name] })),
        })), auditEvents],
      },
    ],
  };
}

/** Served apart (audit-event-router.ts), to administrators. */
const auditEvents = {
  type: 'AuditEvent',
  documentation: 'Needs the administrator’s right',
  interaction: [{ code: 'read' }, { code: 'search-type' }],
  versioning: 'no-version',
  readHistory: false,
  searchParam: [
    { name: 'date', type: 'date', documentation: 'With ge, gt, le or lt: when it was recorded' },
    { name: 'study', type: 'uri', documentation: 'Study Instance UID, bare or as urn:oid:' },
    { name: 'subtype', type: 'token', documentation: 'Our action, for example delivery.delivered' },
    { name: 'agent', type: 'reference', documentation: 'Who did it, as in agent.who.display' },
  ],
};
