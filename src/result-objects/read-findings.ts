import type { CodedConcept } from '../domain/coded-concept.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import { readCode } from './code-sequence.ts';
import { descendants } from './content-item.ts';
import type { ContentItem, ImageReference, NumItem } from './content-item.ts';
import { readContentTree } from './content-item-reader.ts';

/** What a report or a segmentation says, ours or another's, as plain JSON. Unknown parts are null or empty. */
export interface ReadFindings {
  readonly kind: 'report' | 'segmentation' | 'other';
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly title: CodedConcept | null;
  readonly completion: string | null;
  readonly verification: string | null;
  readonly preliminary: string | null;
  readonly algorithm: { readonly name: string; readonly version: string | null } | null;
  readonly procedures: readonly CodedConcept[];
  /** (111017, DCM) when the report has one. */
  readonly processingSummary: CodedConcept | null;
  readonly comments: readonly string[];
  readonly findings: readonly ReadFinding[];
  /** Statements outside the groups. */
  readonly evaluations: readonly ReadEvaluation[];
  readonly segments: readonly ReadSegment[];
}

export interface ReadFinding {
  readonly trackingId: string | null;
  readonly trackingUid: string | null;
  readonly finding: CodedConcept | null;
  readonly category: CodedConcept | null;
  readonly sites: readonly { readonly site: CodedConcept; readonly laterality: CodedConcept | null }[];
  /** False when the group says that the finding is absent. */
  readonly present: boolean;
  readonly measurements: readonly ReadMeasurement[];
  readonly evaluations: readonly ReadEvaluation[];
  readonly regions: readonly ReadRegion[];
  readonly images: readonly ImageReference[];
}

export interface ReadMeasurement {
  readonly concept: CodedConcept | null;
  readonly value: number | null;
  readonly unit: CodedConcept | null;
  readonly derivation: CodedConcept | null;
  readonly method: CodedConcept | null;
  /** Why there is no value. */
  readonly qualifier: CodedConcept | null;
}

export interface ReadEvaluation {
  readonly concept: CodedConcept | null;
  readonly value: CodedConcept | string;
}

export type ReadRegion =
  | { readonly kind: '2d'; readonly graphicType: string; readonly points: readonly number[]; readonly image: ImageReference | null }
  | { readonly kind: '3d'; readonly graphicType: string; readonly points: readonly number[]; readonly frameOfReferenceUid: string }
  | { readonly kind: 'segment'; readonly image: ImageReference };

export interface ReadSegment {
  readonly number: number | null;
  readonly label: string;
  readonly category: CodedConcept | null;
  readonly property: CodedConcept | null;
  readonly trackingId: string | null;
  readonly trackingUid: string | null;
  readonly algorithm: string | null;
  /** Frames that show it. */
  readonly frames: number;
}

const absent = new Set(['SCT 272519000', 'SCT 2667000']);
const structural = new Set(['DCM 112039', 'DCM 112040', 'SCT 276214006', 'DCM 121071', 'SCT 363698007', 'NCIt C67447', 'DCM 130400', 'SCT 370129005', 'DCM 111000', 'DCM 111001', 'DCM 111002', 'DCM 111003', 'DCM 122405']);

/**
 * Reads findings back. Concepts are matched by scheme and value, never by meaning; codes of SNOMED's retired SRT form are taken for what they
 * replace. Groups with one tracking UID become one finding. Throws nothing: a document of another kind has no findings.
 */
export function readFindings(dataSet: DataSet): ReadFindings {
  const sopClassUid = dataSet.string(tags.SOPClassUID) ?? '';
  const isSegmentation = sopClassUid.startsWith('1.2.840.10008.5.1.4.1.1.66');
  const isReport = !isSegmentation && dataSet.string(tags.ValueType) === 'CONTAINER';
  const root = isReport ? readContentTree(dataSet) : undefined;
  return {
    kind: isSegmentation ? 'segmentation' : isReport ? 'report' : 'other',
    sopClassUid,
    sopInstanceUid: dataSet.string(tags.SOPInstanceUID) ?? '',
    studyInstanceUid: dataSet.string(tags.StudyInstanceUID) ?? '',
    title: root?.concept ?? null,
    completion: dataSet.string(tags.CompletionFlag) ?? null,
    verification: dataSet.string(tags.VerificationFlag) ?? null,
    preliminary: dataSet.string(tags.PreliminaryFlag) ?? null,
    algorithm: root === undefined ? null : algorithmOf(root),
    ...readTree(root),
    segments: isSegmentation ? readSegments(dataSet) : [],
  };
}

