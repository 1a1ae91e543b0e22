import { concept } from '../domain/codes/concepts.ts';
import { DataSet } from '../standards/dicom/data-set.ts';
import { element, sequence } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';
import { clipped } from './clipped.ts';
import { codeSequence } from './code-sequence.ts';
import { commonModules } from './common-modules.ts';
import { maxKeyImages } from './drawing/key-image.ts';
import { reportPdf } from './report-pdf.ts';
import { sourceReference } from './report-request.ts';
import type { PicturedRequest } from './secondary-capture.ts';

export const encapsulatedPdfStorage = '1.2.840.10008.5.1.4.1.1.104.1';

/** The report as Encapsulated PDF (PS3.3 §A.45.1, §C.24): for people, last rung of the ladder. Always possible, images or not. */
export function buildEncapsulatedPdf(request: PicturedRequest): DataSet {
  const { analysis, context, identity } = request;
  const pdf = reportPdf(request);
  // PS3.5 §7.1.1: even length; the true one stands beside it.
  const padded = pdf.length % 2 === 0 ? pdf : Buffer.concat([pdf, Buffer.alloc(1)]);
  const shown = request.images.slice(0, maxKeyImages).map(({ imageIndex }) => sourceReference(analysis, imageIndex));
  return DataSet.of([
    ...commonModules({ analysis, context, identity, sopClassUid: encapsulatedPdfStorage, modality: 'DOC', title: 'AI report' }),
    element(tags.ConversionType, 'CS', 'WSD'),
    element(tags.AcquisitionDateTime, 'DT'),
    element(tags.BurnedInAnnotation, 'CS', 'YES'),
    element(tags.DocumentTitle, 'ST', clipped(`AI report: ${analysis.model.procedure.meaning}`, 1024)),
    codeSequence(tags.ConceptNameCodeSequence, concept('doc-diagnostic-imaging')),
    ...(shown.length === 0 ? [] : [sequence(tags.SourceInstanceSequence, ...shown.map(({ sopClassUid, sopInstanceUid }) =>
      DataSet.of([element(tags.ReferencedSOPClassUID, 'UI', sopClassUid), element(tags.ReferencedSOPInstanceUID, 'UI', sopInstanceUid)])))]),
    element(tags.MIMETypeOfEncapsulatedDocument, 'LO', 'application/pdf'),
    element(tags.EncapsulatedDocument, 'OB', padded),
    element(tags.EncapsulatedDocumentLength, 'UL', pdf.length),
  ]);
}
