import { concept } from '../../../src/domain/codes/concepts.ts';
import type { Analysis, Finding, Measurement, SegmentMask, SourceImage } from '../../../src/domain/findings.ts';
import { derivedUid } from '../../../src/foundation/uid.ts';
import { resultIdentity } from '../../../src/result-objects/result-uids.ts';
import type { ResultContext } from '../../../src/result-objects/result-context.ts';
import type { ReportProfile, StructuredReportRequest } from '../../../src/result-objects/report-request.ts';
import { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { element } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';

/** A small chest CT, 12 slices of 21 × 19 pixels (399: no multiple of 8), oblique by 10 degrees about x, with two nodules. */
export const rows = 21;
export const columns = 19;
const slices = 12;
const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';
const study = derivedUid('test', 'study');
const series = derivedUid('test', 'series');
const frameOfReference = derivedUid('test', 'for');

export const sourceImages: readonly SourceImage[] = Array.from({ length: slices }, (_, index) => ({
  sopClassUid: ctImageStorage,
  sopInstanceUid: derivedUid('test', 'image', String(index)),
  frame: null,
}));

/** Complete CT images with pixels: what a modality would have sent. */
export function sourceDataSets(): readonly DataSet[] {
  return sourceImages.map((image, index) => ctImage(image, index));
}

function ctImage(image: SourceImage, index: number): DataSet {
  const position = [-100.5, -80.25 - 0.434120 * index, -200 + 2.462019 * index].map((n) => String(Number(n.toFixed(6))));
  return DataSet.of([
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 192'),
    element(tags.ImageType, 'CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'),
    element(tags.SOPClassUID, 'UI', ctImageStorage),
    element(tags.SOPInstanceUID, 'UI', image.sopInstanceUid),
    element(tags.StudyDate, 'DA', '20260102'),
    element(tags.SeriesDate, 'DA', '20260102'),
    element(tags.ContentDate, 'DA', '20260102'),
    element(tags.StudyTime, 'TM', '101112'),
    element(tags.ContentTime, 'TM', '101200'),
    element(tags.AccessionNumber, 'SH', 'A-77'),
    element(tags.Modality, 'CS', 'CT'),
    element(tags.Manufacturer, 'LO', 'Phantom'),
    element(tags.ReferringPhysicianName, 'PN'),
    element(tags.StudyDescription, 'LO', 'Thorax'),
    element(tags.PatientName, 'PN', 'Müller^Jörg'),
    element(tags.PatientID, 'LO', 'P-4711'),
    element(tags.IssuerOfPatientID, 'LO', 'HOSPITAL'),
    element(tags.PatientBirthDate, 'DA', '19600102'),
    element(tags.PatientSex, 'CS', 'M'),
    element(tags.PatientAge, 'AS', '066Y'),
    element(tags.SliceThickness, 'DS', '2.5'),
    element(tags.KVP, 'DS', '120'),
    element(tags.PatientPosition, 'CS', 'HFS'),
    element(tags.StudyInstanceUID, 'UI', study),
    element(tags.SeriesInstanceUID, 'UI', series),
    element(tags.StudyID, 'SH'),
    element(tags.SeriesNumber, 'IS', '2'),
    element(tags.AcquisitionNumber, 'IS', '1'),
    element(tags.InstanceNumber, 'IS', String(index + 1)),
    element(tags.ImagePositionPatient, 'DS', ...position),
    element(tags.ImageOrientationPatient, 'DS', '1', '0', '0', '0', '0.984808', '0.173648'),
    element(tags.FrameOfReferenceUID, 'UI', frameOfReference),
    element(tags.PositionReferenceIndicator, 'LO'),
    element(tags.SamplesPerPixel, 'US', 1),
    element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.Rows, 'US', rows),
    element(tags.Columns, 'US', columns),
    element(tags.PixelSpacing, 'DS', '0.70', '0.65'),
    element(tags.BitsAllocated, 'US', 16),
    element(tags.BitsStored, 'US', 16),
    element(tags.HighBit, 'US', 15),
    element(tags.PixelRepresentation, 'US', 1),
    element(tags.RescaleIntercept, 'DS', '-1024'),
    element(tags.RescaleSlope, 'DS', '1'),
    element(tags.PixelData, 'OW', new Uint8Array(rows * columns * 2)),
  ]);
}

export const context: ResultContext = {
  headers: new Map(sourceDataSets().map((dataSet) => [dataSet.string(tags.SOPInstanceUID)!, dataSet.without(tags.PixelData)])),
  gateway: {
    manufacturer: 'isocenter project',
    modelName: 'isocenter',
    serialNumber: 'TEST-1',
    softwareVersion: '0.1.0',
    deviceUid: derivedUid('test', 'gateway'),
    stationName: 'ISOCENTER',
    institutionName: 'Test Hospital',
  },
  times: { startedAt: new Date('2026-01-02T10:20:30Z'), finishedAt: new Date('2026-01-02T10:21:00Z'), utcOffsetMinutes: 60 },
  revision: 1,
  predecessor: null,
};

export const model: Analysis['model'] = {
  id: 'ref-lung-nodule-ct',
  version: '1.0.0',
  name: 'Reference lung nodule CT',
  manufacturer: 'isocenter project',
  digest: 'ab'.repeat(32),
  deviceUid: derivedUid('test', 'model'),
  family: concept('family-artificial-intelligence'),
  parameters: ['threshold=0.5'],
  regulatoryStatus: 'No regulatory clearance; demonstration only',
  procedure: concept('proc-ct-chest'),
};

const source: Analysis['source'] = {
  studyInstanceUid: study,
  seriesInstanceUid: series,
  modality: 'CT',
  frameOfReferenceUid: frameOfReference,
  images: sourceImages,
  inputDigest: 'cd'.repeat(32),
};

