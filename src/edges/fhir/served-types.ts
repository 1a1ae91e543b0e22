/** Resource types of the read API, each with the search parameters it knows beside the common ones. */
export const servedTypes: Readonly<Record<string, readonly SearchParameter[]>> = {
  DiagnosticReport: ['identifier', 'patient', 'subject', 'study', 'status'],
  Observation: ['identifier', 'patient', 'subject', 'study', 'status'],
  ImagingStudy: ['identifier', 'patient', 'subject', 'study', 'status'],
  Task: ['identifier', 'patient', 'subject', 'study', 'status'],
  Provenance: ['study'],
  Device: ['identifier', 'status'],
  Patient: ['identifier'],
};

export type SearchParameter = 'identifier' | 'patient' | 'subject' | 'study' | 'status';

/** FHIR R4 search parameter types, and what `study` means: it is ours. */
export const parameterTypes: Readonly<Record<SearchParameter | '_id' | '_lastUpdated', { readonly type: 'token' | 'reference' | 'date' | 'uri'; readonly documentation: string }>> = {
  _id: { type: 'token', documentation: 'Id of the resource' },
  _lastUpdated: { type: 'date', documentation: 'When this version was published; prefixes eq, gt, ge, lt, le, sa, eb' },
  identifier: { type: 'token', documentation: 'system|value, |value or value' },
  patient: { type: 'reference', documentation: 'Patient/id, or the patient’s identifier as system|value or value; patient:identifier and patient.identifier too' },
  subject: { type: 'reference', documentation: 'As patient' },
  study: { type: 'uri', documentation: 'Study Instance UID, bare or as urn:oid:' },
  status: { type: 'token', documentation: 'Status of the resource' },
};
