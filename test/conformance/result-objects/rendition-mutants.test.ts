import assert from 'node:assert/strict';
import { checkResultObjects } from '../../../src/result-objects/checker/check-result-objects.ts';
import { buildEncapsulatedPdf } from '../../../src/result-objects/encapsulated-pdf.ts';
import { buildKeyObjectSelection } from '../../../src/result-objects/key-object-selection.ts';
import { buildPresentationState } from '../../../src/result-objects/presentation-state.ts';
import { resultIdentity, type ResultRole } from '../../../src/result-objects/result-uids.ts';
import { buildSecondaryCapture } from '../../../src/result-objects/secondary-capture.ts';
import type { DataSet, Element } from '../../../src/standards/dicom/data-set.ts';
import { element, sequence } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { bundledTypeface } from '../../support/typeface.ts';
import { columns, context, positive, rows, sourceDataSets } from '../../unit/result-objects/synthetic-analysis.ts';

type Change = (dataSet: DataSet) => DataSet;

const sources = sourceDataSets().map((dataSet, index) => ({ name: `source-${index}`, dataSet }));
const of = (role: ResultRole) => ({ analysis: positive, context, identity: resultIdentity(positive, role, 1) });
const pictured = { typeface: bundledTypeface(), images: [{ imageIndex: 3, picture: { width: columns, height: rows, rgb: new Uint8Array(3 * rows * columns) } }] };
const good = {
  sc: buildSecondaryCapture({ ...of('secondary-capture'), ...pictured }),
  pdf: buildEncapsulatedPdf({ ...of('encapsulated-pdf'), ...pictured }),
  ko: buildKeyObjectSelection(of('key-objects'))!,
  gsps: buildPresentationState(of('presentation-state'))!,
};
const set = (...elements: readonly Element[]): Change => (dataSet) => dataSet.with(...elements);
const remove = (tag: number): Change => (dataSet) => dataSet.without(tag);
const inItems = (tag: number, change: Change): Change => (dataSet) => dataSet.with(sequence(tag, ...dataSet.items(tag).map(change)));

const mutants: Readonly<Record<string, readonly [rule: string, object: keyof typeof good, change: Change]>> = {
  'a picture that does not say that identity is burned in': ['burned-in', 'sc', remove(tags.BurnedInAnnotation)],
  'a picture without a conversion type': ['conversion-type', 'sc', remove(tags.ConversionType)],
  'a picture that claims to be original': ['image-type', 'sc', set(element(tags.ImageType, 'CS', 'ORIGINAL', 'PRIMARY'))],
  'a picture that lost a row': ['pixel-length', 'sc', (dataSet) => dataSet.with(element(tags.PixelData, 'OB', dataSet.bytes(tags.PixelData)!.slice(3 * 1024)))],
  'a picture that does not say AI-generated': ['disclosure', 'sc', set(element(tags.DerivationDescription, 'ST', 'Summary'))],
  'a picture of an image of another study': ['rendition-reference', 'sc', inItems(tags.SourceImageSequence, set(element(tags.ReferencedSOPInstanceUID, 'UI', '1.2.3')))],
  'a picture of another patient': ['patient-study-drift', 'sc', set(element(tags.PatientID, 'LO', 'P-4712'))],
  'a document without an algorithm': ['contributing-equipment', 'pdf', set(sequence(tags.ContributingEquipmentSequence))],
  'a document that is no PDF': ['document-type', 'pdf', (dataSet) => dataSet.with(element(tags.EncapsulatedDocument, 'OB', dataSet.bytes(tags.EncapsulatedDocument)!.map((byte, index) => (index === 0 ? 0 : byte))))],
  'a document of another length': ['document-length', 'pdf', set(element(tags.EncapsulatedDocumentLength, 'UL', 100))],
  'a key image that is not in the evidence': ['evidence-missing', 'ko', (dataSet) => dataSet.with(sequence(tags.CurrentRequestedProcedureEvidenceSequence))],
  'key objects of another modality': ['header', 'ko', set(element(tags.Modality, 'CS', 'SR'))],
  'an overlay that draws nothing': ['presentation-empty', 'gsps', set(sequence(tags.GraphicAnnotationSequence))],
  'an overlay on a layer that is not described': ['presentation-layer', 'gsps', set(sequence(tags.GraphicLayerSequence))],
  'an overlay on an image that it does not list': ['presentation-reference', 'gsps', inItems(tags.GraphicAnnotationSequence, inItems(tags.ReferencedImageSequence, set(element(tags.ReferencedSOPInstanceUID, 'UI', '1.2.3'))))],
  'a graphic that counts other points than it has': ['graphic-points', 'gsps', inItems(tags.GraphicAnnotationSequence, inItems(tags.GraphicObjectSequence, set(element(tags.NumberOfGraphicPoints, 'US', 9))))],
  'an overlay that does not say AI-generated': ['disclosure', 'gsps', inItems(tags.GraphicAnnotationSequence, set(sequence(tags.TextObjectSequence)))],
};

suite('the checker catches renditions that must not leave', () => {
  for (const [name, dataSet] of Object.entries(good)) {
    test(`the ${name} that was written has no fault`, () => assert.deepEqual(checkResultObjects([{ name, dataSet }, ...sources]), []));
  }

  for (const [title, [rule, object, change]] of Object.entries(mutants)) {
    test(title, () => {
      const faults = checkResultObjects([{ name: object, dataSet: change(good[object]) }, ...sources]);

      assert.ok(faults.some((fault) => fault.rule === rule && fault.severity === 'error'), JSON.stringify(faults));
    });
  }
});
