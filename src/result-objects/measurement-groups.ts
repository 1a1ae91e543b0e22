import { concept } from '../domain/codes/concepts.ts';
import type { CodedConcept } from '../domain/coded-concept.ts';
import type { Evaluation, Finding, FindingSite, Measurement } from '../domain/findings.ts';
import { algorithmIdentification } from './algorithm-items.ts';
import { codeValue, container, imageValue, textValue, uidValue } from './content-item.ts';
import type { ContainerItem, ContentItem } from './content-item.ts';
import { isEmptyMask } from './bit-packing.ts';
import { imageRegion } from './image-region.ts';
import { evaluationItems, measurementItem, probabilityMeasurement } from './measurement-items.ts';
import { sourceReference } from './report-request.ts';
import type { StructuredReportRequest } from './report-request.ts';
import { observationUid as derivedObservationUid, findingObservationUid, targetKey, targetTrackingUid } from './result-uids.ts';
import { segmentationStorage } from './segmentation.ts';

/** Image references of a group without a region; a whole CT is told by the image library, not by every group again. */
const maximumImageReferences = 8;

interface GroupParts {
  readonly template: '1410' | '1411' | '1501';
  readonly trackingId: string;
  readonly trackingUid: string;
  readonly category: CodedConcept | null;
  readonly finding: CodedConcept | null;
  readonly sites: readonly FindingSite[];
  /** Region, segment or image references. */
  readonly region: readonly ContentItem[];
  readonly measurements: readonly Measurement[];
  readonly evaluations: readonly Evaluation[];
}

/**
 * Measurement groups of one finding under its one tracking UID: a planar group (TID 1410) with what a viewer can draw, then a volumetric one
 * (TID 1411) with the segment; without either a TID 1501 group with its key images. Lengths and areas go with the drawing, the rest with
 * the segment; nothing is said twice but the probability, when the second group would hold no number (OHIF then loses the whole report).
 */
export function findingGroups(finding: Finding, request: StructuredReportRequest, observedAt: string): readonly ContainerItem[] {
  const drawn = imageRegion(finding.shapes, request);
  const segment = segmentReference(finding.segmentNumber, request);
  const probability = finding.probability === null ? [] : [probabilityMeasurement(finding.probability)];
  const identity = { trackingId: finding.trackingId, trackingUid: finding.trackingUid, category: finding.category, finding: finding.concept, sites: finding.sites };
  const all = [...finding.measurements, ...probability];
  const rest = finding.measurements.filter((measurement) => !isPlanar(measurement));

  const planar: GroupParts | undefined = drawn && {
    ...identity,
    template: '1410',
    region: drawn,
    measurements: segment === undefined ? all : all.filter((measurement) => !rest.includes(measurement)),
    evaluations: finding.evaluations,
  };
  const volumetric: GroupParts | undefined = segment && {
    ...identity,
    template: '1411',
    region: segment,
    measurements: drawn === undefined ? all : rest.length > 0 ? rest : probability,
    evaluations: drawn === undefined ? finding.evaluations : [],
  };
  const parts = [planar, volumetric].filter((group) => group !== undefined);
  if (parts.length === 0) {
    parts.push({ ...identity, template: '1501', region: imageReferences(finding.imageIndices, request), measurements: all, evaluations: finding.evaluations });
  }
  return parts.map((group, index) => measurementGroup(group, request, observedAt, index === 0));
}

/** What was looked for and not found, with the highest probability seen: a TID 1501 group (OHIF takes no group without a number). */
export function absentTargetGroups(request: StructuredReportRequest, observedAt: string): readonly ContainerItem[] {
  const { analysis } = request;
  // No probability means not analysed, which is not the same as absent.
  return analysis.targets
    .filter((target) => !target.present && target.probability !== null)
    .map((target) => {
      const key = targetKey(target);
      const parts: GroupParts = {
        template: '1501',
        trackingId: `target-${key}`,
        trackingUid: targetTrackingUid(analysis, key),
        category: null,
        finding: target.concept,
        sites: [{ site: target.site, laterality: null }],
        region: imageReferences(analysis.source.images.map((_, index) => index), request),
        measurements: [probabilityMeasurement(target.probability ?? 0)],
        evaluations: [{ id: 'presence', concept: concept('presence-concept'), value: concept('absent-dicom') }],
      };
      return measurementGroup(parts, request, observedAt);
    });
}

/**
 * Regions that outline no finding, for example the ventricles of a cine: a TID 1411 group each, so that the report leads to all of the
 * segmentation (IHE AIR, root result). What was measured in them stands in the study's group, by phase; here the volume is not attempted,
 * for a segment of a cine holds several.
 */
