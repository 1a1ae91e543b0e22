import { createHash } from 'node:crypto';
import { concept } from '../domain/codes/concepts.ts';
import type { CodedConcept } from '../domain/coded-concept.ts';
import type { Analysis, Finding, FindingSite, Measurement } from '../domain/findings.ts';
import { tags } from '../standards/dicom/tags.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { componentsOf, groupsOf } from '../standards/dicom/person-name.ts';
import { encodeMessage, type Field, type Segment } from '../standards/hl7v2/message.ts';
import { analysisHeader } from './common-modules.ts';
import { dicomMoment, offsetMinutes } from './dicom-time.ts';
import { disclosure } from './disclosure.ts';
import { reportDocument } from './report-document.ts';
import { conclusionText } from './report-text.ts';
import type { ObjectIdentity, ResultContext } from './result-context.ts';

export interface OruRequest {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  /** Of the structured report: the message has its own control id from it. */
  readonly report: ObjectIdentity;
  /** Names the run over all revisions; OBR-3 is made of it, so that a revision replaces its predecessor. */
  readonly runKey: string;
}

/**
 * One run as ORU^R01^ORU_R01, HL7 v2.5.1 chapter 7, in UTF-8: disclosure, coded findings, measurements as NM, the text. Preliminary until a
 * person signs (OBR-25 and OBX-11 `P`). The same request gives the same message with the same control id (MSH-10).
 */
export function buildOruMessage(request: OruRequest): { readonly controlId: string; readonly text: string } {
  const { analysis, context, report } = request;
  const source = analysisHeader(analysis, context);
  const minutes = offsetMinutes(source, context.times);
  const finished = dicomMoment(context.times.finishedAt, minutes).dateTime;
  const controlId = shortId('oru', report.sopInstanceUid);
  const segments: Segment[] = [
    { name: 'MSH', fields: ['ISOCENTER', context.gateway.institutionName, '', '', finished, '', ['ORU', 'R01', 'ORU_R01'], controlId, 'P', '2.5.1', '', '', 'AL', 'NE', '', 'UNICODE UTF-8'] },
    patient(source),
    { name: 'ORC', fields: ['RE', placer(source), filler(request)] },
    order(request, source, finished, minutes),
    ...observations(request, finished),
    { name: 'NTE', fields: ['1', 'L', disclosure(analysis.model)] },
  ];
  return { controlId, text: encodeMessage(segments) };
}

/** PID: as the images have it, never from the model. XPN puts the suffix before the prefix, PN the other way round. */
function patient(source: DataSet): Segment {
  const groups = groupsOf(source.string(tags.PatientName) ?? '');
  const { family, given, middle, prefix, suffix } = componentsOf(groups.alphabetic || groups.ideographic || groups.phonetic);
  const id = source.string(tags.PatientID) ?? '';
  const sex = source.string(tags.PatientSex) ?? '';
  const identifier: Field = [id, '', '', source.string(tags.IssuerOfPatientID) ?? '', id === '' ? '' : 'MR'];
  return { name: 'PID', fields: ['1', '', identifier, '', [family, given, middle, suffix, prefix], '', source.string(tags.PatientBirthDate) ?? '', ['M', 'F', 'O'].includes(sex) ? sex : 'U'] };
}

function order(request: OruRequest, source: DataSet, finished: string, minutes: number): Segment {
  const { analysis } = request;
  const studied = `${source.string(tags.StudyDate) ?? ''}${(source.string(tags.StudyTime) ?? '').slice(0, 6)}`;
  const zone = dicomMoment(request.context.times.finishedAt, minutes).dateTime.slice(-5);
  const fields: Field[] = Array.from({ length: 25 }, () => '');
  fields[0] = '1';
  fields[1] = placer(source);
  fields[2] = filler(request);
  fields[3] = coded(analysis.model.procedure);
  fields[6] = studied.length === 14 ? `${studied}${zone}` : studied;
  fields[17] = source.string(tags.AccessionNumber) ?? '';
  fields[21] = finished;
  fields[23] = 'RAD';
  fields[24] = 'P';
  return { name: 'OBR', fields };
}