function readTree(root: ContentItem | undefined): Pick<ReadFindings, 'procedures' | 'processingSummary' | 'comments' | 'findings' | 'evaluations'> {
  if (root === undefined) return { procedures: [], processingSummary: null, comments: [], findings: [], evaluations: [] };
  const statements = root.children.filter((child) => ['UMLS C0034375', 'DCM C0034375'].includes(key(child.concept))).flatMap((child) => child.children);
  return {
    procedures: codesOf(root, 'DCM 121058'),
    processingSummary: codesOf({ children: statements }, 'DCM 111017')[0] ?? null,
    comments: statements.flatMap((item) => (item.valueType === 'TEXT' && key(item.concept) === 'DCM 121106' ? [item.text] : [])),
    findings: mergeByTracking([...descendants(root)].filter((item) => item.valueType === 'CONTAINER' && key(item.concept) === 'DCM 125007' && !isRegionAlone(item)).map(readGroup)),
    evaluations: statements.filter((item) => !['DCM 111017', 'DCM 121106'].includes(key(item.concept))).flatMap(evaluationOf),
  };
}

/** A group that leads to a segment and attempted nothing in it is no finding: we write one for each region that outlines none. */
function isRegionAlone(group: ContentItem): boolean {
  const numbers = group.children.filter((child) => child.valueType === 'NUM');
  return numbers.length > 0 && numbers.every(({ value, qualifier }) => value === null && key(qualifier) === 'DCM 114007') && group.children.some((child) => key(child.concept) === 'DCM 121191');
}

function readGroup(group: ContentItem): ReadFinding {
  const evaluations = group.children.filter((child) => !structural.has(key(child.concept)) && child.relationship !== 'HAS OBS CONTEXT').flatMap(evaluationOf);
  return {
    trackingId: textOf(group, 'DCM 112039'),
    trackingUid: textOf(group, 'DCM 112040'),
    finding: codesOf(group, 'DCM 121071')[0] ?? null,
    category: codesOf(group, 'SCT 276214006')[0] ?? null,
    sites: group.children.flatMap((child) =>
      child.valueType === 'CODE' && key(child.concept) === 'SCT 363698007' && child.code !== null ? [{ site: child.code, laterality: codesOf(child, 'SCT 272741003')[0] ?? null }] : [],
    ),
    present: !evaluations.some(({ value }) => typeof value !== 'string' && absent.has(key(value))),
    measurements: group.children.filter((child) => child.valueType === 'NUM').map(measurementOf),
    evaluations,
    regions: group.children.flatMap(regionsOf),
    images: group.children.flatMap((child) => (child.valueType === 'IMAGE' && child.reference !== null && child.reference.segments.length === 0 ? [child.reference] : [])),
  };
}

function mergeByTracking(groups: readonly ReadFinding[]): readonly ReadFinding[] {
  const merged: ReadFinding[] = [];
  for (const group of groups) {
    const index = merged.findIndex((other) => other.trackingUid !== null && other.trackingUid === group.trackingUid);
    const known = merged[index];
    if (known === undefined) merged.push(group);
    else merged[index] = join(known, group);
  }
  return merged;
}

