import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { checkResultObjects } from '../../../src/result-objects/checker/check-result-objects.ts';
import { dumpStructuredReport } from '../../../src/result-objects/dump-structured-report.ts';
import { readFindings } from '../../../src/result-objects/read-findings.ts';
import { buildSegmentation } from '../../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../../src/result-objects/structured-report.ts';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { corpus } from '../../support/peers.ts';
import { negative, notAnalysable, positive, reportRequest, segmentationRequest } from './synthetic-analysis.ts';

suite('findings read back', () => {
  test('our report gives its findings again, the two groups of a lesion as one', () => {
    for (const profile of ['air34', 'compat33'] as const) {
      const read = readFindings(buildStructuredReport(reportRequest(positive, profile)));

      assert.equal(read.kind, 'report');
      assert.deepEqual(read.findings.map((finding) => finding.trackingUid), positive.findings.map((finding) => finding.trackingUid));
      const [first] = read.findings;
      assert.deepEqual(first?.measurements.map((measurement) => [measurement.concept?.value, measurement.value]), [['103339001', 7.8], ['103340004', 6.1], ['122157', 0.9123], ['118565006', 181.5], ['112031', null]]);
      assert.deepEqual(first?.sites, [{ site: positive.findings[0]!.sites[0]!.site, laterality: positive.findings[0]!.sites[0]!.laterality }]);
      assert.deepEqual(first?.regions.map((region) => region.kind), [profile === 'air34' ? '3d' : '2d', 'segment']);
      assert.ok(first?.present);
    }
  });

  test('absence and failure are read as what they are', () => {
    const none = readFindings(buildStructuredReport(reportRequest(negative)));
    const failed = readFindings(buildStructuredReport(reportRequest(notAnalysable)));

    assert.deepEqual(none.findings.map((finding) => finding.present), [false]);
    assert.equal(failed.completion, 'PARTIAL');
    assert.equal(failed.processingSummary?.value, '111245');
    assert.deepEqual(failed.findings, []);
  });

  test('our segmentation gives its segments with tracking', () => {
    const read = readFindings(buildSegmentation(segmentationRequest(positive))!);

    assert.deepEqual(read.segments.map(({ number, label, trackingId, frames }) => [number, label, trackingId, frames]), [[1, 'Nodule 1', 'nodule-1', 2], [2, 'Nodule 2', 'nodule-2', 2]]);
  });

  test('reports and segmentations of other products are read, dumped and checked without a throw', function () {
    for (const folder of ['sr', 'seg']) {
      const at = corpus(this, folder);
      for (const file of readdirSync(at).filter((name) => name.endsWith('.dcm'))) {
        const read = readPart10(readFileSync(path.join(at, file)));
        assert.ok(read.ok, file);
        assert.ok(readFindings(read.value.dataSet).sopInstanceUid !== undefined, file);
        dumpStructuredReport(read.value.dataSet);
        checkResultObjects([{ name: file, dataSet: read.value.dataSet }]);
      }
    }
  });

  test('findings of highdicom, dcmjs and dcmqi reports are found  [matched by scheme and value]', function () {
    const count = (file: string): number => {
      const read = readPart10(readFileSync(corpus(this, 'sr', file)));
      return read.ok ? readFindings(read.value.dataSet).findings.length : -1;
    };

    assert.equal(count('highdicom__sr_document_with_multiple_groups.dcm'), 4);
    assert.equal(count('dcmqi__sr.dcm'), 1);
    assert.equal(count('dcmjs__structured_report.dcm'), 6);
  });

  test('a report with any of its elements missing is still read', () => {
    const whole = buildStructuredReport(reportRequest(positive));
    const present = [...whole].map((entry) => entry.tag);

    fc.assert(
      fc.property(fc.subarray(present), (gone) => {
        const damaged = whole.without(...gone);
        readFindings(damaged);
        dumpStructuredReport(damaged);
        assert.equal(checkResultObjects([{ name: 'x', dataSet: damaged }]).length > 0 || gone.length >= 0, true);
      }),
      { numRuns: 50 },
    );
    assert.ok(present.includes(tags.ContentSequence));
  });
});