interface Observation {
  readonly type: 'TX' | 'FT' | 'CWE' | 'NM' | 'HD';
  readonly code: CodedConcept;
  /** OBX-4: groups what belongs to one finding. */
  readonly subId: string;
  readonly value: Field;
  readonly unit?: CodedConcept;
  /** P preliminary, X could not be obtained (table 0085). */
  readonly status?: 'P' | 'X';
}

const text = concept('doc-diagnostic-imaging');
const impression = concept('sec-impression');
const dicomStudy: CodedConcept = { scheme: 'DCM', value: '113014', meaning: 'DICOM Study' };

function observations(request: OruRequest, finished: string): Segment[] {
  const { analysis, context } = request;
  const { model } = analysis;
  const all: Observation[] = [
    { type: 'TX', code: text, subId: '0', value: disclosure(model) },
    ...analysis.findings.flatMap((finding, index) => findingObservations(finding, String(index + 1))),
    ...analysis.targets.filter((target) => !target.present).map((target, index): Observation => {
      const analysed = target.probability !== null && analysis.outcome !== 'not-analysable';
      return { type: 'CWE', code: target.concept, subId: String(analysis.findings.length + index + 1), value: analysed ? coded(concept('absent-fhir')) : '', status: analysed ? 'P' : 'X' };
    }),
    ...analysis.studyMeasurements.map((measurement) => measured(measurement, 's')),
    ...analysis.studyEvaluations.map((evaluation): Observation =>
      typeof evaluation.value === 'string'
        ? { type: 'TX', code: evaluation.concept, subId: 's', value: evaluation.value }
        : { type: 'CWE', code: evaluation.concept, subId: 's', value: coded(evaluation.value) },
    ),
    { type: 'FT', code: text, subId: 't', value: conclusionText(reportDocument(analysis, context)) },
    { type: 'HD', code: dicomStudy, subId: 'd', value: [analysis.source.studyInstanceUid, '', ''] },
  ];
  return all.map((observation, index) => ({
    name: 'OBX',
    fields: [
      String(index + 1), observation.type, coded(observation.code), observation.subId, observation.value, observation.unit === undefined ? '' : coded(observation.unit), '', '', '', '',
      observation.status ?? 'P', '', '', finished, '', '', [model.id, model.version, '99ISOCENTER'], ['', '', model.deviceUid, 'ISO'],
    ],
  }));
}

function findingObservations(finding: Finding, subId: string): Observation[] {
  const probability: Observation[] = finding.probability === null ? [] : [{ type: 'NM', code: concept('probability'), subId: `${subId}.p`, value: String(Number(finding.probability.toFixed(4))) }];
  return [
    { type: 'CWE', code: impression, subId, value: coded(finding.concept) },
    ...finding.sites.slice(0, 1).map((site): Observation => ({ type: 'CWE', code: concept('finding-site'), subId: `${subId}.site`, value: siteValue(site) })),
    ...finding.measurements.map((measurement) => measured(measurement, `${subId}.${measurement.id}`)),
    ...probability,
    { type: 'TX', code: concept('tracking-identifier'), subId: `${subId}.id`, value: finding.trackingId },
  ];
}

function siteValue({ site, laterality }: FindingSite): Field {
  const meaning = laterality === null ? site.meaning : `${site.meaning}, ${laterality.meaning.toLowerCase()}`;
  return [site.value, site.meaning, site.scheme, '', '', '', '', '', meaning];
}

function measured(measurement: Measurement, subId: string): Observation {
  const { value, unit } = measurement;
  return { type: 'NM', code: measurement.concept, subId, value: value === null ? '' : String(value), unit, status: value === null ? 'X' : 'P' };
}

/** CWE: code, text, coding system (table 0396 names them as DICOM does). */
function coded({ value, meaning, scheme }: CodedConcept): Field {
  return [value, meaning, scheme];
}

function placer(source: DataSet): Field {
  return source.string(tags.PlacerOrderNumberImagingServiceRequest) ?? '';
}

function filler({ runKey }: OruRequest): Field {
  return [shortId('run', runKey), 'ISOCENTER'];
}

/** At most 20 characters, the longest that MSH-10 takes in v2.5.1. */
function shortId(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 20).toUpperCase();
}
