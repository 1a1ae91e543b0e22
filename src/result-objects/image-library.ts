import { concept } from '../domain/codes/concepts.ts';
import { decimalString } from '../standards/dicom/element.ts';
import { codeValue, container, imageValue, uidValue } from './content-item.ts';
import type { ContainerItem, ContentItem, NumItem } from './content-item.ts';
import type { CodedConcept } from '../domain/coded-concept.ts';
import { analysisHeader } from './common-modules.ts';
import type { StructuredReportRequest } from './report-request.ts';
import { frameGeometry } from './source-geometry.ts';

const modalityMeanings: Readonly<Record<string, string>> = {
  CT: 'Computed Tomography',
  MR: 'Magnetic Resonance',
  DX: 'Digital Radiography',
  CR: 'Computed Radiography',
  MG: 'Mammography',
  OP: 'Ophthalmic Photography',
};

/** TID 1600: one group with all analysed images, each once, and what they have in common (TID 1602, 1604). */
export function imageLibrary(request: StructuredReportRequest): ContainerItem {
  const { analysis } = request;
  const images = new Map(analysis.source.images.map((image) => [image.sopInstanceUid, image]));
  const entries = [...images.values()].map((image) =>
    imageValue('CONTAINS', null, { sopClassUid: image.sopClassUid, sopInstanceUid: image.sopInstanceUid, frames: [], segments: [] }),
  );
  return container('CONTAINS', concept('image-library'), '1600', [
    container('CONTAINS', concept('image-library-group'), '', [...acquisitionContext(request), ...entries]),
  ]);
}

function acquisitionContext({ analysis, context }: StructuredReportRequest): readonly ContentItem[] {
  const { modality, frameOfReferenceUid, images } = analysis.source;
  const meaning = modalityMeanings[modality] ?? modality;
  const spacing = frameGeometry(analysisHeader(analysis, context), images[0]?.frame ?? null).pixelSpacing;
  const [betweenRows, betweenColumns] = spacing?.map(Number) ?? [];
  return [
    codeValue('HAS ACQ CONTEXT', concept('img-modality'), { scheme: 'DCM', value: modality, meaning }),
    ...(frameOfReferenceUid === null ? [] : [uidValue('HAS ACQ CONTEXT', concept('img-for-uid'), frameOfReferenceUid)]),
    ...(betweenColumns === undefined ? [] : [millimetres(concept('img-hpix'), betweenColumns)]),
    ...(betweenRows === undefined ? [] : [millimetres(concept('img-vpix'), betweenRows)]),
  ];
}

function millimetres(name: CodedConcept, value: number): NumItem {
  return {
    valueType: 'NUM',
    relationship: 'HAS ACQ CONTEXT',
    concept: name,
    value: decimalString(value),
    unit: concept('unit-mm'),
    qualifier: null,
    children: [],
  };
}
