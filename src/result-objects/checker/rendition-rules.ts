import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { checkEquipment } from './equipment-rules.ts';
import type { Report } from './fault.ts';

export const keyObjectSelection = '1.2.840.10008.5.1.4.1.1.88.59';
const presentationStates = ['1.2.840.10008.5.1.4.1.1.11.1', '1.2.840.10008.5.1.4.1.1.11.2'];
const secondaryCapture = '1.2.840.10008.5.1.4.1.1.7';
const encapsulatedPdf = '1.2.840.10008.5.1.4.1.1.104.1';
const parametricMap = '1.2.840.10008.5.1.4.1.1.30';

/** What is written beside SR and SEG for systems that cannot read them. */
export const renditionClasses: ReadonlySet<string> = new Set([keyObjectSelection, ...presentationStates, secondaryCapture, encapsulatedPdf, parametricMap]);

/** A rendition by itself: algorithm named, "AI-generated" said where people look, images it refers to are sources, and the content whole. */
export function checkRendition(dataSet: DataSet, sources: ReadonlyMap<string, DataSet>, report: Report): void {
  const sopClass = dataSet.string(tags.SOPClassUID) ?? '';
  // Presentation states have Presentation Creation Date and Time instead (PS3.3 §C.11.10).
  checkEquipment(dataSet, (rule, where, message) => {
    if (!(presentationStates.includes(sopClass) && (where === 'ContentDate' || where === 'ContentTime'))) report(rule, where, message);
  });
  if (sources.size > 0) for (const uid of referencedImages(dataSet)) if (!sources.has(uid)) report('rendition-reference', 'ReferencedSOPInstanceUID', 'is of no source image');
  if (sopClass === keyObjectSelection) checkKeyObjects(dataSet, report);
  if (presentationStates.includes(sopClass)) checkPresentation(dataSet, report);
  if (sopClass === secondaryCapture) checkCapture(dataSet, report);
  if (sopClass === encapsulatedPdf) checkDocument(dataSet, report);
  if (sopClass === parametricMap) checkMap(dataSet, report);
}

function referencedImages(dataSet: DataSet): readonly string[] {
  const uid = (item: DataSet): string => item.string(tags.ReferencedSOPInstanceUID) ?? '';
  const series = [...dataSet.items(tags.ReferencedSeriesSequence), ...dataSet.items(tags.CurrentRequestedProcedureEvidenceSequence).flatMap((study) => study.items(tags.ReferencedSeriesSequence))];
  return [
    ...dataSet.items(tags.SourceImageSequence).map(uid),
    ...dataSet.items(tags.SourceInstanceSequence).map(uid),
    ...series.flatMap((item) => [...item.items(tags.ReferencedImageSequence), ...item.items(tags.ReferencedInstanceSequence), ...item.items(tags.ReferencedSOPSequence)].map(uid)),
  ];
}

/** PS3.16 TID 2010; each image of the tree is in the evidence (PS3.3 §C.17.6.2). */
function checkKeyObjects(dataSet: DataSet, report: Report): void {
  if (dataSet.string(tags.Modality) !== 'KO') report('header', 'Modality', 'must be KO');
  const evidence = new Set(referencedImages(dataSet));
  const images = dataSet.items(tags.ContentSequence).filter((item) => item.string(tags.ValueType) === 'IMAGE').map((item) => item.items(tags.ReferencedSOPSequence)[0]?.string(tags.ReferencedSOPInstanceUID) ?? '');
  if (images.length === 0) report('key-object-missing', 'ContentSequence', 'selects no image');
  for (const image of images) if (!evidence.has(image)) report('evidence-missing', 'CurrentRequestedProcedureEvidenceSequence', 'a selected image is not listed');
}