function join(a: ReadFinding, b: ReadFinding): ReadFinding {
  return {
    trackingId: a.trackingId ?? b.trackingId,
    trackingUid: a.trackingUid,
    finding: a.finding ?? b.finding,
    category: a.category ?? b.category,
    sites: distinct([...a.sites, ...b.sites]),
    present: a.present && b.present,
    measurements: distinct([...a.measurements, ...b.measurements]),
    evaluations: distinct([...a.evaluations, ...b.evaluations]),
    regions: distinct([...a.regions, ...b.regions]),
    images: distinct([...a.images, ...b.images]),
  };
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

function measurementOf(item: NumItem): ReadMeasurement {
  const value = item.value === null ? Number.NaN : Number(item.value);
  return {
    concept: item.concept,
    value: Number.isFinite(value) ? value : null,
    unit: item.unit,
    derivation: codesOf(item, 'DCM 121401')[0] ?? null,
    method: codesOf(item, 'SCT 370129005')[0] ?? null,
    qualifier: item.qualifier,
  };
}

function evaluationOf(item: ContentItem): readonly ReadEvaluation[] {
  if (item.valueType === 'CODE' && item.code !== null) return [{ concept: item.concept, value: item.code }];
  return item.valueType === 'TEXT' ? [{ concept: item.concept, value: item.text }] : [];
}

/** Regions of a group, also those that hang below a NUM (TID 300, INFERRED FROM). */
function regionsOf(item: ContentItem): readonly ReadRegion[] {
  if (item.valueType === 'SCOORD') {
    const from = item.children.find((child) => child.valueType === 'IMAGE');
    const image = from?.valueType === 'IMAGE' ? from.reference : null;
    return [{ kind: '2d', graphicType: item.graphicType, points: item.points, image }];
  }
  if (item.valueType === 'SCOORD3D') {
    return [{ kind: '3d', graphicType: item.graphicType, points: item.points, frameOfReferenceUid: item.frameOfReferenceUid }];
  }
  if (item.valueType === 'IMAGE') {
    return item.reference !== null && item.reference.segments.length > 0 ? [{ kind: 'segment', image: item.reference }] : [];
  }
  return item.valueType === 'NUM' ? item.children.flatMap(regionsOf) : [];
}

function readSegments(dataSet: DataSet): readonly ReadSegment[] {
  const frames = new Map<number, number>();
  const shared = dataSet.items(tags.SharedFunctionalGroupsSequence)[0]?.items(tags.SegmentIdentificationSequence)[0]?.number(tags.ReferencedSegmentNumber);
  for (const frame of dataSet.items(tags.PerFrameFunctionalGroupsSequence)) {
    const number = frame.items(tags.SegmentIdentificationSequence)[0]?.number(tags.ReferencedSegmentNumber) ?? shared;
    if (number !== undefined) frames.set(number, (frames.get(number) ?? 0) + 1);
  }
  return dataSet.items(tags.SegmentSequence).map((segment) => {
    const number = segment.number(tags.SegmentNumber) ?? null;
    return {
      number,
      label: segment.string(tags.SegmentLabel) ?? '',
      category: readCode(segment.items(tags.SegmentedPropertyCategoryCodeSequence)[0]) ?? null,
      property: readCode(segment.items(tags.SegmentedPropertyTypeCodeSequence)[0]) ?? null,
      trackingId: segment.string(tags.TrackingID) ?? null,
      trackingUid: segment.string(tags.TrackingUID) ?? null,
      algorithm: segment.string(tags.SegmentAlgorithmName) ?? null,
      frames: number === null ? 0 : (frames.get(number) ?? 0),
    };
  });
}

function algorithmOf(root: ContentItem): ReadFindings['algorithm'] {
  for (const item of descendants(root)) {
    const name = textOf(item, 'DCM 111001');
    if (name !== null) return { name, version: textOf(item, 'DCM 111003') };
  }
  const model = textOf(root, 'DCM 121015');
  return model === null ? null : { name: model, version: null };
}

function codesOf(item: Pick<ContentItem, 'children'>, concept: string): readonly CodedConcept[] {
  return item.children.flatMap((child) => (child.valueType === 'CODE' && key(child.concept) === concept && child.code !== null ? [child.code] : []));
}

function textOf(item: ContentItem, concept: string): string | null {
  const child = item.children.find((candidate) => key(candidate.concept) === concept);
  return child !== undefined && 'text' in child ? child.text : null;
}

/** Structural concepts that older products write in SNOMED-RT. */
const replaced: Readonly<Record<string, string>> = {
  'G-C0E3': 'SCT 363698007', 'G-C171': 'SCT 272741003', 'G-C036': 'SCT 370129005', 'G-0339': 'DCM 121401',
};

function key(concept: CodedConcept | null): string {
  if (concept === null) return '';
  const modern = ['SRT', 'SNM3', '99SDM'].includes(concept.scheme) ? replaced[concept.value] : undefined;
  return modern ?? `${concept.scheme} ${concept.value}`;
}
