import { fhirSystemOf } from '../domain/codes/coding-schemes.ts';
import type { CodedConcept } from '../domain/coded-concept.ts';
import type { Analysis, Measurement } from '../domain/findings.ts';
import { derivedUid, derivedUuid } from '../foundation/uid.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import { fhirDateTime, fhirInstant } from '../standards/fhir/dicom-values.ts';
import type { CodeableConcept, Coding, Identifier, Meta, Quantity, Reference } from '../standards/fhir/resources.ts';
import { analysisHeader } from './common-modules.ts';
import { offsetMinutes } from './dicom-time.ts';
import type { ObjectIdentity, ResultContext } from './result-context.ts';

export interface FhirRequest {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  readonly report: ObjectIdentity;
  readonly segmentation: ObjectIdentity | null;
  readonly options: FhirOptions;
}

export interface FhirOptions {
  /**
   * `logical`: the patient is named by identifier alone and the EHR finds its own; `create`: a Patient entry is made when none has the
   * identifier, for servers without a patient index.
   */
  readonly patient: 'logical' | 'create';
  /** `system` of Patient ID where the source names no issuer with a universal id; null = none. */
  readonly patientIdSystem: string | null;
  /** `system` of accession numbers; null = none. */
  readonly accessionSystem: string | null;
}

export const defaultFhirOptions: FhirOptions = { patient: 'logical', patientIdSystem: null, accessionSystem: null };

/** Identifier systems of our own: fixed OIDs under 2.25. */
export const identifierSystems = {
  run: `urn:oid:${derivedUid('isocenter', 'fhir', 'run')}`,
  finding: `urn:oid:${derivedUid('isocenter', 'fhir', 'finding')}`,
  task: `urn:oid:${derivedUid('isocenter', 'fhir', 'task')}`,
  result: `urn:oid:${derivedUid('isocenter', 'fhir', 'result')}`,
} as const;

export const dicomUidSystem = 'urn:dicom:uid';

/** What the resources of one bundle share, worked out once. */
export interface FhirScene {
  readonly request: FhirRequest;
  readonly source: DataSet;
  readonly subject: Reference;
  readonly effective: string;
  readonly issued: string;
  readonly performer: Reference;
  /** Names the run over all revisions: study, series and model. */
  readonly runKey: string;
  readonly references: { readonly model: Reference; readonly gateway: Reference; readonly imagingStudy: Reference; readonly report: Reference };
  readonly basedOn: readonly Reference[];
}

/** Resource id for our own read API, and the UUID of its fullUrl: a function of what the resource is about alone. */
export function fhirId(resourceType: string, ...parts: readonly string[]): string {
  return derivedUuid('fhir', resourceType, ...parts);
}

export function fullUrlOf(resourceType: string, ...parts: readonly string[]): string {
  return `urn:uuid:${fhirId(resourceType, ...parts)}`;
}

export function fhirRunKey({ source, model }: Analysis): string {
  return derivedUid('fhir-run', source.studyInstanceUid, source.seriesInstanceUid, model.id);
}

export function fhirScene(request: FhirRequest, subject: Reference): FhirScene {
  const { analysis, context } = request;
  const source = analysisHeader(analysis, context);
  const minutes = offsetMinutes(source, context.times);
  const issued = fhirInstant(context.times.finishedAt, minutes);
  const runKey = fhirRunKey(analysis);
  const studied = fhirDateTime(source.string(tags.StudyDate), source.string(tags.StudyTime), minutes);
  return {
    request,
    source,
    subject,
    effective: studied ?? fhirInstant(context.times.startedAt, minutes),
    issued,
    performer: { type: 'Organization', display: context.gateway.institutionName },
    runKey,
    references: {
      model: { reference: fullUrlOf('Device', analysis.model.deviceUid), type: 'Device' },
      gateway: { reference: fullUrlOf('Device', context.gateway.deviceUid), type: 'Device' },
      imagingStudy: { reference: fullUrlOf('ImagingStudy', analysis.source.studyInstanceUid), type: 'ImagingStudy' },
      report: { reference: fullUrlOf('DiagnosticReport', runKey), type: 'DiagnosticReport' },
    },
    basedOn: orderReferences(source, request.options),
  };
}

/** HL7 AI Transparency: what was made by an algorithm is labelled so on each resource. */
export const aiMeta: Meta = {
  security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'AIAST', display: 'Artificial Intelligence asserted' }],
};

export function coding(code: CodedConcept): Coding {
  return { system: fhirSystemOf(code.scheme), code: code.value, ...(code.meaning === '' ? {} : { display: code.meaning }) };
}

export function codeable(code: CodedConcept): CodeableConcept {
  return { coding: [coding(code)], ...(code.meaning === '' ? {} : { text: code.meaning }) };
}

/** UCUM quantity; undefined when there is no value. */
export function quantity(measurement: Measurement): Quantity | undefined {
  if (measurement.value === null || !Number.isFinite(measurement.value)) return undefined;
  const { unit } = measurement;
  return { value: measurement.value, unit: unit.meaning === '' ? unit.value : unit.meaning, system: fhirSystemOf(unit.scheme), code: unit.value };
}

/** Why there is no value, http://terminology.hl7.org/CodeSystem/data-absent-reason. */
export function absentReason(code: 'error' | 'not-performed' | 'unknown', text: string): CodeableConcept {
  const display = { error: 'Error', 'not-performed': 'Not Performed', unknown: 'Unknown' }[code];
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code, display }], text };
}

/** Never final: that is a person's word. */
export function reportStatus({ outcome }: Analysis): 'partial' | 'preliminary' {
  return outcome === 'partial' ? 'partial' : 'preliminary';
}

/** The patient as the source names it: Patient ID with the issuer's universal id where one is given (PS3.3 §10.14). */
export function patientIdentifier(source: DataSet, options: FhirOptions): Identifier | undefined {
  const value = source.string(tags.PatientID)?.trim();
  if (value === undefined || value === '') return undefined;
  const qualifiers = source.items(tags.IssuerOfPatientIDQualifiersSequence)[0];
  const universal = qualifiers?.string(tags.UniversalEntityIDType) === 'ISO' ? qualifiers.string(tags.UniversalEntityID) : undefined;
  const system = universal === undefined ? options.patientIdSystem : `urn:oid:${universal}`;
  return {
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR', display: 'Medical record number' }] },
    ...(system === null ? {} : { system }),
    value,
  };
}

export function accessionIdentifier(source: DataSet, options: FhirOptions): Identifier | undefined {
  const value = source.string(tags.AccessionNumber)?.trim();
  if (value === undefined || value === '') return undefined;
  return {
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN', display: 'Accession ID' }] },
    ...(options.accessionSystem === null ? {} : { system: options.accessionSystem }),
    value,
  };
}

/** The order is never made by us: it is named by its accession number. */
function orderReferences(source: DataSet, options: FhirOptions): readonly Reference[] {
  const identifier = accessionIdentifier(source, options);
  return identifier === undefined ? [] : [{ type: 'ServiceRequest', identifier }];
}

