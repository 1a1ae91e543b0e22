import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SeriesInput } from '../../src/model-runtime/series-input.ts';
import { DataSet, type Element } from '../../src/standards/dicom/data-set.ts';
import { element } from '../../src/standards/dicom/element.ts';
import { writePart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';

const code = (value: string) => ({ scheme: '99TEST', value, meaning: `Meaning of ${value}` });
const label = (id: string, more: object = {}) => ({ id, name: `A ${id}`, category: code('CAT'), property: code(id.toUpperCase()), anatomy: code('SITE'), ...more });

/** A manifest of what every model has, with the parts that make it what it is. */
export function styleManifest(id: string, parts: { readonly modality?: string; readonly labels: readonly string[]; readonly normal?: readonly string[] } & Record<string, unknown>, weights: Buffer): string {
  const { modality = 'CT', labels, normal = [], ...rest } = parts;
  const sha256 = createHash('sha256').update(weights).digest('hex');
  return JSON.stringify({
    schemaVersion: '1', id, version: '1.0.0', name: `Test ${id}`, vendor: { name: 'test' }, license: 'none', provenance: 'research',
    algorithm: { family: code('AI') }, procedure: code('PROC'),
    intendedUse: { role: 'research', statement: 'a test', indications: ['tests'], notFor: ['anything else'] },
    regulatory: { status: 'none', clinicalUse: false },
    runtime: { kind: 'onnx', stages: [{ id: 'net', file: 'net.onnx', sha256 }] },
    eligibility: { modality: [modality] },
    labels: labels.map((one) => label(one, { normal: normal.includes(one) })),
    results: [{ type: 'sr-tid1500' }], review: { required: 'never' }, resources: { timeoutSec: 60, memoryMiB: 2048 },
    ...rest,
  });
}

export function putStyle(folder: string, id: string, weights: Buffer, parts: Parameters<typeof styleManifest>[1]): string {
  const target = path.join(folder, id);
  mkdirSync(target, { recursive: true });
  writeFileSync(path.join(target, 'net.onnx'), weights);
  writeFileSync(path.join(target, 'model.yaml'), styleManifest(id, parts, weights));
  return target;
}

export interface TestPicture {
  readonly rows: number;
  readonly columns: number;
  /** Stored values, row by row; three a pixel for RGB. */
  readonly pixels: Uint8Array | Uint16Array;
  readonly more?: readonly Element[];
}

/** Pictures as one series in memory. */
export function pictureSeries(modality: string, pictures: readonly TestPicture[]): SeriesInput {
  const instances = pictures.map(({ rows, columns, pixels, more = [] }, index) => {
    const sopInstanceUid = `2.25.77${index}`;
    const rgb = pixels.length === rows * columns * 3;
    const bits = pixels instanceof Uint8Array ? 8 : 16;
    const own = new Set(more.map((one) => one.tag));
    const basic = [
      element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.7'), element(tags.SOPInstanceUID, 'UI', sopInstanceUid), element(tags.StudyInstanceUID, 'UI', '2.25.70'),
      element(tags.SeriesInstanceUID, 'UI', '2.25.71'), element(tags.Modality, 'CS', modality), element(tags.InstanceNumber, 'IS', index + 1),
      element(tags.Rows, 'US', rows), element(tags.Columns, 'US', columns), element(tags.SamplesPerPixel, 'US', rgb ? 3 : 1),
      ...(rgb ? [element(tags.PlanarConfiguration, 'US', 0)] : []),
      element(tags.PhotometricInterpretation, 'CS', rgb ? 'RGB' : 'MONOCHROME2'), element(tags.BitsAllocated, 'US', bits), element(tags.BitsStored, 'US', bits), element(tags.HighBit, 'US', bits - 1),
      element(tags.PixelRepresentation, 'US', 0), element(tags.PixelData, bits === 8 ? 'OB' : 'OW', new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)),
    ].filter((one) => !own.has(one.tag));
    const bytes = writePart10({ dataSet: DataSet.of([...basic, ...more]), transferSyntaxUid: '1.2.840.10008.1.2.1' });
    return { bytes: { bytes, form: 'part10-bytes' as const }, transferSyntaxUid: '', sopInstanceUid, contentDigest: null };
  });
  return { studyInstanceUid: '2.25.70', seriesInstanceUid: '2.25.71', instances };
}