export function regionGroups(request: StructuredReportRequest, observedAt: string): readonly ContainerItem[] {
  const { analysis } = request;
  const owned = new Set(analysis.findings.map((finding) => finding.segmentNumber));
  return analysis.segments.flatMap((segment) => {
    const region = owned.has(segment.number) || segment.frames.every(({ mask }) => isEmptyMask(mask)) ? undefined : segmentReference(segment.number, request);
    if (region === undefined) return [];
    const volume: Measurement = { id: 'volume', concept: concept('volume'), value: null, failure: concept('num-not-attempted'), unit: concept('unit-mm3'), derivation: null, method: null };
    const { trackingId, trackingUid, category, property, anatomy } = segment;
    return [measurementGroup({ template: '1411', trackingId, trackingUid, category, finding: property, sites: anatomy === null ? [] : [anatomy], region, measurements: [volume], evaluations: [] }, request, observedAt)];
  });
}

/** Measurements that belong to the study and to no finding, for example an ejection fraction: one TID 1501 group. */
export function studyGroup(request: StructuredReportRequest, observedAt: string): readonly ContainerItem[] {
  const { analysis } = request;
  if (analysis.studyMeasurements.length === 0) return [];
  const parts: GroupParts = {
    template: '1501',
    trackingId: 'study',
    trackingUid: targetTrackingUid(analysis, 'study'),
    category: null,
    finding: null,
    sites: [],
    region: imageReferences(analysis.source.images.map((_, index) => index), request),
    measurements: analysis.studyMeasurements,
    evaluations: [],
  };
  return [measurementGroup(parts, request, observedAt)];
}

function measurementGroup(parts: GroupParts, request: StructuredReportRequest, observedAt: string, first = true): ContainerItem {
  const { analysis, context } = request;
  const uid = (...path: readonly string[]): string => derivedObservationUid(analysis, context.revision, parts.trackingUid, parts.template, ...path);
  const children: readonly ContentItem[] = [
    textValue('HAS OBS CONTEXT', concept('tracking-identifier'), parts.trackingId),
    // Before any other UIDREF: OHIF takes the first one it meets for the tracking UID.
    uidValue('HAS OBS CONTEXT', concept('tracking-uid'), parts.trackingUid),
    ...(parts.category === null ? [] : [codeValue('CONTAINS', concept('finding-category'), parts.category)]),
    ...(parts.finding === null ? [] : [codeValue('CONTAINS', concept('finding'), parts.finding)]),
    ...parts.sites.map(siteItem),
    ...algorithmIdentification(analysis.model),
    ...parts.region,
    ...parts.measurements.map((measurement) => measurementItem(measurement, analysis.model, uid(measurement.id))),
    ...parts.evaluations.flatMap((evaluation) => evaluationItems(evaluation, uid(evaluation.id))),
  ];
  // The first group of a tracking UID is the finding itself: FHIR and assessments refer to it.
  const observationUid = first ? findingObservationUid(analysis, context.revision, parts.trackingUid) : uid();
  return container('CONTAINS', concept('measurement-group'), parts.template, children, { observationUid, observedAt });
}

function siteItem({ site, laterality }: FindingSite): ContentItem {
  const side = laterality === null ? [] : [codeValue('HAS CONCEPT MOD', concept('laterality'), laterality)];
  return codeValue('HAS CONCEPT MOD', concept('finding-site'), site, { children: side });
}

/** TID 1411: the segment and the series it was made from (the template takes series or images, not both). */
function segmentReference(number: number | null, { analysis, segmentation }: StructuredReportRequest): readonly ContentItem[] | undefined {
  if (number === null || segmentation === null) return undefined;
  const reference = { sopClassUid: segmentationStorage, sopInstanceUid: segmentation.sopInstanceUid, frames: [], segments: [number] };
  return [
    imageValue('CONTAINS', concept('referenced-segment'), reference),
    uidValue('CONTAINS', concept('source-series-for-segmentation'), analysis.source.seriesInstanceUid),
  ];
}

function imageReferences(indices: readonly number[], { analysis }: StructuredReportRequest): readonly ContentItem[] {
  if (indices.length > maximumImageReferences) return [];
  return indices.map((index) => imageValue('CONTAINS', concept('source-of-measurement'), sourceReference(analysis, index)));
}

function isPlanar(measurement: Measurement): boolean {
  return measurement.unit.scheme === 'UCUM' && ['mm', 'mm2', 'cm', 'cm2'].includes(measurement.unit.value);
}

