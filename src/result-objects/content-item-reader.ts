import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import { readCode } from './code-sequence.ts';
import type { ContentItem, ImageReference, Relationship } from './content-item.ts';

/** Deeper content is cut off: no template nests so far, and a hostile file must not exhaust the stack. */
const maximumDepth = 64;

/**
 * Reads the content tree of any SR or Key Object document, ours or another's. Missing parts are null or empty, never an error; what
 * must be there is the checker's question. The root takes its values from the data set itself (PS3.3 §C.17.3).
 */
export function readContentTree(dataSet: DataSet, depth = 0): ContentItem {
  const named = {
    relationship: (dataSet.string(tags.RelationshipType) ?? null) as Relationship | null,
    concept: readCode(dataSet.items(tags.ConceptNameCodeSequence)[0]) ?? null,
    children: depth >= maximumDepth ? [] : dataSet.items(tags.ContentSequence).map((item) => readContentTree(item, depth + 1)),
    observationUid: dataSet.string(tags.ObservationUID),
    observedAt: dataSet.string(tags.ObservationDateTime),
  };
  const type = dataSet.string(tags.ValueType) ?? '';
  switch (type) {
    case 'CONTAINER':
      return { ...named, valueType: type, template: dataSet.items(tags.ContentTemplateSequence)[0]?.string(tags.TemplateIdentifier) ?? '' };
    case 'CODE':
      return { ...named, valueType: type, code: readCode(dataSet.items(tags.ConceptCodeSequence)[0]) ?? null };
    case 'NUM':
      return { ...named, valueType: type, ...readMeasuredValue(dataSet) };
    case 'IMAGE':
    case 'COMPOSITE':
    case 'WAVEFORM':
      return { ...named, valueType: type, reference: readReference(dataSet.items(tags.ReferencedSOPSequence)[0]) };
    case 'SCOORD':
      return { ...named, valueType: type, graphicType: dataSet.string(tags.GraphicType) ?? '', points: dataSet.numbers(tags.GraphicData) };
    case 'SCOORD3D':
      return {
        ...named,
        valueType: type,
        graphicType: dataSet.string(tags.GraphicType) ?? '',
        points: dataSet.numbers(tags.GraphicData),
        frameOfReferenceUid: dataSet.string(tags.ReferencedFrameOfReferenceUID) ?? '',
      };
    default:
      return readText(dataSet, type, named);
  }
}

type NamedParts = Pick<ContentItem, 'relationship' | 'concept' | 'children' | 'observationUid' | 'observedAt'>;

const textTags = { TEXT: tags.TextValue, UIDREF: tags.UID, DATE: tags.Date, TIME: tags.Time, DATETIME: tags.DateTime, PNAME: tags.PersonName } as const;

function readText(dataSet: DataSet, type: string, named: NamedParts): ContentItem {
  if (!(type in textTags)) return { ...named, valueType: 'OTHER', type };
  const valueType = type as keyof typeof textTags;
  return { ...named, valueType, text: dataSet.string(textTags[valueType]) ?? '' };
}

function readMeasuredValue(dataSet: DataSet) {
  const measured = dataSet.items(tags.MeasuredValueSequence)[0];
  return {
    value: measured?.string(tags.NumericValue) ?? null,
    unit: readCode(measured?.items(tags.MeasurementUnitsCodeSequence)[0]) ?? null,
    qualifier: readCode(dataSet.items(tags.NumericValueQualifierCodeSequence)[0]) ?? null,
  };
}

function readReference(item: DataSet | undefined): ImageReference | null {
  const sopInstanceUid = item?.string(tags.ReferencedSOPInstanceUID);
  if (item === undefined || sopInstanceUid === undefined) return null;
  return {
    sopClassUid: item.string(tags.ReferencedSOPClassUID) ?? '',
    sopInstanceUid,
    frames: item.numbers(tags.ReferencedFrameNumber),
    segments: item.numbers(tags.ReferencedSegmentNumber),
  };
}
