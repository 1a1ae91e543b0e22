import { concept } from '../../src/domain/codes/concepts.ts';
import type { Analysis, Finding, Measurement, SegmentMask } from '../../src/domain/findings.ts';
import { derivedUid } from '../../src/foundation/uid.ts';
import { phantoms, type PhantomName } from '../../src/phantoms/catalogue.ts';
import type { ResultContext } from '../../src/result-objects/result-context.ts';
import type { DataSet } from '../../src/standards/dicom/data-set.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { context as synthetic, model } from '../unit/result-objects/synthetic-analysis.ts';

/** One kind of run on the images of a phantom: what a model of this system says, and the images it says it of. */
export interface SystemRun {
  readonly analysis: Analysis;
  readonly context: ResultContext;
  readonly sources: readonly DataSet[];
}

type Concept = Parameters<typeof concept>[0];

/** The four systems: nodules on CT, retinopathy on fundus photographs, ventricles on cine MR, findings on radiographs and mammograms. */
export const systems: Readonly<Record<string, () => SystemRun>> = { 'nodule CT': nodules, 'retinopathy': retinopathy, 'cardiac cine': cardiac, 'chest radiograph': radiograph, 'mammogram': mammogram };

/** The same system with another ending. */
export function endings({ analysis, context, sources }: SystemRun): Readonly<Record<string, SystemRun>> {
  const none = { findings: [], segments: [], studyMeasurements: [], studyEvaluations: [] } as const;
  const absent = analysis.targets.map((target) => ({ ...target, present: false, probability: 0.05 }));
  const run = (changed: Partial<Analysis>): SystemRun => ({ analysis: { ...analysis, ...changed }, context, sources });
  return {
    positive: run({}),
    negative: run({ ...none, outcome: 'no-findings', summary: 'Nothing found.', targets: absent }),
    failed: run({ ...none, outcome: 'not-analysable', summary: 'The images are not fit for analysis.', targets: absent.map((target) => ({ ...target, probability: null })), quality: [{ check: 'fit', verdict: 'reject', reason: 'Sharpness 0.1, 0.4 is needed.' }] }),
    partial: run({ outcome: 'partial', summary: 'One image could not be decoded.', findings: analysis.findings.slice(0, 1), segments: analysis.segments.slice(0, 1), studyMeasurements: analysis.studyMeasurements.slice(0, 1) }),
  };
}

function phantomRun(name: PhantomName, wanted: { readonly slices?: number; readonly matrix?: number; readonly findings?: number }, say: (images: readonly DataSet[]) => Partial<Analysis>): SystemRun {
  const all = [...phantoms[name](7, wanted).instances()].map(({ dataSet }) => dataSet);
  const series = all[0]!.string(tags.SeriesInstanceUID)!;
  const sources = all.filter((dataSet) => dataSet.string(tags.SeriesInstanceUID) === series);
  const first = sources[0]!;
  const base: Analysis = {
    model,
    outcome: 'findings',
    summary: 'Something was found.',
    source: {
      studyInstanceUid: first.string(tags.StudyInstanceUID)!,
      seriesInstanceUid: series,
      modality: first.string(tags.Modality)!,
      frameOfReferenceUid: first.string(tags.FrameOfReferenceUID) ?? null,
      images: sources.map((dataSet) => ({ sopClassUid: dataSet.string(tags.SOPClassUID)!, sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, frame: null })),
      inputDigest: 'ef'.repeat(32),
    },
    findings: [], studyEvaluations: [], studyMeasurements: [], segments: [], targets: [], quality: [],
    urgency: { level: 'routine', reason: '' },
  };
  const headers = new Map(sources.map((dataSet) => [dataSet.string(tags.SOPInstanceUID)!, dataSet.without(tags.PixelData)]));
  return { analysis: { ...base, ...say(sources) }, context: { ...synthetic, headers }, sources };
}

function finding(id: string, key: Concept, site: Concept, side: Concept | null, changed: Partial<Finding> = {}): Finding {
  return {
    trackingId: id, trackingUid: derivedUid('test-finding', id, key), concept: concept(key), category: concept('cat-morph-abnormal'),
    sites: [{ site: concept(site), laterality: side === null ? null : concept(side) }], probability: 0.87, measurements: [], evaluations: [], segmentNumber: null, shapes: [], imageIndices: [0],
    ...changed,
  };
}

function measured(id: string, key: Concept, value: number, unit: Concept, method: Concept | null = null): Measurement {
  return { id, concept: concept(key), value, failure: null, unit: concept(unit), derivation: null, method: method === null ? null : concept(method) };
}

