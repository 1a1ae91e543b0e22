import type { Analysis, Finding, FindingSite, Measurement } from '../domain/findings.ts';
import { tags } from '../standards/dicom/tags.ts';
import { fhirDate, humanName } from '../standards/fhir/dicom-values.ts';
import { analysisHeader } from './common-modules.ts';
import { dicomMoment, offsetMinutes } from './dicom-time.ts';
import { disclosure } from './disclosure.ts';
import type { ResultContext } from './result-context.ts';

/** The report a doctor reads, free of layout: text, HTML, PDF and HL7 are made from it. Holds the patient's name: never logged. */
export interface ReportDocument {
  readonly title: string;
  /** Always the first line. */
  readonly disclosure: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly sections: readonly { readonly heading: string; readonly lines: readonly string[] }[];
}

/** English; the sentences of one analysis in the order in which a radiologist reads: what was done, what was found, what follows from it. */
export function reportDocument(analysis: Analysis, context: ResultContext): ReportDocument {
  const source = analysisHeader(analysis, context);
  const finished = dicomMoment(context.times.finishedAt, offsetMinutes(source, context.times));
  const { model } = analysis;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Patient', patientName(source.string(tags.PatientName))],
    ['Patient ID', source.string(tags.PatientID)],
    ['Date of birth', fhirDate(source.string(tags.PatientBirthDate))],
    ['Study', [source.string(tags.StudyDescription), fhirDate(source.string(tags.StudyDate))].filter(Boolean).join(', ')],
    ['Accession number', source.string(tags.AccessionNumber)],
    ['Analysed', `${analysis.source.images.length} ${analysis.source.modality} image${analysis.source.images.length === 1 ? '' : 's'}`],
    ['Model', `${model.name} ${model.version} (${model.manufacturer})`],
    ['Finished', `${fhirDate(finished.date) ?? ''} ${finished.time.slice(0, 2)}:${finished.time.slice(2, 4)}`],
  ];
  return {
    title: `AI report: ${model.procedure.meaning}`,
    disclosure: disclosure(model),
    facts: facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1].trim() !== ''),
    sections: [
      { heading: 'Summary', lines: summaryLines(analysis) },
      { heading: 'Findings', lines: findingLines(analysis, context) },
      { heading: 'Measurements of the study', lines: [...analysis.studyMeasurements.map(measurementText), ...evaluationLines(analysis)] },
      { heading: 'Quality', lines: analysis.quality.filter((check) => check.verdict !== 'pass').map((check) => check.reason) },
      { heading: 'Recommendation', lines: ['None given by the algorithm. Clinical decision rests with the reading physician.'] },
      { heading: 'Limits', lines: [`${model.regulatoryStatus}. Not for diagnosis without review by a physician.`, ...parameterLines(analysis)] },
    ].filter((section) => section.lines.length > 0),
  };
}

/** The name as it is said, with the ideographic form beside it: family name first there, as it is written in East Asia (PS3.5 §6.2.1.2). */
function patientName(value: string | undefined): string | undefined {
  const said = humanName(value)?.text;
  const written = (value ?? '').split('=')[1]?.split('^').map((part) => part.trim()).filter((part) => part !== '').join(' ');
  return said === undefined || written === undefined || written === '' || (value ?? '').startsWith('=') ? (written || said) : `${said} (${written})`;
}

function summaryLines(analysis: Analysis): readonly string[] {
  const { urgency } = analysis;
  return [analysis.summary, ...(urgency.level === 'routine' ? [] : [`Urgency: ${urgency.level}. ${urgency.reason}`.trim()])];
}

function findingLines(analysis: Analysis, context: ResultContext): readonly string[] {
  if (analysis.outcome === 'not-analysable') return ['The study could not be analysed. Nothing can be concluded from this report.'];
  const findings = analysis.findings.map((finding) => findingText(finding, analysis, context));
  const absent = analysis.targets
    .filter((target) => !target.present && target.probability !== null)
    .map((target) => `${target.concept.meaning} (${target.site.meaning}): not found by the algorithm, highest probability ${percent(target.probability ?? 0)}.`);
  const open = analysis.targets.filter((target) => target.probability === null).map((target) => `${target.concept.meaning} (${target.site.meaning}): not analysed.`);
  return [...findings, ...absent, ...open];
}

/** One finding as one line: name, what and where, sizes, attributes, how sure, on which image. */
function findingText(finding: Finding, analysis: Analysis, context: ResultContext): string {
  const { what, measurements, attributes, probability } = findingCells(finding);
  const parts = [
    what,
    ...measurements,
    ...attributes,
    ...(probability === '' ? [] : [`probability ${probability}`]),
    ...imageText(finding, analysis, context),
  ];
  return `${finding.trackingId}: ${parts.join('; ')}.`;
}

/** One finding as the cells of a table. */
export function findingCells(finding: Finding): { readonly what: string; readonly measurements: readonly string[]; readonly attributes: readonly string[]; readonly probability: string } {
  return {
    what: [finding.concept.meaning, ...finding.sites.map(siteText)].join(', '),
    measurements: finding.measurements.map(measurementText),
    attributes: finding.evaluations.map(({ value }) => (typeof value === 'string' ? value : value.meaning)),
    probability: finding.probability === null ? '' : percent(finding.probability),
  };
}

/** The key image by its place in the volume and by the Instance Number that a viewer shows. */
function imageText(finding: Finding, { source }: Analysis, { headers }: ResultContext): readonly string[] {
  const key = finding.imageIndices[0];
  const image = key === undefined ? undefined : source.images[key];
  if (key === undefined || image === undefined || source.images.length === 1) return [];
  const instance = image.frame === null ? headers.get(image.sopInstanceUid)?.number(tags.InstanceNumber) : undefined;
  return [`image ${key + 1} of ${source.images.length}${instance === undefined ? '' : ` (instance number ${instance})`}`];
}

function siteText({ site, laterality }: FindingSite): string {
  return laterality === null ? site.meaning : `${site.meaning}, ${laterality.meaning.toLowerCase()}`;
}

export function measurementText({ concept, value, unit, failure, derivation }: Measurement): string {
  const name = derivation === null ? concept.meaning : `${derivation.meaning} ${concept.meaning}`;
  if (value === null) return `${name}: not measured (${failure?.meaning ?? 'measurement failure'})`;
  return `${name} ${value}${unit.value === '1' ? '' : ` ${unitText(unit.value)}`}`;
}

/** UCUM as a doctor writes it. */
function unitText(ucum: string): string {
  return { mm2: 'mm²', mm3: 'mm³', cm3: 'cm³', "[hnsf'U]": 'HU', 'mL/m2': 'mL/m²', 'g/m2': 'g/m²' }[ucum] ?? ucum;
}

function evaluationLines({ studyEvaluations }: Analysis): readonly string[] {
  return studyEvaluations.map(({ concept, value }) => `${concept.meaning}: ${typeof value === 'string' ? value : value.meaning}`);
}

function parameterLines({ model }: Analysis): readonly string[] {
  return model.parameters.length === 0 ? [] : [`Settings: ${model.parameters.join(', ')}.`];
}

function percent(probability: number): string {
  return `${Math.round(probability * 100)} %`;
}
