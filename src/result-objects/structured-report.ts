import { concept } from '../domain/codes/concepts.ts';
import type { Analysis } from '../domain/findings.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import type { Element } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { deviceObserver } from './algorithm-items.ts';
import { clipped } from './clipped.ts';
import { codeSequence, readCode } from './code-sequence.ts';
import { analysisHeader, commonModules } from './common-modules.ts';
import { codeValue, container } from './content-item.ts';
import type { ContainerItem } from './content-item.ts';
import { writeContentItem } from './content-item-writer.ts';
import { dicomMoment, offsetMinutes } from './dicom-time.ts';
import { isEmptyMask } from './bit-packing.ts';
import { evidenceItems, referencedSopItem, sourceEvidence } from './evidence.ts';
import { imageLibrary } from './image-library.ts';
import { absentTargetGroups, findingGroups, regionGroups, studyGroup } from './measurement-groups.ts';
import { qualitativeEvaluations } from './qualitative-evaluations.ts';
import type { ReportProfile, StructuredReportRequest } from './report-request.ts';
import { segmentationStorage } from './segmentation.ts';

export const comprehensive3DSr = '1.2.840.10008.5.1.4.1.1.88.34';
export const comprehensiveSr = '1.2.840.10008.5.1.4.1.1.88.33';

const sopClassOf: Readonly<Record<ReportProfile, string>> = { air34: comprehensive3DSr, compat33: comprehensiveSr };

/**
 * One run of one model as a Structured Report on TID 1500 Measurement Report (PS3.16; IHE AIR §6.5.3). Always PRELIMINARY and UNVERIFIED: a
 * person's sign-off is another document. Written for every outcome, also when nothing was found or nothing could be analysed.
 * The same request gives the same data set.
 */
export function buildStructuredReport(request: StructuredReportRequest): DataSet {
  const { analysis, context, identity, profile } = request;
  const root = reportTree(request);
  return DataSet.of([
    ...commonModules({ analysis, context, identity, sopClassUid: sopClassOf[profile], modality: 'SR', title: 'AI findings' }),
    ...documentState(analysis),
    ...references(request),
    sequence(tags.AuthorObserverSequence, authorObserver(request)),
    ...writeContentItem(root),
  ]);
}

/** The content tree of TID 1500. */
export function reportTree(request: StructuredReportRequest): ContainerItem {
  const { analysis, context } = request;
  const minutes = offsetMinutes(analysisHeader(analysis, context), context.times);
  const observedAt = dicomMoment(context.times.finishedAt, minutes).dateTime;
  const groups = [
    ...analysis.findings.flatMap((finding) => findingGroups(finding, request, observedAt)),
    ...regionGroups(request, observedAt),
    ...studyGroup(request, observedAt),
    ...absentTargetGroups(request, observedAt),
  ];
  return container(null, concept('imaging-measurement-report'), '1500', [
    codeValue('HAS CONCEPT MOD', concept('language-of-content'), concept('lang-en-us')),
    ...deviceObserver(analysis.model),
    codeValue('HAS CONCEPT MOD', concept('procedure-reported'), analysis.model.procedure),
    imageLibrary(request),
    // Only with a group in it: older OHIF reads its children without looking.
    ...(groups.length > 0 ? [container('CONTAINS', concept('imaging-measurements'), '', groups)] : []),
    qualitativeEvaluations(request),
  ]);
}

/** SR Document General module, PS3.3 §C.17.2. */
function documentState({ outcome, summary }: Analysis): readonly Element[] {
  const complete = outcome === 'findings' || outcome === 'no-findings';
  return [
    element(tags.CompletionFlag, 'CS', complete ? 'COMPLETE' : 'PARTIAL'),
    ...(complete ? [] : [element(tags.CompletionFlagDescription, 'LO', clipped(summary, 64))]),
    element(tags.VerificationFlag, 'CS', 'UNVERIFIED'),
    element(tags.PreliminaryFlag, 'CS', 'PRELIMINARY'),
    sequence(tags.PerformedProcedureCodeSequence),
    sequence(tags.ReferencedPerformedProcedureStepSequence),
  ];
}

