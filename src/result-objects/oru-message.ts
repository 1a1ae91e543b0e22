import { concept } from '../domain/codes/concepts.ts';
import type { CodedConcept } from '../domain/coded-concept.ts';
import type { Analysis, Finding, Measurement, TargetCondition } from '../domain/findings.ts';
import { derivedUuid } from '../foundation/uid.ts';
import { decimalString } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { analysisHeader } from './common-modules.ts';
import { dicomMoment, offsetMinutes } from './dicom-time.ts';
import type { DicomMoment } from './dicom-time.ts';
import { disclosure } from './disclosure.ts';
import { fhirRunKey } from './fhir-request.ts';
import { codedField, encodeMessage, nameField } from './hl7-fields.ts';
import type { Field, Segment } from './hl7-fields.ts';
import { probabilityMeasurement } from './measurement-items.ts';
import { summaryKey } from './qualitative-evaluations.ts';
import { reportDocument } from './report-document.ts';
import { reportText } from './report-text.ts';
import type { ObjectIdentity, ResultContext } from './result-context.ts';

export interface OruRequest {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  readonly report: ObjectIdentity;
  readonly routing: {
    readonly sendingApplication: string;
    readonly sendingFacility: string;
    readonly receivingApplication: string;
    readonly receivingFacility: string;
    /** P in production, T in training, D in debugging (table 0103). */
    readonly processingId: 'P' | 'T' | 'D';
  };
}

interface Observed {
  readonly type: 'NM' | 'CWE' | 'ST' | 'TX' | 'FT' | 'HD';
  readonly name: CodedConcept;
  readonly subId: string;
  readonly value: Field;
  readonly unit?: CodedConcept;
  /** OBX-11: P preliminary, X cannot be obtained. */
  readonly status: 'P' | 'X';
}

/**
 * One run as ORU^R01^ORU_R01, HL7 v2.5.1, UTF-8, segments ended by CR, without the frame of MLLP. Preliminary; the disclosure comes first.
 * The control id is a function of the report, so that a retry carries the same one; filler number and sub-ids stay over revisions, so that a
 * correction replaces what was said before. The filler number is our own: never the accession, which belongs to the radiologist's report.
 */
export function buildOruMessage(request: OruRequest): string {
  const { analysis, context, report, routing } = request;
  const source = analysisHeader(analysis, context);
  const finished = dicomMoment(context.times.finishedAt, offsetMinutes(source, context.times));
  const one = (tag: number): string => source.string(tag)?.trim() ?? '';
  const filler = [fhirRunKey(analysis), 'ISOCENTER', context.gateway.deviceUid, 'ISO'];
  const observed = [...observations(request)].map((observation, index) => obx(observation, index + 1, request, finished));
  const segments = [
    segment('MSH', {
      3: routing.sendingApplication, 4: routing.sendingFacility, 5: routing.receivingApplication, 6: routing.receivingFacility,
      7: finished.dateTime, 9: ['ORU', 'R01', 'ORU_R01'], 10: controlId(report), 11: routing.processingId, 12: '2.5.1', 15: 'AL', 16: 'NE', 18: 'UNICODE UTF-8',
    }),
    segment('PID', { 1: '1', 3: [one(tags.PatientID), '', '', one(tags.IssuerOfPatientID), 'MR'], 5: nameField(one(tags.PatientName)), 7: digits(one(tags.PatientBirthDate)), 8: one(tags.PatientSex).slice(0, 1) }),
    segment('PV1', { 1: '1', 2: 'U' }),
    segment('ORC', { 1: 'RE', 3: filler }),
    segment('OBR', {
      1: '1', 3: filler, 4: codedField(analysis.model.procedure), 7: studyTime(digits(one(tags.StudyDate)), digits(one(tags.StudyTime).split('.')[0] ?? '')),
      18: one(tags.AccessionNumber), 22: finished.dateTime, 24: 'RAD', 25: 'P',
    }),
    ...observed,
    segment('NTE', { 1: '1', 2: 'L', 3: disclosure(analysis.model) }),
  ];
  return encodeMessage(segments);
}

function segment(name: string, fields: Segment['fields']): Segment {
  return { name, fields };
}

