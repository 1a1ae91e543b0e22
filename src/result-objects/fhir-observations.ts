import { concept } from '../domain/codes/concepts.ts';
import type { ConceptKey } from '../domain/codes/concepts.ts';
import type { CodedConcept } from '../domain/coded-concept.ts';
import type { Evaluation, Finding, FindingSite, Measurement, TargetCondition } from '../domain/findings.ts';
import { defined } from '../standards/fhir/json.ts';
import type { CodeableConcept, Identifier, Observation, ObservationComponent } from '../standards/fhir/resources.ts';
import { absentReason, aiMeta, codeable, coding, dicomUidSystem, identifierSystems, quantity } from './fhir-request.ts';
import type { FhirScene } from './fhir-request.ts';
import { probabilityMeasurement } from './measurement-items.ts';
import { summaryKey } from './qualitative-evaluations.ts';
import { findingObservationUid, targetKey, targetTrackingUid } from './result-uids.ts';

/** An Observation and the key that names it among those of its run, over revisions. */
export interface KeyedObservation {
  readonly key: string;
  readonly observation: Observation;
}

/**
 * What the run says as Observations (R4): how it went as a whole, each finding with its measurements as components, each excluded
 * condition, each statement on the study. HL7 dicom-sr mapping rules M1–M9, as far as R4 has the elements.
 */
export function observations(scene: FhirScene): readonly KeyedObservation[] {
  const { analysis } = scene.request;
  return [
    summaryObservation(scene),
    ...analysis.findings.map((finding) => findingObservation(finding, scene)),
    ...analysis.targets.filter((target) => !target.present).map((target) => targetObservation(target, scene)),
    ...analysis.studyMeasurements.map((measurement) => studyMeasurement(measurement, scene)),
    ...analysis.studyEvaluations.filter(isSaid).map((evaluation) => studyEvaluation(evaluation, scene)),
  ];
}

function summaryObservation(scene: FhirScene): KeyedObservation {
  const { analysis } = scene.request;
  return keyed(scene, 'summary', [], {
    code: codeable(concept('cad-summary')),
    valueCodeableConcept: codeable(concept(summaryKey(analysis.outcome, analysis.findings.length))),
    note: [{ text: analysis.summary }],
  });
}

function findingObservation(finding: Finding, scene: FhirScene): KeyedObservation {
  const { analysis, context } = scene.request;
  const observationUid = findingObservationUid(analysis, context.revision, finding.trackingUid);
  const probability = finding.probability === null ? [] : [probabilityMeasurement(finding.probability)];
  const identifiers: readonly Identifier[] = [{ use: 'secondary', system: dicomUidSystem, value: `urn:oid:${observationUid}` }];
  return keyed(scene, `finding-${finding.trackingUid}`, identifiers, {
    code: codeable(finding.category),
    valueCodeableConcept: codeable(finding.concept),
    interpretation: [interpretation('POS', 'Positive')],
    ...(finding.sites[0] === undefined ? {} : { bodySite: bodySite(finding.sites[0]) }),
    component: [
      ...[...finding.measurements, ...probability].map(measurementComponent),
      ...finding.evaluations.filter(isSaid).map(evaluationComponent),
      ...finding.sites.flatMap(({ laterality }) => (laterality === null ? [] : [{ code: codeable(concept('laterality')), valueCodeableConcept: codeable(laterality) }])),
      { code: codeable(concept('tracking-identifier')), valueString: finding.trackingId },
    ],
  });
}

/** Not found is said with the condition as code and "Absent" as value; not analysed is no value at all. */
function targetObservation(target: TargetCondition, scene: FhirScene): KeyedObservation {
  const { analysis } = scene.request;
  const analysed = target.probability !== null && analysis.outcome !== 'not-analysable';
  return keyed(scene, `target-${targetTrackingUid(analysis, targetKey(target))}`, [], {
    code: codeable(target.concept),
    bodySite: codeable(target.site),
    ...(analysed
      ? {
          valueCodeableConcept: codeable(concept('absent-fhir')),
          interpretation: [interpretation('NEG', 'Negative')],
          component: [measurementComponent(probabilityMeasurement(target.probability ?? 0))],
        }
      : { dataAbsentReason: absentReason('error', analysis.summary) }),
  });
}