function segment(number: number, label: string, key: Concept, image: DataSet, imageIndices: readonly number[]): SegmentMask {
  const [rows, columns] = [image.number(tags.Rows)!, image.number(tags.Columns)!];
  const mask = new Uint8Array(rows * columns);
  for (let row = 20; row < 30; row++) mask.fill(1, row * columns + 10 * number, row * columns + 10 * number + 8);
  return {
    number, label, category: concept('cat-anatomical'), property: concept(key), anatomy: null, trackingId: label, trackingUid: derivedUid('test-segment', label), color: [40 * number, 200, 90], rows, columns,
    frames: imageIndices.map((imageIndex) => ({ imageIndex, mask })),
  };
}

function nodules(): SystemRun {
  return phantomRun('chest-ct', { slices: 12, matrix: 64 }, ([first]) => ({
    findings: [finding('nodule-1', 'nodule', 'lung', 'lat-left', {
      measurements: [measured('diameter', 'diameter', 9.4, 'unit-mm'), measured('volume', 'volume', 431.2, 'unit-mm3', 'volume-method-voxels')],
      segmentNumber: 1, imageIndices: [4, 5], shapes: [{ kind: 'polygon', imageIndex: 4, points2: [[10, 20], [18, 20], [18, 30], [10, 30]] }],
    })],
    segments: [{ ...segment(1, 'nodule-1', 'seg-nodule', first!, [4, 5]), trackingUid: derivedUid('test-finding', 'nodule-1', 'nodule'), category: concept('cat-morph-abnormal') }],
    targets: [{ concept: concept('nodule'), site: concept('lung'), present: true, probability: 0.87 }],
  }));
}

/** One statement an eye, on photographs without a frame of reference. */
function retinopathy(): SystemRun {
  return phantomRun('fundus', { matrix: 256 }, (images) => ({
    findings: images.slice(0, 2).map((image, index) =>
      finding(index === 0 ? 'eye-1' : 'eye-2', 'diabetic-retinopathy', 'retina', image.string(tags.ImageLaterality) === 'L' ? 'lat-left' : 'lat-right', {
        evaluations: [{ id: 'severity', concept: concept('severity-concept'), value: concept(index === 0 ? 'dr-moderate' : 'dr-mild') }],
        imageIndices: [index],
      })),
    targets: [{ concept: concept('diabetic-retinopathy'), site: concept('retina'), present: true, probability: 0.87 }],
    studyEvaluations: [{ id: 'gradable', concept: concept('image-quality'), value: concept('gradable') }],
  }));
}

/** ED and ES of a cine: two images at each position, volumes of the study. */
function cardiac(): SystemRun {
  return phantomRun('cardiac-sax', {}, (images) => {
    const places = new Map<string, number[]>();
    images.forEach((image, index) => {
      const place = image.string(tags.SliceLocation) ?? image.strings(tags.ImagePositionPatient).join();
      places.set(place, [...(places.get(place) ?? []), index]);
    });
    const chosen = [...places.values()].slice(0, 3).flatMap((phases) => [phases[0]!, phases[Math.floor(phases.length / 3)]!]);
    return {
      segments: [segment(1, 'LV', 'left-ventricle', images[0]!, chosen), segment(2, 'LV myocardium', 'lv-myocardium', images[0]!, chosen), segment(3, 'RV', 'right-ventricle', images[0]!, chosen)],
      studyMeasurements: [
        measured('lvEdv', 'lv-edv', 142, 'unit-ml', 'cardiac-volume-method'), measured('lvEsv', 'lv-esv', 61, 'unit-ml', 'cardiac-volume-method'), measured('lvEf', 'lv-ef-mr', 57, 'unit-percent'),
        measured('rvEdv', 'rv-edv', 150, 'unit-ml', 'cardiac-volume-method'),
      ],
      targets: [],
    };
  });
}

function radiograph(): SystemRun {
  return phantomRun('cxr', { matrix: 256 }, () => ({
    findings: [
      finding('effusion-1', 'pleural-effusion', 'lung', 'lat-right', { shapes: [{ kind: 'box', imageIndex: 0, box: [30.5, 140, 110, 220.25] }] }),
      finding('pneumothorax-1', 'pneumothorax', 'lung', 'lat-left'),
    ],
    targets: [{ concept: concept('pleural-effusion'), site: concept('lung'), present: true, probability: 0.87 }, { concept: concept('consolidation'), site: concept('lung'), present: false, probability: 0.11 }],
  }));
}

function mammogram(): SystemRun {
  return phantomRun('mammo', { matrix: 256 }, ([first]) => ({
    findings: [finding('mass-1', 'mg-mass', 'breast', first!.string(tags.ImageLaterality) === 'R' ? 'lat-right' : 'lat-left', { shapes: [{ kind: 'box', imageIndex: 0, box: [40, 60, 90, 110] }] })],
    targets: [{ concept: concept('mg-mass'), site: concept('breast'), present: true, probability: 0.87 }],
    studyEvaluations: [{ id: 'density', concept: concept('image-quality'), value: concept('density-b') }],
  }));
}
