import assert from 'node:assert/strict';
import { descendants } from '../../../src/result-objects/content-item.ts';
import { buildStructuredReport, comprehensive3DSr, comprehensiveSr, reportTree } from '../../../src/result-objects/structured-report.ts';
import type { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { writePart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { context, negative, notAnalysable, partial, positive, reportRequest } from './synthetic-analysis.ts';

function conceptsOf(request: ReturnType<typeof reportRequest>): string[] {
  return [...descendants(reportTree(request))].map((item) => item.concept?.value ?? '');
}

suite('structured report on TID 1500', () => {
  test('the same request gives the same bytes', () => {
    const bytes = [1, 2].map(() => writePart10({ dataSet: buildStructuredReport(reportRequest(positive)), transferSyntaxUid: explicitLittleEndian }));

    assert.deepEqual(bytes[0], bytes[1]);
  });

  test('patient and study attributes are copied to the letter, empty ones too; absent type 2 ones become empty', () => {
    const report = buildStructuredReport(reportRequest(positive));

    assert.equal(report.string(tags.PatientName), 'Müller^Jörg');
    assert.equal(report.string(tags.IssuerOfPatientID), 'HOSPITAL');
    assert.equal(report.string(tags.PatientAge), '066Y');
    assert.deepEqual(report.strings(tags.StudyID), []);
    assert.ok(report.has(tags.StudyID));
    assert.equal(report.string(tags.SpecificCharacterSet), 'ISO_IR 192');
  });

  test('times come from the job and are told in the zone of the source when it names one  [PS3.3 §C.12.1.1.8]', () => {
    const headers = new Map([...context.headers].map(([uid, header]): [string, DataSet] => [uid, header.with(element(tags.TimezoneOffsetFromUTC, 'SH', '-0330'))]));

    const site = buildStructuredReport(reportRequest(positive));
    const own = buildStructuredReport(reportRequest(positive, 'air34', { ...context, headers }));

    assert.deepEqual([site.string(tags.ContentTime), site.string(tags.TimezoneOffsetFromUTC)], ['112030', '+0100']);
    assert.deepEqual([own.string(tags.ContentTime), own.string(tags.TimezoneOffsetFromUTC)], ['065030', '-0330']);
  });

  test('a nodule has a drawn group first and then a group with its segment, under one tracking UID', () => {
    const groups = [...descendants(reportTree(reportRequest(positive)))].filter((item) => item.concept?.value === '125007');

    const described = groups.map((group) => [
      group.valueType === 'CONTAINER' ? group.template : '',
      group.children.some((child) => child.valueType === 'SCOORD3D'),
      group.children.filter((child) => child.valueType === 'NUM').map((child) => child.concept?.value).join(' '),
    ]);
    assert.deepEqual(described.slice(0, 2), [
      ['1410', true, '103339001 103340004 122157'],
      ['1411', false, '118565006 112031'],
    ]);
  });

  test('a measurement that failed has no value and says why  [PS3.3 §C.18.1, CID 42]', () => {
    const failed = [...descendants(reportTree(reportRequest(positive)))].find((item) => item.valueType === 'NUM' && item.value === null);

    assert.equal(failed?.valueType === 'NUM' ? failed.qualifier?.value : '', '114006');
  });

  test('compat33 is Comprehensive SR: SCOORD in pixels of the named image, no SCOORD3D', () => {
    const request = reportRequest(positive, 'compat33');
    const items = [...descendants(reportTree(request))];
    const drawn = items.find((item) => item.valueType === 'SCOORD');

    assert.equal(buildStructuredReport(request).string(tags.SOPClassUID), comprehensiveSr);
    assert.ok(!items.some((item) => item.valueType === 'SCOORD3D'));
    assert.ok(drawn?.valueType === 'SCOORD');
    // (-97.25 - -100.5) / 0.65 + 0.5
    assert.ok(Math.abs(drawn.points[0]! - 5.5) < 1e-6);
    assert.equal(drawn.children[0]?.concept?.value, '111040');
  });

  test('no finding is said for each target with its probability, and in the CAD summary  [CID 6047]', () => {
    const request = reportRequest(negative);

    assert.equal(buildStructuredReport(request).string(tags.SOPClassUID), comprehensive3DSr);
    const summary = [...descendants(reportTree(request))].find((item) => item.concept?.value === '111017');
    assert.equal(summary?.valueType === 'CODE' ? summary.code?.value : '', '111241');
    assert.ok(conceptsOf(request).includes('705057003'));
  });

  test('not analysable is PARTIAL with the reason, claims nothing absent and has no empty container', () => {
    const request = reportRequest(notAnalysable);
    const report = buildStructuredReport(request);

    assert.equal(report.string(tags.CompletionFlag), 'PARTIAL');
    assert.match(report.string(tags.CompletionFlagDescription) ?? '', /no lungs/);
    const concepts = conceptsOf(request);
    assert.ok(!concepts.includes('126010') && !concepts.includes('705057003'));
  });

  test('partial is PARTIAL and lists what was found', () => {
    assert.equal(buildStructuredReport(reportRequest(partial)).string(tags.CompletionFlag), 'PARTIAL');
    assert.ok(conceptsOf(reportRequest(partial)).includes('125007'));
  });

  test('a revision cites its predecessor and has UIDs of its own  [PS3.3 §C.17.2.1]', () => {
    const first = reportRequest(positive);
    const predecessor = { sopClassUid: comprehensive3DSr, ...first.identity };

    const second = buildStructuredReport(reportRequest(positive, 'air34', { ...context, revision: 2, predecessor }));

    assert.notEqual(second.string(tags.SOPInstanceUID), first.identity.sopInstanceUid);
    const cited = second.items(tags.PredecessorDocumentsSequence)[0]?.items(tags.ReferencedSeriesSequence)[0]?.items(tags.ReferencedSOPSequence)[0];
    assert.equal(cited?.string(tags.ReferencedSOPInstanceUID), first.identity.sopInstanceUid);
  });
});
