import assert from 'node:assert/strict';
import { checkResultObjects } from '../../../src/result-objects/checker/check-result-objects.ts';
import { buildSegmentation } from '../../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../../src/result-objects/structured-report.ts';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import type { Element } from '../../../src/standards/dicom/data-set.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { negative, outcomes, positive, projection, reportRequest, segmentationRequest, sourceDataSets } from '../../unit/result-objects/synthetic-analysis.ts';

type Change = (dataSet: DataSet) => DataSet;

const sources = sourceDataSets();
const goodReport = buildStructuredReport(reportRequest(positive));
const goodSegmentation = buildSegmentation(segmentationRequest(positive))!;

function rulesOf(report: DataSet, segmentation: DataSet | undefined = goodSegmentation): readonly string[] {
  const objects = [
    { name: 'sr', dataSet: report },
    ...(segmentation === undefined ? [] : [{ name: 'seg', dataSet: segmentation }]),
    ...sources.map((dataSet, index) => ({ name: `source-${index}`, dataSet })),
  ];
  return checkResultObjects(objects).map((fault) => fault.rule);
}

/** Rewrites every item of a content tree, children first; undefined drops the item. */
function rewrite(dataSet: DataSet, change: (item: DataSet, concept: string) => DataSet | undefined): DataSet {
  const children = dataSet.items(tags.ContentSequence).map((item) => rewrite(item, change)).flatMap((item) => change(item, conceptOf(item)) ?? []);
  return children.length === 0 ? dataSet.without(tags.ContentSequence) : dataSet.with(sequence(tags.ContentSequence, ...children));
}

function conceptOf(item: DataSet): string {
  return item.items(tags.ConceptNameCodeSequence)[0]?.string(tags.CodeValue) ?? '';
}

const drop = (concept: string): Change => (dataSet) => rewrite(dataSet, (item, name) => (name === concept ? undefined : item));
const edit = (concept: string, change: Change): Change => (dataSet) => rewrite(dataSet, (item, name) => (name === concept ? change(item) : item));
const set = (...elements: readonly Element[]): Change => (dataSet) => dataSet.with(...elements);
const remove = (...gone: readonly number[]): Change => (dataSet) => dataSet.without(...gone);
const inSequence = (tag: number, change: Change): Change => (dataSet) => dataSet.with(sequence(tag, ...dataSet.items(tag).map(change)));
const code = (value: string, scheme: string, meaning: string): DataSet =>
  DataSet.of([element(tags.CodeValue, 'SH', value), element(tags.CodingSchemeDesignator, 'SH', scheme), element(tags.CodeMeaning, 'LO', meaning)]);