/** PS3.3 §C.10.5: graphics count their points and lie on the images of the series; a layer exists for each annotation. */
function checkPresentation(dataSet: DataSet, report: Report): void {
  const listed = new Set(referencedImages(dataSet));
  const layers = new Set(dataSet.items(tags.GraphicLayerSequence).map((layer) => layer.string(tags.GraphicLayer)));
  const annotations = dataSet.items(tags.GraphicAnnotationSequence);
  if (listed.size === 0) report('presentation-reference', 'ReferencedSeriesSequence', 'names no image');
  if (annotations.length === 0) report('presentation-empty', 'GraphicAnnotationSequence', 'draws nothing');
  annotations.forEach((annotation, index) => {
    const where = `GraphicAnnotationSequence[${index + 1}]`;
    if (!layers.has(annotation.string(tags.GraphicLayer))) report('presentation-layer', where, 'is on a layer that is not described');
    for (const image of annotation.items(tags.ReferencedImageSequence)) if (!listed.has(image.string(tags.ReferencedSOPInstanceUID) ?? '')) report('presentation-reference', where, 'is on an image that the state does not list');
    for (const graphic of annotation.items(tags.GraphicObjectSequence)) {
      const points = graphic.numbers(tags.GraphicData).length / 2;
      if (points !== graphic.number(tags.NumberOfGraphicPoints)) report('graphic-points', where, 'counts other points than it has');
    }
    const texts = annotation.items(tags.TextObjectSequence).map((text) => text.string(tags.UnformattedTextValue) ?? '');
    if (!texts.some((text) => text.startsWith('AI-generated'))) report('disclosure', where, 'does not say that it is AI-generated');
  });
}

function checkCapture(dataSet: DataSet, report: Report): void {
  if (dataSet.string(tags.ConversionType) !== 'WSD') report('conversion-type', 'ConversionType', 'must be WSD');
  if (dataSet.string(tags.BurnedInAnnotation) !== 'YES') report('burned-in', 'BurnedInAnnotation', 'the picture holds text of the patient and does not say so');
  if (dataSet.strings(tags.ImageType).slice(0, 2).join('\\') !== 'DERIVED\\SECONDARY') report('image-type', 'ImageType', 'must be DERIVED\\SECONDARY');
  const needed = (dataSet.number(tags.Rows) ?? 0) * (dataSet.number(tags.Columns) ?? 0) * (dataSet.number(tags.SamplesPerPixel) ?? 0);
  if (dataSet.bytes(tags.PixelData)?.length !== needed + (needed % 2) || needed === 0) report('pixel-length', 'PixelData', 'has another length than rows, columns and samples say');
  if (dataSet.string(tags.DerivationDescription)?.includes('AI-generated') !== true) report('disclosure', 'DerivationDescription', 'does not say that it is AI-generated');
}

/** PS3.3 §C.24.2. */
function checkDocument(dataSet: DataSet, report: Report): void {
  if (dataSet.string(tags.MIMETypeOfEncapsulatedDocument) !== 'application/pdf') report('document-type', 'MIMETypeOfEncapsulatedDocument', 'must be application/pdf');
  const bytes = dataSet.bytes(tags.EncapsulatedDocument) ?? new Uint8Array();
  const length = dataSet.number(tags.EncapsulatedDocumentLength) ?? -1;
  if (bytes.length !== length + (length % 2)) report('document-length', 'EncapsulatedDocumentLength', 'is not the length of the document');
  if (Buffer.from(bytes.subarray(0, 5)).toString('latin1') !== '%PDF-') report('document-type', 'EncapsulatedDocument', 'is no PDF');
  if (!Buffer.from(bytes.subarray(Math.max(0, length - 8), Math.max(0, length))).toString('latin1').includes('%%EOF')) report('document-length', 'EncapsulatedDocument', 'does not end as a PDF does');
}

/** PS3.3 §A.75: one value in a float per pixel, and what it means. */
function checkMap(dataSet: DataSet, report: Report): void {
  const needed = (dataSet.number(tags.Rows) ?? 0) * (dataSet.number(tags.Columns) ?? 0) * (dataSet.number(tags.NumberOfFrames) ?? 0) * 4;
  if (dataSet.bytes(tags.FloatPixelData)?.length !== needed || needed === 0) report('pixel-length', 'FloatPixelData', 'has another length than rows, columns and frames say');
  const groups = dataSet.items(tags.PerFrameFunctionalGroupsSequence);
  if (groups.length !== dataSet.number(tags.NumberOfFrames)) report('frame-count', 'PerFrameFunctionalGroupsSequence', 'has another number of items than there are frames');
  if (dataSet.items(tags.SharedFunctionalGroupsSequence)[0]?.items(tags.RealWorldValueMappingSequence)[0]?.items(tags.MeasurementUnitsCodeSequence)[0] === undefined) report('map-meaning', 'RealWorldValueMappingSequence', 'does not say what the values are');
}
