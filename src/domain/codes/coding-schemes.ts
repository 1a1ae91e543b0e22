import { derivedUid } from '../../foundation/uid.ts';

export interface CodingScheme {
  readonly designator: string;
  readonly name: string;
  /** Coding Scheme UID (0008,010C), PS3.16 §8; null when it has none. */
  readonly uid: string | null;
  /** FHIR `system`. */
  readonly fhirSystem: string;
  /** Identifier in HL7 table 0396. */
  readonly hl7: string;
}

/** Ours, for what has no verified public code (PS3.3 §8.2: designators that begin with 99 are private). */
export const privateScheme = '99ISOCENTER';

const privateSchemeUid = derivedUid('isocenter', 'coding-scheme');

/** Coding schemes by designator. UIDs: PS3.16 §8, table 8-1. `99ISOCENTER` has a UID of its own under 2.25. */
const schemes: readonly CodingScheme[] = [
  { designator: 'DCM', name: 'DICOM Controlled Terminology', uid: '1.2.840.10008.2.16.4', fhirSystem: 'http://dicom.nema.org/resources/ontology/DCM', hl7: 'DCM' },
  { designator: 'SCT', name: 'SNOMED CT', uid: '2.16.840.1.113883.6.96', fhirSystem: 'http://snomed.info/sct', hl7: 'SCT' },
  { designator: 'LN', name: 'LOINC', uid: '2.16.840.1.113883.6.1', fhirSystem: 'http://loinc.org', hl7: 'LN' },
  { designator: 'UCUM', name: 'Unified Code for Units of Measure', uid: '2.16.840.1.113883.6.8', fhirSystem: 'http://unitsofmeasure.org', hl7: 'UCUM' },
  { designator: 'RADLEX', name: 'RadLex', uid: '2.16.840.1.113883.6.256', fhirSystem: 'http://radlex.org', hl7: 'RADLEX' },
  { designator: 'RADELEMENT', name: 'RadElement', uid: null, fhirSystem: 'https://radelement.org', hl7: 'L' },
  { designator: 'UMLS', name: 'Unified Medical Language System', uid: '2.16.840.1.113883.6.86', fhirSystem: 'http://terminology.hl7.org/CodeSystem/umls', hl7: 'UMLS' },
  { designator: 'NCIt', name: 'NCI Thesaurus', uid: '2.16.840.1.113883.3.26.1.1', fhirSystem: 'http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl', hl7: 'NCIT' },
  { designator: 'IBSI', name: 'Imaging Biomarker Standardisation Initiative', uid: '1.2.840.10008.2.16.13', fhirSystem: 'urn:oid:1.2.840.10008.2.16.13', hl7: 'L' },
  { designator: 'RFC5646', name: 'Tags for Identifying Languages', uid: '2.16.840.1.113883.6.316', fhirSystem: 'urn:ietf:bcp:47', hl7: 'L' },
  { designator: 'ISO3166_1', name: 'ISO 3166-1 country codes', uid: '2.16.1', fhirSystem: 'urn:iso:std:iso:3166', hl7: 'ISO3166_1' },
  { designator: privateScheme, name: 'isocenter private concepts', uid: privateSchemeUid, fhirSystem: `urn:oid:${privateSchemeUid}`, hl7: privateScheme },
];

const byDesignator = new Map(schemes.map((scheme) => [scheme.designator, scheme]));

/** The scheme, or undefined when we do not know it. */
export function codingScheme(designator: string): CodingScheme | undefined {
  return byDesignator.get(designator);
}

/** FHIR `system` for a scheme designator. One we do not know is named by our own URN, so that its codes collide with nobody's. */
export function fhirSystemOf(designator: string): string {
  return byDesignator.get(designator)?.fhirSystem ?? `urn:oid:${derivedUid('isocenter', 'coding-scheme', designator)}`;
}
