import { createHash } from 'node:crypto';
import { concept } from '../domain/codes/concepts.ts';
import type { CodedConcept } from '../domain/coded-concept.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import { fhirDate, fhirInstant, gender, humanName } from '../standards/fhir/dicom-values.ts';
import { defined } from '../standards/fhir/json.ts';
import type {
  Attachment, BundleEntry, DiagnosticReport, Identifier, Patient, Provenance, Reference, Resource, Task, TransactionBundle,
} from '../standards/fhir/resources.ts';
import { offsetMinutes } from './dicom-time.ts';
import { gatewayDevice, imagingStudy, modelDevice, aiDeviceType } from './fhir-context-resources.ts';
import { observations } from './fhir-observations.ts';
import { aiMeta, codeable, dicomUidSystem, fhirScene, fullUrlOf, identifierSystems, patientIdentifier, reportStatus } from './fhir-request.ts';
import type { FhirRequest, FhirScene } from './fhir-request.ts';
import { analysisHeader } from './common-modules.ts';
import { summaryKey } from './qualitative-evaluations.ts';
import { reportDocument } from './report-document.ts';
import { conclusionText, reportHtml, reportNarrative } from './report-text.ts';

/**
 * One run as a FHIR R4 transaction: devices, imaging study, observations, the report, its provenance and the task. What is ours is PUT by
 * identifier, so that a repeat changes nothing and a revision updates the same resources; what may belong to the hospital (study, patient)
 * is only made where none exists. Preliminary until a person signs. The same request gives the same bundle.
 */
export function buildFhirBundle(request: FhirRequest): TransactionBundle {
  const source = analysisHeader(request.analysis, request.context);
  const patient = patientEntry(source, request);
  const scene = fhirScene(request, patient?.subject ?? logicalSubject(source, request));
  const { analysis, context } = request;
  const made = observations(scene);
  const observationEntries = made.map(({ key, observation }) => put(observation, fullUrlOf('Observation', scene.runKey, key), observation.identifier[0]!));
  const results = observationEntries.map((entry): Reference => ({ reference: entry.fullUrl, type: 'Observation' }));
  const report = diagnosticReport(scene, results);
  const study = imagingStudy(scene);
  const task = taskResource(scene);
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      ...(patient === undefined ? [] : [patient.entry]),
      put(gatewayDevice(scene), fullUrlOf('Device', context.gateway.deviceUid), gatewayDevice(scene).identifier[0]!),
      put(modelDevice(scene), fullUrlOf('Device', analysis.model.deviceUid), modelDevice(scene).identifier[0]!),
      makeIfAbsent(study, fullUrlOf('ImagingStudy', analysis.source.studyInstanceUid), search(study.identifier[0]!)),
      ...observationEntries,
      put(report, fullUrlOf('DiagnosticReport', scene.runKey), report.identifier[0]!),
      provenanceEntry(scene, [scene.references.report, ...results]),
      put(task, fullUrlOf('Task', scene.runKey), task.identifier[0]!),
    ],
  };
}

/** The resources of a bundle as our own read API serves them: with ids, and references relative to its base. */
export function storedResources(bundle: TransactionBundle): readonly Resource[] {
  const byUrl = new Map(bundle.entry.map((entry) => [entry.fullUrl, `${entry.resource.resourceType}/${entry.fullUrl.slice('urn:uuid:'.length)}`]));
  return bundle.entry.map((entry) => {
    const linked = JSON.parse(JSON.stringify(entry.resource), (key, value: unknown) => (key === 'reference' && typeof value === 'string' ? (byUrl.get(value) ?? value) : value)) as Resource;
    const { resourceType, ...rest } = linked;
    return { resourceType, id: entry.fullUrl.slice('urn:uuid:'.length), ...rest };
  });
}

function diagnosticReport(scene: FhirScene, results: readonly Reference[]): DiagnosticReport {
  const { analysis, context, report } = scene.request;
  const document = reportDocument(analysis, context);
  const codes = new Map(analysis.findings.map((finding) => [`${finding.concept.scheme} ${finding.concept.value}`, finding.concept]));
  return defined<DiagnosticReport>({
    resourceType: 'DiagnosticReport',
    meta: aiMeta,
    text: { status: 'generated', div: reportNarrative(document) },
    identifier: [
      { system: identifierSystems.run, value: scene.runKey },
      { use: 'official', system: dicomUidSystem, value: `urn:oid:${report.sopInstanceUid}` },
    ],
    basedOn: scene.basedOn,
    status: reportStatus(analysis),
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'RAD', display: 'Radiology' }] },
      codeable(concept('cat-radiology')),
    ],
    code: reportCode(analysis.model.procedure),
    subject: scene.subject,
    effectiveDateTime: scene.effective,
    issued: scene.issued,
    performer: [scene.performer],
    result: results,
    imagingStudy: [scene.references.imagingStudy],
    conclusion: conclusionText(document),
    conclusionCode: [...codes.values()].map(codeable),
    presentedForm: [attachment(reportHtml(document), document.title, scene.issued)],
  });
}

