import { createHash } from 'node:crypto';
import type { Analysis } from '../../domain/findings.ts';
import { forms as allForms, type Form } from '../../domain/ladder.ts';
import { isEmptyMask } from '../../result-objects/bit-packing.ts';
import { buildEncapsulatedPdf } from '../../result-objects/encapsulated-pdf.ts';
import { buildFhirBundle, storedResources } from '../../result-objects/fhir-bundle.ts';
import type { FhirOptions } from '../../result-objects/fhir-request.ts';
import { buildKeyObjectSelection, keyImages } from '../../result-objects/key-object-selection.ts';
import { buildOruMessage, type OruRequest } from '../../result-objects/oru-message.ts';
import { buildPresentationState } from '../../result-objects/presentation-state.ts';
import type { ObjectIdentity, ResultContext } from '../../result-objects/result-context.ts';
import { roleOfForm } from '../../result-objects/result-forms.ts';
import { resultIdentity, type ResultRole } from '../../result-objects/result-uids.ts';
import { buildSecondaryCapture, type PicturedRequest } from '../../result-objects/secondary-capture.ts';
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
  /** Kept for the case that a destination refuses a better form; no part of the study. */
  readonly spare: boolean;
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
  /** Forms of the ladder that some destination gets, beside SR and SEG which are always made. */
  readonly forms?: ReadonlySet<Form>;
  /** Forms that are kept for the case that a better one is refused. */
  readonly spares?: ReadonlySet<Form>;
  /** For picture and document; without it they are not made. */
  readonly pictured?: Pick<PicturedRequest, 'typeface' | 'images'> | null;
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
    dicom: [
      ...(segmentation === undefined ? [] : [encoded('segmentation', segmentation)]),
      encoded('structured-report', document),
      ...renditions({ analysis, context, segmentation: drawn }, options),
    ],
    documents: [
      written('fhir-bundle', 'application/fhir+json', JSON.stringify(bundle)),
      ...(options.hl7 ? [written('hl7-oru', 'application/hl7-v2', buildOruMessage({ analysis, context, report, routing: routingOf(context) }))] : []),
    ],
    resources: storedResources(bundle),
  };
}

/** Forms that this run has at all: without a drawing there is no presentation state, without a finding no key object. */
export function availableForms(analysis: Analysis, context: ResultContext, pictured: boolean): ReadonlySet<Form> {
  const has = (form: Form, there: boolean): readonly Form[] => (there ? [form] : []);
  const identity = resultIdentity(analysis, 'presentation-state', context.revision);
  return new Set<Form>([
    'sr3d', 'sr',
    ...has('seg', analysis.segments.some((segment) => segment.frames.some(({ mask }) => !isEmptyMask(mask)))),
    ...has('gsps', buildPresentationState({ analysis, context, identity }) !== undefined),
    ...has('ko', keyImages(analysis).length > 0),
    ...has('sc', pictured),
    ...has('pdf', pictured),
  ]);
}

/** What goes beside SR and SEG, once however many destinations get it. */
function renditions(run: { analysis: Analysis; context: ResultContext; segmentation: ObjectIdentity | null }, { forms = new Set(), spares = new Set(), pictured = null }: ResultOptions): readonly BuiltDicom[] {
  const { analysis, context } = run;
  const make = (form: Form): DataSet | undefined => {
    const identity = resultIdentity(analysis, roleOfForm[form], context.revision);
    const request = { analysis, context, identity };
    if (form === 'sr') return buildStructuredReport({ ...request, segmentation: run.segmentation, profile: 'compat33' });
    if (form === 'gsps') return buildPresentationState(request);
    if (form === 'ko') return buildKeyObjectSelection(request);
    if (pictured === null) return undefined;
    if (form === 'sc') return buildSecondaryCapture({ ...request, ...pictured });
    return form === 'pdf' ? buildEncapsulatedPdf({ ...request, ...pictured }) : undefined;
  };
  return allForms.flatMap((form) => {
    if (form === 'sr3d' || form === 'seg' || !(forms.has(form) || spares.has(form))) return [];
    const made = make(form);
    return made === undefined ? [] : [encoded(roleOfForm[form], made, !forms.has(form))];
  });
}

function encoded(role: ResultRole, dataSet: DataSet, spare = false): BuiltDicom {
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
    spare,
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