function studyMeasurement(measurement: Measurement, scene: FhirScene): KeyedObservation {
  const value = quantity(measurement);
  return keyed(scene, `measurement-${measurement.id}`, [], {
    code: codeable(measurement.concept),
    ...(value === undefined ? { dataAbsentReason: absentReason('error', measurement.failure?.meaning ?? 'Measurement failure') } : { valueQuantity: value }),
    ...(measurement.method === null ? {} : { method: codeable(measurement.method) }),
  });
}

function studyEvaluation(evaluation: Evaluation, scene: FhirScene): KeyedObservation {
  return keyed(scene, `evaluation-${evaluation.id}`, [], { code: codeable(evaluation.concept), ...evaluationValue(evaluation) });
}

type Content = Pick<
  Observation,
  'code' | 'valueCodeableConcept' | 'valueQuantity' | 'valueString' | 'dataAbsentReason' | 'interpretation' | 'bodySite' | 'method' | 'note' | 'component'
>;

function keyed(scene: FhirScene, key: string, identifiers: readonly Identifier[], content: { [K in keyof Content]: Content[K] | undefined }): KeyedObservation {
  const { references, subject, basedOn, effective, issued, performer, runKey } = scene;
  const observation = defined<Observation>({
    resourceType: 'Observation',
    meta: aiMeta,
    identifier: [{ system: identifierSystems.finding, value: `${runKey}.${key}` }, ...identifiers],
    basedOn,
    partOf: [references.imagingStudy],
    status: 'preliminary',
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'imaging', display: 'Imaging' }] }],
    subject,
    effectiveDateTime: effective,
    issued,
    performer: [performer],
    device: references.model,
    derivedFrom: [references.imagingStudy],
    ...content,
  });
  return { key, observation };
}

export function measurementComponent(measurement: Measurement): ObservationComponent {
  const value = quantity(measurement);
  const code = measurement.derivation === null ? codeable(measurement.concept) : { ...codeable(measurement.concept), text: `${measurement.derivation.meaning} ${measurement.concept.meaning}` };
  return value === undefined
    ? { code, dataAbsentReason: absentReason('error', measurement.failure?.meaning ?? 'Measurement failure') }
    : { code, valueQuantity: value };
}

function evaluationComponent(evaluation: Evaluation): ObservationComponent {
  return { code: codeable(evaluation.concept), ...evaluationValue(evaluation) };
}

function isSaid({ value }: Evaluation): boolean {
  return typeof value !== 'string' || value.trim() !== '';
}

function evaluationValue({ value }: Evaluation): { valueString: string } | { valueCodeableConcept: CodeableConcept } {
  return typeof value === 'string' ? { valueString: value } : { valueCodeableConcept: codeable(value) };
}

/** Sites whose side FHIR's bodySite can carry in one code. */
const sided: Readonly<Record<string, ConceptKey>> = {
  '45653009 24028007': 'lobe-rul',
  '45653009 7771000': 'lobe-lul',
  '90572001 24028007': 'lobe-rll',
  '90572001 7771000': 'lobe-lll',
};

function bodySite({ site, laterality }: FindingSite): CodeableConcept {
  if (laterality === null) return codeable(site);
  const one = sided[`${site.value} ${laterality.value}`];
  const text = `${site.meaning}, ${laterality.meaning.toLowerCase()}`;
  const codes: readonly CodedConcept[] = one === undefined ? [site] : [concept(one), site];
  return { coding: codes.map(coding), text };
}

function interpretation(code: 'POS' | 'NEG', display: string): CodeableConcept {
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code, display }] };
}
