import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { concept } from '../../../src/domain/codes/concepts.ts';
import type { Analysis, Evaluation, Finding, Measurement, Shape } from '../../../src/domain/findings.ts';
import { derivedUid } from '../../../src/foundation/uid.ts';
import { checkResultObjects } from '../../../src/result-objects/checker/check-result-objects.ts';
import { buildFhirBundle } from '../../../src/result-objects/fhir-bundle.ts';
import { defaultFhirOptions } from '../../../src/result-objects/fhir-request.ts';
import { buildKeyObjectSelection } from '../../../src/result-objects/key-object-selection.ts';
import { buildPresentationState } from '../../../src/result-objects/presentation-state.ts';
import { readFindings } from '../../../src/result-objects/read-findings.ts';
import { resultIdentity } from '../../../src/result-objects/result-uids.ts';
import { buildSegmentation } from '../../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../../src/result-objects/structured-report.ts';
import type { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { readPart10, writePart10 } from '../../../src/standards/dicom/part10.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../../src/standards/dicom/transfer-syntaxes.ts';
import { columns, context, positive, reportRequest, rows, segmentationRequest, sourceDataSets, sourceImages } from '../../unit/result-objects/synthetic-analysis.ts';

type JsonSchemaValidator = new () => { validate(resource: unknown): readonly unknown[] };
const Validator = createRequire(import.meta.url)('@asymmetrik/fhir-json-schema-validator') as JsonSchemaValidator;

const imageIndex = fc.integer({ min: 0, max: sourceImages.length - 1 });
const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const point = fc.tuple(number, number, number);
const pixel = fc.tuple(fc.double({ min: 0, max: columns, noNaN: true }), fc.double({ min: 0, max: rows, noNaN: true }));
const text = fc.string({ minLength: 1, maxLength: 90, unit: 'grapheme' });

const measurement: fc.Arbitrary<Measurement> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  concept: fc.constantFrom(concept('diameter'), concept('volume'), concept('area')),
  value: fc.option(fc.oneof(number, fc.constantFrom(Number.NaN, Infinity, 0, 1e-9, 1e21, 0.1 + 0.2))),
  failure: fc.option(fc.constantFrom(concept('num-failure'), concept('num-out-of-range'))),
  unit: fc.constantFrom(concept('unit-mm'), concept('unit-mm2'), concept('unit-mm3'), concept('unit-none'), concept('unit-hu')),
  derivation: fc.option(fc.constant(concept('deriv-mean'))),
  method: fc.option(fc.constant(concept('volume-method-voxels'))),
});
const evaluation: fc.Arbitrary<Evaluation> = fc.record({
  id: fc.constantFrom('e', 'f', 'g'),
  concept: fc.constantFrom(concept('texture-concept'), concept('image-quality')),
  value: fc.oneof(text, fc.constantFrom(concept('texture-solid'), concept('qa-limited'))),
});
const shape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ kind: fc.constantFrom('long-axis' as const, 'short-axis' as const), points: fc.tuple(point, point), imageIndex }),
  fc.record({ kind: fc.constant('centre' as const), points: fc.tuple(point), imageIndex }),
  fc.record({ kind: fc.constant('box' as const), imageIndex, box: fc.tuple(number, number, number, number) }),
  fc.record({ kind: fc.constant('polygon' as const), imageIndex, points2: fc.array(pixel, { minLength: 3, maxLength: 8 }) }),
);
const unique = <T extends { readonly id: string }>(values: fc.Arbitrary<T>) => fc.uniqueArray(values, { maxLength: 4, selector: (value) => value.id });

function findings(segments: number): fc.Arbitrary<readonly Finding[]> {
  const finding = fc.record({
    concept: fc.constantFrom(concept('nodule'), concept('lung-mass'), concept('pleural-thickening')),
    category: fc.constant(concept('cat-morph-abnormal')),
    sites: fc.array(fc.record({ site: fc.constantFrom(concept('lung'), concept('lobe-upper')), laterality: fc.option(fc.constantFrom(concept('lat-left'), concept('lat-right'))) }), { maxLength: 2 }),
    probability: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    measurements: unique(measurement),
    evaluations: unique(evaluation),
    shapes: fc.array(shape, { maxLength: 3 }),
    imageIndices: fc.uniqueArray(imageIndex, { maxLength: 12 }),
  });
  return fc.array(finding, { maxLength: 3 }).map((list) =>
    list.map((made, index) => ({ ...made, trackingId: `finding-${index + 1}`, trackingUid: derivedUid('any', String(index)), segmentNumber: index < segments ? index + 1 : null })),
  );
}