function millimetres(id: string, key: 'long-axis' | 'short-axis', value: number): Measurement {
  return { id, concept: concept(key), value, failure: null, unit: concept('unit-mm'), derivation: null, method: null };
}

function nodule(number: number, slice: number): Finding {
  return {
    trackingId: `nodule-${number}`,
    trackingUid: derivedUid('test', 'nodule', String(number)),
    concept: concept('nodule'),
    category: concept('cat-morph-abnormal'),
    sites: [{ site: concept('lobe-upper'), laterality: concept('lat-right') }],
    probability: 0.91234,
    measurements: [
      millimetres('longAxis', 'long-axis', 7.8),
      millimetres('shortAxis', 'short-axis', 6.1),
      { id: 'volume', concept: concept('volume'), value: 181.5, failure: null, unit: concept('unit-mm3'), derivation: null, method: concept('volume-method-voxels') },
      { id: 'attenuation', concept: concept('attenuation-coefficient'), value: null, failure: concept('num-failure'), unit: concept('unit-hu'), derivation: concept('deriv-mean'), method: null },
    ],
    evaluations: [{ id: 'texture', concept: concept('texture-concept'), value: concept('texture-solid') }],
    segmentNumber: number,
    shapes: [
      { kind: 'long-axis', points: [[-97.25, -76.1, -190.5], [-90.1, -75.9, -190.4]], imageIndex: slice },
      { kind: 'centre', points: [[-94, -76, -190.5]], imageIndex: slice },
    ],
    imageIndices: [slice, slice + 1],
  };
}

function segment(number: number, firstSlice: number): SegmentMask {
  return {
    number,
    label: `Nodule ${number}`,
    category: concept('cat-morph-abnormal'),
    property: concept('seg-nodule'),
    anatomy: { site: concept('lung'), laterality: concept('lat-right') },
    trackingId: `nodule-${number}`,
    trackingUid: derivedUid('test', 'nodule', String(number)),
    color: number === 1 ? [255, 80, 40] : [40, 160, 255],
    rows,
    columns,
    frames: [firstSlice, firstSlice + 1].map((imageIndex) => ({ imageIndex, mask: disc(5 + 2 * number, 4 + number, 3) })),
  };
}

function disc(row: number, column: number, radius: number): Uint8Array {
  const mask = new Uint8Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) if ((r - row) ** 2 + (c - column) ** 2 <= radius ** 2) mask[r * columns + c] = 1;
  }
  return mask;
}

const target = { concept: concept('nodule'), site: concept('lung') };

export const positive: Analysis = {
  model,
  outcome: 'findings',
  summary: '2 pulmonary nodules of 4 mm or more.',
  source,
  findings: [nodule(1, 3), nodule(2, 6)],
  studyEvaluations: [],
  studyMeasurements: [],
  segments: [segment(1, 3), segment(2, 6)],
  targets: [{ ...target, present: true, probability: 0.91234 }],
  quality: [{ check: 'coverage', verdict: 'warn', reason: 'The scan covers 27 mm; 150 mm or more are expected.' }],
  urgency: { level: 'routine', reason: '' },
};

export const negative: Analysis = {
  ...positive,
  outcome: 'no-findings',
  summary: 'No pulmonary nodule of 4 mm or more.',
  findings: [],
  segments: [],
  targets: [{ ...target, present: false, probability: 0.12 }],
};

export const notAnalysable: Analysis = {
  ...negative,
  outcome: 'not-analysable',
  summary: 'The images show no lungs: organ check measured 12 ml, 800 ml are needed.',
  targets: [{ ...target, present: false, probability: null }],
  quality: [{ check: 'organ', verdict: 'reject', reason: 'Lung volume 12 ml, 800 ml are needed.' }],
};

export const partial: Analysis = {
  ...positive,
  outcome: 'partial',
  summary: 'Analysed 8 of 12 slices; 4 could not be decoded.',
  findings: [nodule(1, 3)],
  segments: [segment(1, 3)],
  urgency: { level: 'priority', reason: 'Nodule of 8 mm or more.' },
};

/** Image-level findings without geometry or mask: a box and a statement on a projection. */
export const projection: Analysis = {
  ...positive,
  source: { ...source, frameOfReferenceUid: null, images: sourceImages.slice(0, 1) },
  summary: 'Opacity.',
  findings: [
    { ...nodule(1, 0), measurements: [], evaluations: [], segmentNumber: null, imageIndices: [0], shapes: [{ kind: 'box', imageIndex: 0, box: [2, 3, 11, 9.5] }] },
    { ...nodule(2, 0), measurements: [], evaluations: [], segmentNumber: null, imageIndices: [0], shapes: [] },
  ],
  segments: [],
  studyMeasurements: [{ id: 'ratio', concept: concept('diameter'), value: 12, failure: null, unit: concept('unit-mm'), derivation: null, method: null }],
  studyEvaluations: [{ id: 'quality', concept: concept('image-quality'), value: concept('qa-diagnostic') }],
};

export const outcomes: Readonly<Record<string, Analysis>> = { positive, negative, 'not-analysable': notAnalysable, partial, projection };

export function reportRequest(analysis: Analysis, profile: ReportProfile = 'air34', given: ResultContext = context): StructuredReportRequest {
  return {
    analysis,
    context: given,
    identity: resultIdentity(analysis, profile === 'air34' ? 'structured-report' : 'structured-report-2d', given.revision),
    segmentation: analysis.segments.length > 0 ? resultIdentity(analysis, 'segmentation', given.revision) : null,
    profile,
  };
}

export function segmentationRequest(analysis: Analysis, given: ResultContext = context) {
  return { analysis, context: given, identity: resultIdentity(analysis, 'segmentation', given.revision) };
}