function references(request: StructuredReportRequest): readonly Element[] {
  const { analysis, context, segmentation } = request;
  const { studyInstanceUid } = analysis.source;
  const evidence = [...sourceEvidence(analysis)];
  if (segmentation !== null && refersToSegment(analysis)) {
    evidence.push({ ...segmentation, studyInstanceUid, sopClassUid: segmentationStorage });
  }
  const predecessor = context.predecessor;
  return [
    sequence(tags.CurrentRequestedProcedureEvidenceSequence, ...evidenceItems(evidence)),
    ...(predecessor === null ? [] : [sequence(tags.PredecessorDocumentsSequence, ...evidenceItems([{ ...predecessor, studyInstanceUid }]))]),
    ...referencedRequest(request),
  ];
}

/** PS3.3 table C.17-2: type 1C when the report answers a requested procedure, so when the source names one. */
export function referencedRequest({ analysis, context }: Pick<StructuredReportRequest, 'analysis' | 'context'>): readonly Element[] {
  const source = analysisHeader(analysis, context);
  const requested = source.items(tags.RequestAttributesSequence)[0] ?? DataSet.empty;
  const accession = source.strings(tags.AccessionNumber);
  const requestId = requested.strings(tags.RequestedProcedureID);
  if (accession.length === 0 && requestId.length === 0) return [];
  const issuer = source.get(tags.IssuerOfAccessionNumberSequence);
  const study = source.items(tags.ReferencedStudySequence)[0];
  const studyClass = study?.string(tags.ReferencedSOPClassUID);
  const studyInstance = study?.string(tags.ReferencedSOPInstanceUID);
  const item = DataSet.of([
    element(tags.StudyInstanceUID, 'UI', analysis.source.studyInstanceUid),
    sequence(tags.ReferencedStudySequence, ...(studyClass && studyInstance ? [referencedSopItem(studyClass, studyInstance)] : [])),
    element(tags.AccessionNumber, 'SH', ...accession),
    ...(issuer === undefined ? [] : [issuer]),
    element(tags.PlacerOrderNumberImagingServiceRequest, 'LO'),
    element(tags.FillerOrderNumberImagingServiceRequest, 'LO'),
    element(tags.RequestedProcedureID, 'SH', ...requestId),
    element(tags.RequestedProcedureDescription, 'LO', ...requested.strings(tags.RequestedProcedureDescription)),
    codeSequence(tags.RequestedProcedureCodeSequence, ...requested.items(tags.RequestedProcedureCodeSequence).flatMap((code) => readCode(code) ?? [])),
  ]);
  return [sequence(tags.ReferencedRequestSequence, item)];
}

/** The algorithm as author (PS3.3 §C.17.2, Identified Person or Device macro). */
function authorObserver({ analysis, context }: StructuredReportRequest): DataSet {
  const { model } = analysis;
  return DataSet.of([
    element(tags.ObserverType, 'CS', 'DEV'),
    element(tags.DeviceUID, 'UI', model.deviceUid),
    element(tags.Manufacturer, 'LO', clipped(model.manufacturer, 64)),
    element(tags.ManufacturerModelName, 'LO', clipped(model.name, 64)),
    element(tags.StationName, 'SH', clipped(context.gateway.stationName, 16)),
    element(tags.InstitutionName, 'LO', clipped(context.gateway.institutionName, 64)),
    sequence(tags.InstitutionCodeSequence),
  ]);
}

/** A finding names its segment, or a segment that outlines no finding has a group of its own. */
function refersToSegment({ findings, segments }: Analysis): boolean {
  const owned = new Set(findings.map((finding) => finding.segmentNumber));
  return findings.some((finding) => finding.segmentNumber !== null) || segments.some((segment) => !owned.has(segment.number) && !segment.frames.every(({ mask }) => isEmptyMask(mask)));
}