/** Mutants of standards.md §6.2, the rest of §1.15 and of ihe.md §5.2; most of them pass dciodvfy and dsrdump. */
const reportMutants: Readonly<Record<string, readonly [rule: string, change: Change, base?: DataSet]>> = {
  'no Tracking UID': ['tracking-uid-missing', drop('112040')],
  'no Tracking Identifier': ['tracking-identifier-missing', drop('112039')],
  'Tracking UID after another UIDREF': ['tracking-uid-order', (dataSet) => rewrite(dataSet, (item, name) => (name === '125007' ? item.with(sequence(tags.ContentSequence, ...[...item.items(tags.ContentSequence)].reverse())) : item))],
  'one Tracking UID for two identifiers': ['tracking-pair', edit('112040', set(element(tags.UID, 'UI', '1.2.3')))],
  'NUM without units': ['unit-missing', edit('118565006', inSequence(tags.MeasuredValueSequence, remove(tags.MeasurementUnitsCodeSequence)))],
  'NUM with units that are not UCUM': ['unit-scheme', edit('118565006', inSequence(tags.MeasuredValueSequence, set(sequence(tags.MeasurementUnitsCodeSequence, code('mm3', 'DCM', 'cubic millimeter')))))],
  'NUM that is no number': ['number-invalid', edit('118565006', inSequence(tags.MeasuredValueSequence, set(element(tags.NumericValue, 'DS', 'NaN'))))],
  'empty NUM without a qualifier': ['number-missing', edit('112031', remove(tags.NumericValueQualifierCodeSequence))],
  'SCOORD3D in Comprehensive SR': ['scoord3d-in-comprehensive', set(element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.88.33'))],
  'Enhanced SR': ['sop-class', set(element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.88.22'))],
  'wrong relationship (Observer Type CONTAINS)': ['relationship', edit('121005', set(element(tags.RelationshipType, 'CS', 'CONTAINS')))],
  'wrong relationship of the Tracking UID': ['relationship', edit('112040', set(element(tags.RelationshipType, 'CS', 'CONTAINS')))],
  'Finding as TEXT': ['value-type', edit('121071', (item) => item.without(tags.ConceptCodeSequence).with(element(tags.ValueType, 'CS', 'TEXT'), element(tags.TextValue, 'UT', 'nodule')))],
  'no Image Library': ['image-library-missing', drop('111028')],
  'Image Library without an image': ['image-library-incomplete', edit('126200', (item) => item.with(sequence(tags.ContentSequence, ...item.items(tags.ContentSequence).slice(0, -1))))],
  'no ContentTemplateSequence on the root': ['root-template', remove(tags.ContentTemplateSequence)],
  'no ContentTemplateSequence on a group': ['group-template', edit('125007', remove(tags.ContentTemplateSequence))],
  'title outside CID 7021': ['root-title', set(sequence(tags.ConceptNameCodeSequence, code('11528-7', 'LN', 'Radiology Report')))],
  'no algorithm name': ['algorithm-missing', drop('111001')],
  'no algorithm version': ['algorithm-version', drop('111003')],
  'no finding': ['finding-missing', drop('121071')],
  'no language': ['language-missing', drop('121049')],
  'no observer': ['observer-missing', drop('121005')],
  'no Device Observer UID': ['observer-uid-missing', drop('121012')],
  'observer that is not in Contributing Equipment': ['observer-equipment', edit('121012', set(element(tags.UID, 'UI', '1.2.3')))],
  'algorithm that is not in Contributing Equipment': ['algorithm-equipment', edit('111003', set(element(tags.TextValue, 'UT', '9.9')))],
  'no Contributing Equipment': ['contributing-equipment', remove(tags.ContributingEquipmentSequence)],
  'no procedure': ['procedure-missing', drop('121058')],
  'algorithm as procedure reported': ['procedure-is-algorithm', edit('121058', set(sequence(tags.ConceptCodeSequence, code('123110', 'DCM', 'Artificial Intelligence'))))],
  'evidence sequence missing': ['evidence-missing', remove(tags.CurrentRequestedProcedureEvidenceSequence)],
  'a reference that is not in the evidence': ['evidence-incomplete', inSequence(tags.CurrentRequestedProcedureEvidenceSequence, (study) => study.with(sequence(tags.ReferencedSeriesSequence, study.items(tags.ReferencedSeriesSequence)[0]!)))],
  'an instance twice in the evidence': ['evidence-repeated', inSequence(tags.CurrentRequestedProcedureEvidenceSequence, (study) => study.with(sequence(tags.ReferencedSeriesSequence, ...study.items(tags.ReferencedSeriesSequence), study.items(tags.ReferencedSeriesSequence)[0]!)))],
  'evidence of another study': ['evidence-study', inSequence(tags.CurrentRequestedProcedureEvidenceSequence, set(element(tags.StudyInstanceUID, 'UI', '1.2.3')))],
  'bad CompletionFlag': ['completion-flag', set(element(tags.CompletionFlag, 'CS', 'DONE'))],
  'VERIFIED without an observer': ['verifying-observer', set(element(tags.VerificationFlag, 'CS', 'VERIFIED'))],
  'FINAL and unverified': ['preliminary-flag', set(element(tags.PreliminaryFlag, 'CS', 'FINAL'))],
  'code without meaning': ['meaning-missing', edit('121071', inSequence(tags.ConceptCodeSequence, remove(tags.CodeMeaning)))],
  'meaning of more than 64 characters': ['meaning-long', edit('121071', inSequence(tags.ConceptCodeSequence, set(element(tags.CodeMeaning, 'LO', 'x'.repeat(65)))))],
  'retired scheme SRT': ['scheme-retired', edit('121071', inSequence(tags.ConceptCodeSequence, set(element(tags.CodingSchemeDesignator, 'SH', 'SRT'))))],
  'unknown scheme': ['scheme-unknown', edit('121071', inSequence(tags.ConceptCodeSequence, set(element(tags.CodingSchemeDesignator, 'SH', 'OTHER'))))],
  'private scheme of somebody else': ['scheme-private', edit('121071', inSequence(tags.ConceptCodeSequence, set(element(tags.CodingSchemeDesignator, 'SH', '99OTHER'))))],
  'SCOORD without SELECTED FROM': ['selected-from', edit('111030', remove(tags.ContentSequence)), buildStructuredReport(reportRequest(positive, 'compat33'))],
  'SCOORD3D with a wrong count of numbers': ['graphic-count', edit('111030', set(element(tags.GraphicData, 'FL', 1, 2, 3, 4)))],
  'SCOORD3D in another frame of reference': ['scoord3d-frame-of-reference', edit('111030', set(element(tags.ReferencedFrameOfReferenceUID, 'UI', '1.2.3')))],
  'graphic type that does not exist': ['graphic-type', edit('111030', set(element(tags.GraphicType, 'CS', 'CIRCLE')))],
  'region and segment in one group': ['region-kinds', (dataSet) => rewrite(dataSet, (item, name) => (name === '125007' ? item.with(sequence(tags.ContentSequence, ...item.items(tags.ContentSequence), segmentItem())) : item))],
  'TID 1411 without a segment': ['region-count', drop('121191')],
  'segment without its source': ['segment-source', drop('121232')],
  'number in Qualitative Evaluations': ['number-in-evaluations', edit('111017', set(element(tags.ValueType, 'CS', 'NUM')))],
  'no Observation UID': ['observation-uid', edit('125007', remove(tags.ObservationUID))],
  'NUM without a child in a group without drawing': ['number-without-child', edit('118565006', remove(tags.ContentSequence))],
  'group with neither drawing nor number': ['group-without-number', drop('122157'), buildStructuredReport(reportRequest(negative))],
  'two drawings under one tracking UID': ['graphic-repeated', (dataSet) => rewrite(dataSet, (item, name) => (name === '126010' ? item.with(sequence(tags.ContentSequence, ...item.items(tags.ContentSequence), item.items(tags.ContentSequence)[0]!)) : item))],
  'a tracking identifier that viewers take for a human one': ['tracking-identifier-reserved', edit('112039', set(element(tags.TextValue, 'UT', 'Cornerstone3DTools@^5:Length')))],
  'another PatientID than the sources': ['patient-study-drift', set(element(tags.PatientID, 'LO', 'other'))],
  'another StudyDate than the sources': ['patient-study-drift', set(element(tags.StudyDate, 'DA', '20200101'))],
  'no equipment': ['equipment', remove(tags.Manufacturer)],
  'no ContentDate': ['header', remove(tags.ContentDate)],
  'a frame number on a single-frame image': ['frame-number', edit('111040', inSequence(tags.ReferencedSOPSequence, set(element(tags.ReferencedFrameNumber, 'IS', '1')))), buildStructuredReport(reportRequest(positive, 'compat33'))],
};

function segmentItem(): DataSet {
  const group = goodReport.items(tags.ContentSequence).find((item) => conceptOf(item) === '126010')!.items(tags.ContentSequence)[1]!;
  return group.items(tags.ContentSequence).find((item) => conceptOf(item) === '121191')!;
}

const frames = (change: Change): Change => inSequence(tags.PerFrameFunctionalGroupsSequence, change);
const segments = (change: Change): Change => inSequence(tags.SegmentSequence, change);

const segmentationMutants: Readonly<Record<string, readonly [rule: string, change: Change]>> = {
  'no FrameContent': ['frame-content', frames(remove(tags.FrameContentSequence))],
  'segment numbers that do not start at 1': ['segment-number', segments(set(element(tags.SegmentNumber, 'US', 7)))],
  'bits 8 in BINARY': ['bits', set(element(tags.BitsAllocated, 'US', 8), element(tags.BitsStored, 'US', 8), element(tags.HighBit, 'US', 7))],
  'short pixels': ['pixel-length', set(element(tags.PixelData, 'OB', new Uint8Array(10)))],
  'frames padded to whole bytes': ['pixel-length', set(element(tags.PixelData, 'OB', new Uint8Array(4 * 50 + 4)))],
  'empty frame': ['frame-empty', set(element(tags.PixelData, 'OB', new Uint8Array(200)))],
  'no algorithm name': ['segment-algorithm-name', segments(remove(tags.SegmentAlgorithmName))],
  'no algorithm identification': ['segment-algorithm-equipment', segments(remove(tags.SegmentationAlgorithmIdentificationSequence))],
  'no ReferencedSeries': ['referenced-series', remove(tags.ReferencedSeriesSequence)],
  'ReferencedSeries without a source image': ['referenced-series', inSequence(tags.ReferencedSeriesSequence, (series) => series.with(sequence(tags.ReferencedInstanceSequence, series.items(tags.ReferencedInstanceSequence)[0]!)))],
  'no LossyImageCompression': ['lossy', remove(tags.LossyImageCompression)],
  'wrong count of DimensionIndexValues': ['dimension-values', frames(inSequence(tags.FrameContentSequence, set(element(tags.DimensionIndexValues, 'UL', 1))))],
  'no FrameOfReference': ['frame-of-reference', remove(tags.FrameOfReferenceUID)],
  'another FrameOfReference than the source': ['frame-of-reference', set(element(tags.FrameOfReferenceUID, 'UI', '1.2.3'))],
  'no PlanePosition': ['plane-position', frames(remove(tags.PlanePositionSequence))],
  'a position off by a tenth of a millimetre': ['position', frames(inSequence(tags.PlanePositionSequence, set(element(tags.ImagePositionPatient, 'DS', '-100.4', '-80.25', '-200'))))],
  'flipped orientation': ['orientation', inSequence(tags.SharedFunctionalGroupsSequence, inSequence(tags.PlaneOrientationSequence, set(element(tags.ImageOrientationPatient, 'DS', '-1', '0', '0', '0', '0.984808', '0.173648'))))],
  'spacing of the model grid': ['spacing', inSequence(tags.SharedFunctionalGroupsSequence, inSequence(tags.PixelMeasuresSequence, set(element(tags.PixelSpacing, 'DS', '1', '1'))))],
  'size of the model grid': ['grid-size', set(element(tags.Rows, 'US', 19), element(tags.Columns, 'US', 21))],
  'no segment identification': ['segment-identification', frames(remove(tags.SegmentIdentificationSequence))],
  'no derivation image': ['derivation-image', frames(remove(tags.DerivationImageSequence))],
  'a frame more than items': ['frame-count', set(element(tags.NumberOfFrames, 'IS', '5'))],
  'frames out of order': ['frame-order', (dataSet) => dataSet.with(sequence(tags.PerFrameFunctionalGroupsSequence, ...[...dataSet.items(tags.PerFrameFunctionalGroupsSequence)].reverse()))],
  'tracking UID without ID': ['segment-tracking', segments(remove(tags.TrackingID))],
  'another tracking UID than the report': ['segment-tracking', segments(set(element(tags.TrackingUID, 'UI', '1.2.3')))],
  'no property type': ['segment-property', segments(remove(tags.SegmentedPropertyTypeCodeSequence))],
  'no colour': ['segment-color', segments(remove(tags.RecommendedDisplayCIELabValue))],
  'the same label twice': ['segment-label', segments(set(element(tags.SegmentLabel, 'LO', 'Nodule')))],
  'a segment that the report names and nobody has': ['segment-unknown', inSequence(tags.SegmentSequence, (segment) => segment.with(element(tags.SegmentNumber, 'US', 1)))],
  'LABELMAP': ['segmentation-type', set(element(tags.SegmentationType, 'CS', 'LABELMAP'))],
  'ImageType of the source': ['image-type', set(element(tags.ImageType, 'CS', 'ORIGINAL', 'PRIMARY'))],
  'another study': ['study-drift', set(element(tags.StudyInstanceUID, 'UI', '1.2.3'))],
};

suite('checker of result objects', () => {
  for (const [name, analysis] of Object.entries(outcomes)) {
    for (const profile of ['air34', 'compat33'] as const) {
      test(`no fault in the objects of a ${name} run, ${profile}`, () => {
        assert.deepEqual(rulesOf(buildStructuredReport(reportRequest(analysis, profile)), buildSegmentation(segmentationRequest(analysis))), []);
      });
    }
  }

  test('a box names that it bounds the finding, and is checked without fault', () => {
    assert.deepEqual(rulesOf(buildStructuredReport(reportRequest(projection)), undefined), []);
  });

  for (const [name, [rule, change, base = goodReport]] of Object.entries(reportMutants)) {
    test(`SR mutant is caught: ${name} → ${rule}`, () => {
      assert.ok(rulesOf(change(base)).includes(rule), rulesOf(change(base)).join());
    });
  }

  for (const [name, [rule, change]] of Object.entries(segmentationMutants)) {
    test(`SEG mutant is caught: ${name} → ${rule}`, () => {
      const found = rulesOf(goodReport, change(goodSegmentation));
      assert.ok(found.includes(rule), found.join());
    });
  }

  test('faults name the object and the place, and no patient', () => {
    const faults = checkResultObjects([{ name: 'a.dcm', dataSet: goodReport.with(element(tags.PatientName, 'PN', 'Secret^Name')) }, { name: 'ct.dcm', dataSet: sources[0]! }]);

    assert.deepEqual(faults.map(({ rule, object, where }) => [rule, object, where]), [['patient-study-drift', 'a.dcm', '(00100010)']]);
    assert.ok(!JSON.stringify(faults).includes('Secret'));
  });
});