const analysis: fc.Arbitrary<Analysis> = fc
  .record({
    outcome: fc.constantFrom('findings' as const, 'no-findings' as const, 'partial' as const, 'not-analysable' as const),
    segments: fc.integer({ min: 0, max: 2 }),
    spatial: fc.boolean(),
    summary: text,
    parameters: fc.array(text, { maxLength: 3 }),
    probability: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    studyMeasurements: unique(measurement),
    studyEvaluations: unique(evaluation),
  })
  .chain(({ segments, spatial, parameters, probability, ...rest }) =>
    findings(segments).map((list): Analysis => ({
      ...positive,
      ...rest,
      findings: list,
      model: { ...positive.model, parameters },
      source: { ...positive.source, frameOfReferenceUid: spatial ? positive.source.frameOfReferenceUid : null },
      segments: positive.segments.slice(0, segments).map((segment, index) => ({ ...segment, trackingId: `finding-${index + 1}`, trackingUid: derivedUid('any', String(index)) })),
      targets: [{ ...positive.targets[0]!, present: list.length > 0, probability }],
    })),
  );

/** The sources of a projection: no frame of reference, no positions. */
const flat = (dataSet: DataSet): DataSet => dataSet.without(tags.FrameOfReferenceUID, tags.ImagePositionPatient, tags.ImageOrientationPatient);
const flatContext = { ...context, headers: new Map([...context.headers].map(([uid, header]) => [uid, flat(header)])) };

suite('whatever a model says', () => {
  const validator = new Validator();

  test('its SR and SEG pass our checker without an error, in both renditions, after a round trip through Part 10', () => {
    fc.assert(
      fc.property(analysis, fc.constantFrom('air34' as const, 'compat33' as const), (made, profile) => {
        const spatial = made.source.frameOfReferenceUid !== null;
        const given = spatial ? context : flatContext;
        const sources = sourceDataSets().map((dataSet, index) => ({ name: `source-${index}`, dataSet: spatial ? dataSet : flat(dataSet) }));
        const segmentation = buildSegmentation(segmentationRequest(made, given));
        const objects = [['sr', buildStructuredReport(reportRequest(made, profile, given))], ['seg', segmentation]] as const;
        const read = objects.flatMap(([name, dataSet]) => {
          if (dataSet === undefined) return [];
          const again = readPart10(writePart10({ dataSet, transferSyntaxUid: explicitLittleEndian }));
          assert.ok(again.ok);
          return [{ name, dataSet: again.value.dataSet }];
        });

        const errors = checkResultObjects([...read, ...sources]).filter((fault) => fault.severity === 'error');

        assert.deepEqual(errors, []);
        assert.equal(readFindings(read[0]!.dataSet).findings.filter((finding) => finding.trackingId?.startsWith('finding-')).length, made.findings.length);
      }),
      { numRuns: 100 },
    );
  });

  test('its FHIR bundle is valid by the R4 schema', () => {
    fc.assert(
      fc.property(analysis, (made) => {
        const { identity, segmentation } = reportRequest(made);

        assert.deepEqual(validator.validate(JSON.parse(JSON.stringify(buildFhirBundle({ analysis: made, context, report: identity, segmentation, options: defaultFhirOptions })))), []);
      }),
      { numRuns: 60 },
    );
  });

  test('its key objects and overlay can be written', () => {
    fc.assert(
      fc.property(analysis, (made) => {
        for (const build of [buildKeyObjectSelection, buildPresentationState]) {
          const built = build({ analysis: made, context, identity: resultIdentity(made, 'key-objects', 1) });
          if (built !== undefined) assert.ok(writePart10({ dataSet: built, transferSyntaxUid: explicitLittleEndian }).length > 0);
        }
      }),
      { numRuns: 60 },
    );
  });
});
