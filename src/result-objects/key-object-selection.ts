import { concept } from '../domain/codes/concepts.ts';
import type { Analysis } from '../domain/findings.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import { sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { deviceObserver } from './algorithm-items.ts';
import { commonModules } from './common-modules.ts';
import { container, imageValue, textValue } from './content-item.ts';
import { writeContentItem } from './content-item-writer.ts';
import { disclosure } from './disclosure.ts';
import { evidenceItems } from './evidence.ts';
import { sourceReference } from './report-request.ts';
import type { ObjectIdentity, ResultContext } from './result-context.ts';
import { referencedRequest } from './structured-report.ts';

export const keyObjectSelection = '1.2.840.10008.5.1.4.1.1.88.59';

export interface RenditionRequest {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  readonly identity: ObjectIdentity;
}

/**
 * The key image of each finding as a Key Object Selection titled (113000, DCM, "Of Interest"), TID 2010 (PS3.16, PS3.3 §A.35.4): flags images
 * in a PACS that reads nothing else. Undefined when no finding names an image.
 */
export function buildKeyObjectSelection({ analysis, context, identity }: RenditionRequest): DataSet | undefined {
  const indices = keyImages(analysis);
  if (indices.length === 0) return undefined;
  const references = indices.map((index) => sourceReference(analysis, index));
  const root = container(null, concept('ko-of-interest'), '2010', [
    ...deviceObserver(analysis.model),
    textValue('CONTAINS', concept('ko-description'), `${disclosure(analysis.model)}. ${analysis.summary}`),
    ...references.map((reference) => imageValue('CONTAINS', null, reference)),
  ]);
  const evidence = references.map(({ sopClassUid, sopInstanceUid }) => ({ ...analysis.source, sopClassUid, sopInstanceUid }));
  return DataSet.of([
    ...commonModules({ analysis, context, identity, sopClassUid: keyObjectSelection, modality: 'KO', title: 'AI key images' }),
    sequence(tags.ReferencedPerformedProcedureStepSequence),
    sequence(tags.CurrentRequestedProcedureEvidenceSequence, ...evidenceItems(evidence)),
    ...referencedRequest({ analysis, context }),
    ...writeContentItem(root),
  ]);
}

/** First image of each finding, in image order, each once. */
export function keyImages({ findings }: Analysis): readonly number[] {
  const first = findings.flatMap((finding) => finding.imageIndices[0] ?? finding.shapes[0]?.imageIndex ?? []);
  return [...new Set(first)].sort((a, b) => a - b);
}
