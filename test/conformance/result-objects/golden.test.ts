import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dumpStructuredReport } from '../../../src/result-objects/dump-structured-report.ts';
import { buildFhirBundle } from '../../../src/result-objects/fhir-bundle.ts';
import { defaultFhirOptions } from '../../../src/result-objects/fhir-request.ts';
import { buildKeyObjectSelection } from '../../../src/result-objects/key-object-selection.ts';
import { buildPresentationState } from '../../../src/result-objects/presentation-state.ts';
import { reportDocument } from '../../../src/result-objects/report-document.ts';
import { reportText } from '../../../src/result-objects/report-text.ts';
import { resultIdentity } from '../../../src/result-objects/result-uids.ts';
import { buildSegmentation } from '../../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../../src/result-objects/structured-report.ts';
import type { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { writeDataSet } from '../../../src/standards/dicom/data-set-writer.ts';
import { readPart10, writePart10 } from '../../../src/standards/dicom/part10.ts';
import { explicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { context, negative, notAnalysable, partial, positive, reportRequest, segmentationRequest } from '../../unit/result-objects/synthetic-analysis.ts';

/** Golden files: what each builder makes of the synthetic runs. `UPDATE_GOLDEN=1` writes them anew; the diff is then the change to review. */
const update = process.env['UPDATE_GOLDEN'] === '1';

function golden(name: string): string {
  return fileURLToPath(new URL(`../../../fixtures/golden/${name}`, import.meta.url));
}

function sameText(name: string, made: string): void {
  if (update) writeFileSync(golden(name), made);
  assert.equal(made, readFileSync(golden(name), 'utf8'));
}

function sameObject(name: string, made: DataSet): void {
  if (update) writeFileSync(golden(name), writePart10({ dataSet: made, transferSyntaxUid: explicitLittleEndian }));
  const kept = readPart10(readFileSync(golden(name)));
  assert.ok(kept.ok);
  const [a, b] = [made, kept.value.dataSet].map((dataSet) => Buffer.from(writeDataSet(dataSet, explicitLittleEndian)));
  assert.ok(a!.equals(b!), `${name} differs`);
}

suite('golden result objects', () => {
  for (const [name, analysis] of Object.entries({ positive, negative, 'not-analysable': notAnalysable, partial })) {
    test(`${name}: SR, its dump, the report text and the FHIR bundle are as reviewed`, () => {
      const request = reportRequest(analysis);
      const report = buildStructuredReport(request);
      const bundle = buildFhirBundle({ analysis, context, report: request.identity, segmentation: request.segmentation, options: defaultFhirOptions });

      sameText(`${name}.sr.txt`, dumpStructuredReport(report));
      sameObject(`${name}.sr.dcm`, report);
      sameText(`${name}.report.txt`, reportText(reportDocument(analysis, context)));
      sameText(`${name}.fhir.json`, `${JSON.stringify(bundle, null, 1)}\n`);
    });
  }

  test('positive: key objects and presentation state are as reviewed', () => {
    const keyObjects = buildKeyObjectSelection({ analysis: positive, context, identity: resultIdentity(positive, 'key-objects', 1) })!;
    sameText('positive.ko.txt', dumpStructuredReport(keyObjects));
    sameObject('positive.ko.dcm', keyObjects);
    sameObject('positive.gsps.dcm', buildPresentationState({ analysis: positive, context, identity: resultIdentity(positive, 'presentation-state', 1) })!);
  });

  test('positive: the SR for 2-D viewers and the SEG are as reviewed', () => {
    sameText('positive.sr-2d.txt', dumpStructuredReport(buildStructuredReport(reportRequest(positive, 'compat33'))));
    sameObject('positive.seg.dcm', buildSegmentation(segmentationRequest(positive))!);
  });
});
