import { createHash } from 'node:crypto';
import type { Analysis } from '../../domain/findings.ts';
import { buildFhirBundle, storedResources } from '../../result-objects/fhir-bundle.ts';
import type { FhirOptions } from '../../result-objects/fhir-request.ts';
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
  readonly bundle: { readonly bytes: Uint8Array; readonly sha256: string; readonly resources: readonly Resource[] };
}

/**
 * SR, SEG (when a segment has pixels) and FHIR transaction of one run. Pure: the same input gives the same bytes.
 *
 * @param previous the FHIR transaction of the run that this one supersedes
 */
export function buildResults(analysis: Analysis, context: ResultContext, options: FhirOptions, previous: TransactionBundle | null = null): BuiltResults {
  const report = resultIdentity(analysis, 'structured-report', context.revision);
  const outlined = resultIdentity(analysis, 'segmentation', context.revision);
  const segmentation = buildSegmentation({ analysis, context, identity: outlined });
  const drawn = segmentation === undefined ? null : outlined;
  const document = buildStructuredReport({ analysis, context, identity: report, segmentation: drawn, profile: 'air34' });
  const bundle = withdrawFindings(buildFhirBundle({ analysis, context, report, segmentation: drawn, options }), previous);
  const bytes = Buffer.from(JSON.stringify(bundle), 'utf8');
  return {
    dicom: [...(segmentation === undefined ? [] : [encoded('segmentation', segmentation)]), encoded('structured-report', document)],
    bundle: { bytes, sha256: sha256(bytes), resources: storedResources(bundle) },
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

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
