import type { AuditEventRow } from '../../store/audit-read.ts';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const AUDIT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-event-type';

/** Event ids of PS3.15 §A.5.3 and CID 400, by the beginning of our action; what fits none is application activity. */
const types: readonly { readonly prefix: string; readonly system: string; readonly code: string; readonly display: string; readonly action: string }[] = [
  { prefix: 'instances.', system: DCM, code: '110104', display: 'DICOM Instances Transferred', action: 'C' },
  { prefix: 'dicomweb.retriev', system: DCM, code: '110104', display: 'DICOM Instances Transferred', action: 'R' },
  { prefix: 'delivery.', system: DCM, code: '110106', display: 'Export', action: 'R' },
  { prefix: 'dicom.query', system: DCM, code: '110112', display: 'Query', action: 'E' },
  { prefix: 'fhir.', system: AUDIT_TYPE, code: 'rest', display: 'RESTful Operation', action: 'R' },
  { prefix: 'association.', system: DCM, code: '110113', display: 'Security Alert', action: 'E' },
];
const activity = { prefix: '', system: DCM, code: '110100', display: 'Application Activity', action: 'E' };

/**
 * An audit row as FHIR R4 AuditEvent. Our own action stands in `subtype`; detail stays inside, for it may name more than the reader asked
 * for. An event in the hash chain carries its place and hash as identifiers of the source entity.
 */
export function auditEventOf(row: AuditEventRow): object {
  const { system, code, display, action } = types.find(({ prefix }) => row.action.startsWith(prefix)) ?? activity;
  return {
    resourceType: 'AuditEvent',
    id: String(row.id),
    type: { system, code, display },
    subtype: [{ system: 'urn:isocenter:audit-action', code: row.action }],
    action,
    recorded: row.occurred_at.toISOString(),
    outcome: String(row.outcome),
    agent: [{ who: { display: row.actor }, requestor: true }],
    source: { observer: { display: 'isocenter' }, type: [{ system: 'http://terminology.hl7.org/CodeSystem/security-source-type', code: '4', display: 'Application Server' }] },
    ...entitiesOf(row),
  };
}

/** FHIR knows no empty arrays. */
function entitiesOf({ object_type: type, object_id: id, study_instance_uid: study, sequence, hash }: AuditEventRow): { entity?: object[] } {
  const entity = [
    ...(study === null ? [] : [{ what: { identifier: { system: 'urn:dicom:uid', value: `urn:oid:${study}` } }, description: 'study' }]),
    ...(id === null || id === '' || id === study ? [] : [{ what: { identifier: { value: id } }, ...(type === null ? {} : { description: type }) }]),
    ...(sequence === null || hash === null ? [] : [{ what: { identifier: { system: 'urn:isocenter:audit-chain', value: String(sequence) } }, description: 'place in the hash chain', detail: [{ type: 'sha256', valueString: hash }] }]),
  ];
  return entity.length === 0 ? {} : { entity };
}
