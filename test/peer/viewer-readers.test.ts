import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import type { Context } from 'mocha';
import type { Analysis } from '../../src/domain/findings.ts';
import { buildSegmentation } from '../../src/result-objects/segmentation.ts';
import { buildStructuredReport } from '../../src/result-objects/structured-report.ts';
import type { DataSet } from '../../src/standards/dicom/data-set.ts';
import { writePart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { context, outcomes, positive, reportRequest, segmentationRequest, sourceImages } from '../unit/result-objects/synthetic-analysis.ts';

/* Third-party readers are untyped; what they give is looked at as JSON. */
type Json = Readonly<Record<string, unknown>>;
interface Dcmjs {
  readonly data: { DicomMessage: { readFile(bytes: ArrayBuffer): { dict: object } }; DicomMetaDictionary: { naturalizeDataset(dict: object): Json } };
}
interface Adapters {
  readonly adaptersSEG: { Cornerstone3D: { Segmentation: { createFromDICOMSegBuffer(imageIds: readonly string[], bytes: ArrayBuffer, options: object): Promise<Json> } } };
  readonly adaptersSR: { Cornerstone3D: { MeasurementReport: { generateToolState(report: Json, images: object, metadata: object, hooks?: object): Json } } };
}

interface Core {
  readonly metaData: { addProvider(provider: (type: string, imageId: string) => unknown, priority: number): void };
}

const dcmjs = createRequire(import.meta.url)('dcmjs') as Dcmjs;

function naturalized(dataSet: DataSet): Json {
  return dcmjs.data.DicomMetaDictionary.naturalizeDataset(dcmjs.data.DicomMessage.readFile(arrayBufferOf(dataSet)).dict);
}

function arrayBufferOf(dataSet: DataSet): ArrayBuffer {
  return Uint8Array.from(writePart10({ dataSet, transferSyntaxUid: explicitLittleEndian })).buffer;
}

const list = (value: unknown): readonly Json[] => (value === undefined ? [] : Array.isArray(value) ? (value as Json[]) : [value as Json]);
const meaning = (item: Json): unknown => list(item['ConceptNameCodeSequence'])[0]?.['CodeMeaning'];
const children = (item: Json | undefined, name: string): readonly Json[] => list(item?.['ContentSequence']).filter((child) => meaning(child) === name);

/** What a reader that compares meanings, as cornerstone does, finds: tracking identifier and numbers of each group. */
function groupsRead(report: Json): readonly (readonly unknown[])[] {
  return children(children(report, 'Imaging Measurements')[0], 'Measurement Group').map((group) => [
    children(group, 'Tracking Identifier')[0]?.['TextValue'],
    children(group, 'Tracking Unique Identifier')[0]?.['UID'],
    ...list(group['ContentSequence']).filter((item) => item['ValueType'] === 'NUM').map((item) => [meaning(item), Number(list(item['MeasuredValueSequence'])[0]?.['NumericValue'] ?? NaN)]),
  ]);
}

/** A folder with node_modules/@cornerstonejs/adapters: it wants a newer Node and 140 MB, so it is no dependency. */
async function adapters(test: Context): Promise<Adapters> {
  const folder = process.env['ISOCENTER_ADAPTERS'];
  if (folder === undefined) {
    console.log('      skipped: ISOCENTER_ADAPTERS names no folder with @cornerstonejs/adapters');
    test.skip();
  }
  const load = (name: string): Promise<unknown> => import(pathToFileURL(path.join(folder, 'node_modules/@cornerstonejs', name, 'dist/esm/index.js')).href);
  ((await load('core')) as Core).metaData.addProvider(metadata, 1_000);
  return (await load('adapters')) as Adapters;
}

suite('results read by the libraries of viewers', () => {
  for (const [name, analysis] of Object.entries(outcomes)) {
    for (const profile of ['air34', 'compat33'] as const) {
      test(`dcmjs reads the groups of the SR of a ${name} run, ${profile}: the findings and numbers that were stated`, () => {
        const groups = groupsRead(naturalized(buildStructuredReport(reportRequest(analysis, profile))));

        for (const finding of analysis.findings) {
          const own = groups.filter(([, uid]) => uid === finding.trackingUid);
          const numbers = own.flatMap(([, , ...rest]) => rest as [string, number][]);
          assert.deepEqual([...new Set(own.map(([id]) => id))], [finding.trackingId]);
          for (const { concept, value } of finding.measurements) if (value !== null) assert.ok(numbers.some(([text, read]) => text === concept.meaning && read === value), `${finding.trackingId} ${concept.meaning}`);
        }
      });
    }
  }

  test('dcmjs reads the SEG: segments with the tracking UIDs of the SR, frames of the source images', () => {
    const read = naturalized(buildSegmentation(segmentationRequest(positive))!);

    assert.deepEqual(list(read['SegmentSequence']).map((segment) => [segment['SegmentLabel'], segment['TrackingUID']]), positive.segments.map(({ label, trackingUid }) => [label, trackingUid]));
    assert.equal(list(read['PerFrameFunctionalGroupsSequence']).length, 4);
  });

  test('@cornerstonejs/adapters, which OHIF uses, makes label maps of the SEG with every pixel of each mask', async function () {
    const { adaptersSEG } = await adapters(this);
    const imageIds = sourceImages.map(({ sopInstanceUid }) => sopInstanceUid);

    const made = await adaptersSEG.Cornerstone3D.Segmentation.createFromDICOMSegBuffer(imageIds, arrayBufferOf(buildSegmentation(segmentationRequest(positive))!), { metadataProvider: { get: metadata } });

    const counted = new Map<number, number>();
    for (const layer of list(made['labelMapImages']).flat(2) as unknown as { voxelManager?: { getScalarData(): ArrayLike<number> }; getPixelData?(): ArrayLike<number> }[]) {
      for (const value of Array.from(layer.voxelManager?.getScalarData() ?? layer.getPixelData?.() ?? [])) if (value !== 0) counted.set(value, (counted.get(value) ?? 0) + 1);
    }
    assert.deepEqual([...counted].sort(([a], [b]) => a - b), pixelsOf(positive));
  });

  for (const profile of ['air34', 'compat33'] as const) {
    test(`@cornerstonejs/adapters goes through the SR and throws nothing, ${profile}; it makes tools of its own annotations only and logs the other groups`, async function () {
      const { adaptersSR } = await adapters(this);
      const images = Object.fromEntries(sourceImages.map(({ sopInstanceUid }) => [sopInstanceUid, sopInstanceUid]));

      assert.doesNotThrow(() => adaptersSR.Cornerstone3D.MeasurementReport.generateToolState(naturalized(buildStructuredReport(reportRequest(positive, profile))), images, { get: metadata }));
    });
  }
});

function pixelsOf({ segments }: Analysis): readonly (readonly [number, number])[] {
  return segments.map(({ number, frames }) => [number, frames.reduce((sum, { mask }) => sum + mask.reduce((count, value) => count + value, 0), 0)]);
}

/** What a viewer knows of each source image. */
function metadata(type: string, imageId: string): unknown {
  const header = context.headers.get(imageId);
  if (header === undefined) return undefined;
  const orientation = header.numbers(tags.ImageOrientationPatient);
  const spacing = header.numbers(tags.PixelSpacing);
  switch (type) {
    case 'imagePlaneModule':
      return {
        frameOfReferenceUID: header.string(tags.FrameOfReferenceUID), rows: header.number(tags.Rows), columns: header.number(tags.Columns), imageOrientationPatient: orientation,
        rowCosines: orientation.slice(0, 3), columnCosines: orientation.slice(3), imagePositionPatient: header.numbers(tags.ImagePositionPatient), pixelSpacing: spacing, rowPixelSpacing: spacing[0], columnPixelSpacing: spacing[1], sliceThickness: 2.5,
      };
    case 'generalSeriesModule':
      return { modality: 'CT', seriesInstanceUID: header.string(tags.SeriesInstanceUID), studyInstanceUID: header.string(tags.StudyInstanceUID) };
    case 'sopCommonModule':
      return { sopInstanceUID: imageId, sopClassUID: header.string(tags.SOPClassUID) };
    case 'imagePixelModule':
      return { bitsAllocated: 16, rows: header.number(tags.Rows), columns: header.number(tags.Columns), samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME2', pixelRepresentation: 1 };
    case 'instance':
      return { SOPInstanceUID: imageId, SeriesInstanceUID: header.string(tags.SeriesInstanceUID), FrameOfReferenceUID: header.string(tags.FrameOfReferenceUID), Rows: header.number(tags.Rows), Columns: header.number(tags.Columns), ImageOrientationPatient: orientation, ImagePositionPatient: header.numbers(tags.ImagePositionPatient) };
    default:
      return undefined;
  }
}