/** MSH-10, at most 20 characters. */
export function controlId(report: ObjectIdentity): string {
  return derivedUuid('oru', report.sopInstanceUid).replaceAll('-', '').slice(0, 20).toUpperCase();
}

function* observations({ analysis, context }: OruRequest): Generator<Observed> {
  yield { type: 'TX', name: concept('comment'), subId: '0', value: disclosure(analysis.model), status: 'P' };
  yield { type: 'CWE', name: concept('cad-summary'), subId: '0', value: codedField(concept(summaryKey(analysis.outcome, analysis.findings.length))), status: analysis.outcome === 'not-analysable' ? 'X' : 'P' };
  for (const [index, finding] of analysis.findings.entries()) yield* findingObservations(finding, String(index + 1));
  for (const [index, target] of analysis.targets.entries()) if (!target.present) yield* targetObservations(target, `T${index + 1}`);
  for (const measurement of analysis.studyMeasurements) yield measured(measurement, 'S');
  for (const { concept: name, value } of analysis.studyEvaluations) yield evaluated(name, value, 'S');
  yield { type: 'FT', name: concept('doc-diagnostic-imaging'), subId: '0', value: reportText(reportDocument(analysis, context)).trimEnd(), status: 'P' };
  yield { type: 'HD', name: { scheme: 'DCM', value: '110180', meaning: 'Study Instance UID' }, subId: '0', value: ['', analysis.source.studyInstanceUid, 'ISO'], status: 'P' };
}

function* findingObservations(finding: Finding, subId: string): Generator<Observed> {
  yield { type: 'CWE', name: concept('finding'), subId, value: codedField(finding.concept), status: 'P' };
  yield { type: 'ST', name: concept('tracking-identifier'), subId, value: finding.trackingId, status: 'P' };
  for (const { site, laterality } of finding.sites) {
    yield { type: 'CWE', name: concept('finding-site'), subId, value: codedField(site), status: 'P' };
    if (laterality !== null) yield { type: 'CWE', name: concept('laterality'), subId, value: codedField(laterality), status: 'P' };
  }
  for (const measurement of finding.measurements) yield measured(measurement, subId);
  if (finding.probability !== null) yield measured(probabilityMeasurement(finding.probability), subId);
  for (const { concept: name, value } of finding.evaluations) yield evaluated(name, value, subId);
}

function* targetObservations(target: TargetCondition, subId: string): Generator<Observed> {
  const analysed = target.probability !== null;
  yield { type: 'CWE', name: target.concept, subId, value: analysed ? codedField(concept('absent-fhir')) : '', status: analysed ? 'P' : 'X' };
  if (target.probability !== null) yield measured(probabilityMeasurement(target.probability), subId);
}

function measured(measurement: Measurement, subId: string): Observed {
  const known = measurement.value !== null && Number.isFinite(measurement.value);
  const value = known ? decimalString(measurement.value ?? 0) : '';
  return { type: 'NM', name: measurement.concept, subId, value, ...(known ? { unit: measurement.unit } : {}), status: known ? 'P' : 'X' };
}

function evaluated(name: CodedConcept, value: CodedConcept | string, subId: string): Observed {
  return typeof value === 'string' ? { type: 'TX', name, subId, value: value, status: 'P' } : { type: 'CWE', name, subId, value: codedField(value), status: 'P' };
}

/** OBX-14 time of the analysis, OBX-18 the algorithm as equipment. */
function obx(observed: Observed, setId: number, { analysis }: OruRequest, finished: DicomMoment): Segment {
  return segment('OBX', {
    1: String(setId),
    2: observed.type,
    3: codedField(observed.name),
    4: observed.subId,
    5: observed.value,
    ...(observed.unit === undefined ? {} : { 6: codedField(observed.unit) }),
    11: observed.status,
    14: finished.dateTime,
    18: [analysis.model.id, '', analysis.model.deviceUid, 'ISO'],
  });
}

function studyTime(date: string, time: string): string {
  return date.length === 8 ? `${date}${/^\d{4}(\d\d)?$/.test(time) ? time : ''}` : '';
}

function digits(text: string): string {
  return text.replaceAll(/[.:]/g, '').replaceAll(/\D/g, '');
}
