import { createHash } from 'node:crypto';
import type { Analysis } from '../../domain/findings.ts';
import { buildFhirBundle, storedResources } from '../../result-objects/fhir-bundle.ts';
import type { FhirOptions } from '../../result-objects/fhir-request.ts';
import { buildOruMessage, type OruRequest } from '../../result-objects/oru-message.ts';
import type { ResultContext } from '../../result-objects/result-context.ts';
import { resultIdentity, type ResultRole } from '../../result-objects/result-uids.ts';
import { buildSegmentation } from '../../result-objects/segmentation.ts';
import { buildStructuredReport } from '../../result-objects/structured-report.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { writeDataSet } from '../../standards/dicom/data-set-writer.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import type { Resource, TransactionBundle } from '../../standards/fhir/resources.ts';
import { withdrawFindings } from './withdraw-findings.ts';

export interface BuiltDicom {
  readonly role: ResultRole;
  readonly dataSet: DataSet;
  /** The data set in Explicit VR Little Endian, without File Meta Information. */
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
}

export interface BuiltResults {
  /** In the order in which they should reach a viewer: what others refer to comes first. */
  readonly dicom: readonly BuiltDicom[];
  readonly documents: readonly BuiltDocument[];
  /** The resources of the transaction as the read API serves them. */
  readonly resources: readonly Resource[];
}

/** A result that is no DICOM object. */
export interface BuiltDocument {
  readonly role: 'fhir-bundle' | 'hl7-oru';
  readonly mediaType: 'application/fhir+json' | 'application/hl7-v2';
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

export interface ResultOptions {
  readonly fhir: FhirOptions;
  /** Also as ORU^R01: some destination of the job takes it. */
  readonly hl7: boolean;
  /** The FHIR transaction of the run that this one supersedes. */
  readonly previous: TransactionBundle | null;
}

/** SR, SEG (when a segment has pixels), FHIR transaction and ORU of one run. Pure: the same input gives the same bytes. */
export function buildResults(analysis: Analysis, context: ResultContext, options: ResultOptions): BuiltResults {
  const report = resultIdentity(analysis, 'structured-report', context.revision);
  const outlined = resultIdentity(analysis, 'segmentation', context.revision);
  const segmentation = buildSegmentation({ analysis, context, identity: outlined });
  const drawn = segmentation === undefined ? null : outlined;
  const document = buildStructuredReport({ analysis, context, identity: report, segmentation: drawn, profile: 'air34' });
  const bundle = withdrawFindings(buildFhirBundle({ analysis, context, report, segmentation: drawn, options: options.fhir }), options.previous);
  return {
    dicom: [...(segmentation === undefined ? [] : [encoded('segmentation', segmentation)]), encoded('structured-report', document)],
    documents: [
      written('fhir-bundle', 'application/fhir+json', JSON.stringify(bundle)),
      ...(options.hl7 ? [written('hl7-oru', 'application/hl7-v2', buildOruMessage({ analysis, context, report, routing: routingOf(context) }))] : []),
    ],
    resources: storedResources(bundle),
  };
}

function encoded(role: ResultRole, dataSet: DataSet): BuiltDicom {
  const bytes = writeDataSet(dataSet, explicitLittleEndian);
  const uid = (tag: number): string => dataSet.string(tag) ?? '';
  return {
    role,
    dataSet,
    bytes,
    sha256: sha256(bytes),
    sopClassUid: uid(tags.SOPClassUID),
    sopInstanceUid: uid(tags.SOPInstanceUID),
    seriesInstanceUid: uid(tags.SeriesInstanceUID),
    transferSyntaxUid: explicitLittleEndian,
  };
}

/** The message is made once for all its destinations, so it names no receiver (MSH-5 and MSH-6 are optional). */
function routingOf(context: ResultContext): OruRequest['routing'] {
  return { sendingApplication: 'ISOCENTER', sendingFacility: context.gateway.institutionName, receivingApplication: '', receivingFacility: '', processingId: 'P' };
}

function written(role: BuiltDocument['role'], mediaType: BuiltDocument['mediaType'], text: string): BuiltDocument {
  const bytes = Buffer.from(text, 'utf8');
  return { role, mediaType, bytes, sha256: sha256(bytes) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
