import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { codeSequence } from './code-sequence.ts';
import type { ContentItem, ImageReference } from './content-item.ts';

/** The elements of one content item with its children nested, PS3.3 §C.17.3 (SR Document Content Module). */
export function writeContentItem(item: ContentItem): DataSet {
  const elements: Element[] = [element(tags.ValueType, 'CS', item.valueType === 'OTHER' ? item.type : item.valueType)];
  if (item.relationship !== null) elements.push(element(tags.RelationshipType, 'CS', item.relationship));
  if (item.concept !== null) elements.push(codeSequence(tags.ConceptNameCodeSequence, item.concept));
  if (item.observationUid !== undefined) elements.push(element(tags.ObservationUID, 'UI', item.observationUid));
  if (item.observedAt !== undefined) elements.push(element(tags.ObservationDateTime, 'DT', item.observedAt));
  elements.push(...valueOf(item));
  if (item.children.length > 0) elements.push(sequence(tags.ContentSequence, ...item.children.map(writeContentItem)));
  return DataSet.of(elements);
}

function valueOf(item: ContentItem): readonly Element[] {
  switch (item.valueType) {
    case 'CONTAINER':
      return [element(tags.ContinuityOfContent, 'CS', 'SEPARATE'), ...template(item.template)];
    case 'CODE':
      return item.code === null ? [] : [codeSequence(tags.ConceptCodeSequence, item.code)];
    case 'TEXT':
      return [element(tags.TextValue, 'UT', item.text)];
    case 'UIDREF':
      return [element(tags.UID, 'UI', item.text)];
    case 'DATE':
      return [element(tags.Date, 'DA', item.text)];
    case 'TIME':
      return [element(tags.Time, 'TM', item.text)];
    case 'DATETIME':
      return [element(tags.DateTime, 'DT', item.text)];
    case 'PNAME':
      return [element(tags.PersonName, 'PN', item.text)];
    case 'NUM':
      return measuredValue(item.value, item.unit, item.qualifier);
    case 'IMAGE':
    case 'COMPOSITE':
    case 'WAVEFORM':
      return item.reference === null ? [] : [sequence(tags.ReferencedSOPSequence, referencedSop(item.reference))];
    case 'SCOORD':
      return [element(tags.GraphicType, 'CS', item.graphicType), element(tags.GraphicData, 'FL', ...item.points)];
    case 'SCOORD3D':
      return [
        element(tags.GraphicType, 'CS', item.graphicType),
        element(tags.GraphicData, 'FL', ...item.points),
        element(tags.ReferencedFrameOfReferenceUID, 'UI', item.frameOfReferenceUid),
      ];
    case 'OTHER':
      return [];
  }
}

function template(identifier: string): readonly Element[] {
  if (identifier === '') return [];
  const item = DataSet.of([element(tags.MappingResource, 'CS', 'DCMR'), element(tags.TemplateIdentifier, 'CS', identifier)]);
  return [sequence(tags.ContentTemplateSequence, item)];
}

/** PS3.3 §C.18.1: no value is an empty Measured Value Sequence and a qualifier that says why. */
function measuredValue(value: string | null, unit: ContentUnit, qualifier: ContentUnit): readonly Element[] {
  const why = qualifier === null ? [] : [codeSequence(tags.NumericValueQualifierCodeSequence, qualifier)];
  if (value === null || unit === null) return [sequence(tags.MeasuredValueSequence), ...why];
  const item = DataSet.of([element(tags.NumericValue, 'DS', value), codeSequence(tags.MeasurementUnitsCodeSequence, unit)]);
  return [sequence(tags.MeasuredValueSequence, item), ...why];
}

type ContentUnit = Extract<ContentItem, { valueType: 'NUM' }>['unit'];

function referencedSop(reference: ImageReference): DataSet {
  const elements = [element(tags.ReferencedSOPClassUID, 'UI', reference.sopClassUid), element(tags.ReferencedSOPInstanceUID, 'UI', reference.sopInstanceUid)];
  if (reference.frames.length > 0) elements.push(element(tags.ReferencedFrameNumber, 'IS', ...reference.frames.map(String)));
  if (reference.segments.length > 0) elements.push(element(tags.ReferencedSegmentNumber, 'US', ...reference.segments));
  return DataSet.of(elements);
}
