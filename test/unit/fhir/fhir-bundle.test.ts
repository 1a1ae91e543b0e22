import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { isUid } from '../../../src/foundation/uid.ts';
import { buildFhirBundle, storedResources } from '../../../src/result-objects/fhir-bundle.ts';
import { defaultFhirOptions } from '../../../src/result-objects/fhir-request.ts';
import type { FhirOptions } from '../../../src/result-objects/fhir-request.ts';
import { buildStructuredReport } from '../../../src/result-objects/structured-report.ts';
import type { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import type { DiagnosticReport, Observation, TransactionBundle } from '../../../src/standards/fhir/resources.ts';
import type { Analysis } from '../../../src/domain/findings.ts';
import type { ResultContext } from '../../../src/result-objects/result-context.ts';
import { context, negative, notAnalysable, outcomes, partial, positive, reportRequest } from '../result-objects/synthetic-analysis.ts';

function bundleOf(analysis: Analysis, options: FhirOptions = defaultFhirOptions, given: ResultContext = context): TransactionBundle {
  const { identity, segmentation } = reportRequest(analysis, 'air34', given);
  return buildFhirBundle({ analysis, context: given, report: identity, segmentation, options });
}

function reportOf(bundle: TransactionBundle): DiagnosticReport {
  const found = bundle.entry.map((entry) => entry.resource).filter((resource): resource is DiagnosticReport => resource.resourceType === 'DiagnosticReport');
  assert.equal(found.length, 1);
  return found[0]!;
}

function observationsOf(bundle: TransactionBundle): readonly Observation[] {
  return bundle.entry.map((entry) => entry.resource).filter((resource): resource is Observation => resource.resourceType === 'Observation');
}

suite('FHIR R4 transaction of a run', () => {
  for (const [name, analysis] of Object.entries(outcomes)) {
    test(`${name}: every reference resolves in the bundle or names an identifier, and every resource of ours says that it is AI`, () => {
      const bundle = bundleOf(analysis);
      const urls = new Set(bundle.entry.map((entry) => entry.fullUrl));

      assert.equal(urls.size, bundle.entry.length);
      JSON.stringify(bundle, (key, value: unknown) => {
        if (key === 'reference' && typeof value === 'string') assert.ok(urls.has(value), value);
        return value;
      });
      for (const { resource } of bundle.entry) {
        if (['Device', 'ImagingStudy', 'Patient'].includes(resource.resourceType)) continue;
        assert.equal(resource.meta?.security?.[0]?.code, 'AIAST', resource.resourceType);
      }
    });

    test(`${name}: nothing is empty or null, and each request is conditional on an identifier or tag`, () => {
      const bundle = bundleOf(analysis);

      assert.doesNotMatch(JSON.stringify(bundle), /:null|:\[\]|:\{\}|:""/);
      for (const { request, resource } of bundle.entry) {
        if (request.method === 'PUT') assert.match(request.url, new RegExp(`^${resource.resourceType}\\?identifier=.+`));
        else assert.match(request.ifNoneExist ?? '', /^(identifier|_tag)=.+/);
      }
    });
  }

  test('the same request gives the same bundle; a revision updates the same resources', () => {
    assert.equal(JSON.stringify(bundleOf(positive)), JSON.stringify(bundleOf(positive)));
    const urls = (bundle: TransactionBundle, type: string): readonly string[] => bundle.entry.filter((entry) => entry.resource.resourceType === type).map((entry) => entry.request.url);

    const first = bundleOf(positive);
    const second = bundleOf(positive, defaultFhirOptions, { ...context, revision: 2 });

    for (const type of ['DiagnosticReport', 'Observation', 'Device', 'Task']) assert.deepEqual(urls(second, type), urls(first, type));
    assert.notEqual(reportOf(second).identifier[1]?.value, reportOf(first).identifier[1]?.value);
  });

  test('the report is preliminary, of category RAD and LP29684-5, dated with zone, and cites the SR', () => {
    const report = reportOf(bundleOf(positive));

    assert.equal(report.status, 'preliminary');
    assert.deepEqual(report.category.map((category) => category.coding?.[0]?.code), ['RAD', 'LP29684-5']);
    assert.equal(report.code.coding?.[0]?.code, '24627-2');
    assert.equal(report.effectiveDateTime, '2026-01-02T10:11:12+01:00');
    assert.equal(report.issued, '2026-01-02T11:21:00+01:00');
    assert.equal(report.identifier[1]?.value, `urn:oid:${reportRequest(positive).identity.sopInstanceUid}`);
    assert.equal(report.basedOn?.[0]?.identifier?.value, 'A-77');
    assert.match(report.conclusion ?? '', /^AI-generated, not reviewed by a clinician/);
    assert.equal(reportOf(bundleOf(partial)).status, 'partial');
  });

  test('the presented form is HTML with size and SHA-1 of the bytes before base64', () => {
    const form = reportOf(bundleOf(positive)).presentedForm?.[0];
    const raw = Buffer.from(form?.data ?? '', 'base64');

    assert.equal(form?.contentType, 'text/html');
    assert.equal(form?.size, raw.length);
    assert.equal(form?.hash, createHash('sha1').update(raw).digest('base64'));
    assert.match(raw.toString('utf8'), /Jörg Müller/);
  });

  test('a finding carries its sizes, volume and probability as components, and the Observation UID of its SR group', () => {
    const finding = observationsOf(bundleOf(positive)).find((observation) => observation.component?.some((component) => component.valueString === 'nodule-1'));

    assert.equal(finding?.valueCodeableConcept?.coding?.[0]?.code, '27925004');
    assert.deepEqual(finding?.bodySite?.coding?.map((coding) => coding.code), ['42400003', '45653009']);
    const quantities = finding?.component?.flatMap((component) => (component.valueQuantity === undefined ? [] : [`${component.code.coding?.[0]?.code} ${component.valueQuantity.value} ${component.valueQuantity.code}`]));
    assert.deepEqual(quantities, ['103339001 7.8 mm', '103340004 6.1 mm', '118565006 181.5 mm3', '122157 0.9123 1']);
    assert.equal(finding?.component?.find((component) => component.dataAbsentReason !== undefined)?.code.coding?.[0]?.code, '112031');
    const uid = finding?.identifier[1]?.value?.replace('urn:oid:', '') ?? '';
    assert.ok(isUid(uid));
    assert.ok(JSON.stringify(uidsOf(buildStructuredReport(reportRequest(positive)))).includes(uid));
  });

  test('nothing found is an Observation with value Absent; not analysed is one without a value and with a reason', () => {
    const none = observationsOf(bundleOf(negative)).at(-1);
    const failed = observationsOf(bundleOf(notAnalysable)).at(-1);

    assert.equal(none?.valueCodeableConcept?.coding?.[0]?.code, '2667000');
    assert.equal(none?.interpretation?.[0]?.coding?.[0]?.code, 'NEG');
    assert.equal(failed?.valueCodeableConcept, undefined);
    assert.equal(failed?.dataAbsentReason?.coding?.[0]?.code, 'error');
  });

  test('the patient is named by identifier; on request one is made where none exists', () => {
    const created = bundleOf(positive, { ...defaultFhirOptions, patient: 'create', patientIdSystem: 'urn:oid:1.2.3' });

    assert.deepEqual(reportOf(bundleOf(positive)).subject.identifier?.value, 'P-4711');
    assert.equal(created.entry[0]?.resource.resourceType, 'Patient');
    assert.equal(created.entry[0]?.request.ifNoneExist, 'identifier=urn%3Aoid%3A1.2.3%7CP-4711');
    assert.equal(reportOf(created).subject.reference, created.entry[0]?.fullUrl);
  });

  test('a source without patient ID, dates and names still gives a bundle without empty values', () => {
    const gone = [tags.PatientID, tags.PatientName, tags.PatientBirthDate, tags.StudyDate, tags.StudyTime, tags.AccessionNumber, tags.StudyDescription];
    const headers = new Map([...context.headers].map(([uid, header]): [string, DataSet] => [uid, header.without(...gone).with(element(tags.PatientName, 'PN', ''))]));

    const bundle = bundleOf(positive, { ...defaultFhirOptions, patient: 'create' }, { ...context, headers });

    assert.doesNotMatch(JSON.stringify(bundle), /:null|:\[\]|:\{\}|:""/);
    assert.equal(reportOf(bundle).subject.display, 'Patient without ID');
  });

  test('resources for our own read API have ids and references relative to the base', () => {
    const resources = storedResources(bundleOf(positive));
    const known = new Set(resources.map((resource) => `${resource.resourceType}/${resource.id}`));
    const report = resources.find((resource): resource is DiagnosticReport => resource.resourceType === 'DiagnosticReport');

    assert.equal(report?.result?.length, 3);
    for (const result of report?.result ?? []) assert.ok(known.has(result.reference ?? ''));
    assert.doesNotMatch(JSON.stringify(resources), /urn:uuid/);
  });
});

function uidsOf(dataSet: DataSet): unknown {
  return [dataSet.string(tags.ObservationUID), ...dataSet.items(tags.ContentSequence).map(uidsOf)];
}