/** DiagnosticReport.code is bound to LOINC; a procedure in another scheme comes second to the document type. */
function reportCode(procedure: CodedConcept) {
  if (procedure.scheme === 'LN') return codeable(procedure);
  const document = codeable(concept('doc-diagnostic-imaging'));
  return { ...document, coding: [...(document.coding ?? []), ...(codeable(procedure).coding ?? [])] };
}

/** Size and hash are of the bytes before base64 (FHIR R4 Attachment). */
function attachment(html: string, title: string, creation: string): Attachment {
  const raw = Buffer.from(html, 'utf8');
  return {
    contentType: 'text/html',
    language: 'en',
    data: raw.toString('base64'),
    size: raw.length,
    hash: createHash('sha1').update(raw).digest('base64'),
    title,
    creation,
  };
}

/** Provenance has no identifier in R4: a tag with the UID of the SR makes the conditional create find it again. */
function provenanceEntry(scene: FhirScene, target: readonly Reference[]): BundleEntry {
  const { analysis, context, report } = scene.request;
  const tag = { system: identifierSystems.result, code: report.sopInstanceUid };
  const minutes = offsetMinutes(scene.source, context.times);
  const resource = defined<Provenance>({
    resourceType: 'Provenance',
    meta: { ...aiMeta, tag: [tag] },
    target,
    occurredPeriod: { start: fhirInstant(context.times.startedAt, minutes), end: scene.issued },
    recorded: scene.issued,
    reason: [{ coding: aiMeta.security ?? [] }],
    activity: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code: 'CREATE', display: 'create' }] },
    agent: [
      { type: agentType('author', 'Author'), role: [aiDeviceType], who: scene.references.model, onBehalfOf: scene.performer },
      { type: agentType('assembler', 'Assembler'), who: scene.references.gateway, onBehalfOf: scene.performer },
    ],
    entity: [{ role: 'source', what: scene.references.imagingStudy }],
  });
  return makeIfAbsent(resource, fullUrlOf('Provenance', scene.runKey, String(context.revision), analysis.source.inputDigest), `_tag=${encodeURIComponent(`${tag.system}|${tag.code}`)}`);
}

function agentType(code: 'author' | 'assembler', display: string) {
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code, display }] };
}

function taskResource(scene: FhirScene): Task {
  const { analysis, context } = scene.request;
  const minutes = offsetMinutes(scene.source, context.times);
  const priority = { routine: 'routine', priority: 'asap', urgent: 'urgent' } as const;
  return defined<Task>({
    resourceType: 'Task',
    meta: aiMeta,
    identifier: [{ system: identifierSystems.task, value: scene.runKey }],
    basedOn: scene.basedOn,
    status: 'completed',
    businessStatus: codeable(concept(summaryKey(analysis.outcome, analysis.findings.length))),
    intent: 'order',
    priority: priority[analysis.urgency.level],
    code: codeable(concept('wi-cad-detection')),
    description: `${analysis.model.name} ${analysis.model.version}`,
    focus: scene.references.imagingStudy,
    for: scene.subject,
    executionPeriod: { start: fhirInstant(context.times.startedAt, minutes), end: scene.issued },
    lastModified: scene.issued,
    owner: scene.references.gateway,
    output: [{ type: { text: 'AI report' }, valueReference: scene.references.report }],
  });
}

function logicalSubject(source: DataSet, { options }: FhirRequest): Reference {
  const identifier = patientIdentifier(source, options);
  return identifier === undefined ? { type: 'Patient', display: 'Patient without ID' } : { type: 'Patient', identifier };
}

function patientEntry(source: DataSet, { options }: FhirRequest): { entry: BundleEntry; subject: Reference } | undefined {
  const identifier = patientIdentifier(source, options);
  if (options.patient === 'logical' || identifier === undefined) return undefined;
  const name = humanName(source.string(tags.PatientName));
  const resource = defined<Patient>({
    resourceType: 'Patient',
    identifier: [identifier],
    name: name === undefined ? undefined : [name],
    gender: gender(source.string(tags.PatientSex)),
    birthDate: fhirDate(source.string(tags.PatientBirthDate)),
  });
  const fullUrl = fullUrlOf('Patient', identifier.system ?? '', identifier.value ?? '');
  return { entry: makeIfAbsent(resource, fullUrl, search(identifier)), subject: { reference: fullUrl, type: 'Patient' } };
}

function put(resource: Resource, fullUrl: string, identifier: Identifier): BundleEntry {
  return { fullUrl, resource, request: { method: 'PUT', url: `${resource.resourceType}?${search(identifier)}` } };
}

function makeIfAbsent(resource: Resource, fullUrl: string, query: string): BundleEntry {
  return { fullUrl, resource, request: { method: 'POST', url: resource.resourceType, ifNoneExist: query } };
}

function search({ system, value }: Identifier): string {
  return `identifier=${encodeURIComponent(system === undefined ? (value ?? '') : `${system}|${value}`)}`;
}
