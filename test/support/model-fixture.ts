import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InstanceInput, SeriesInput } from '../../src/model-runtime/series-input.ts';
import { DataSet, type Element } from '../../src/standards/dicom/data-set.ts';
import { element } from '../../src/standards/dicom/element.ts';
import { writePart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { tinyDetector } from './tiny-onnx.ts';

const shipped = path.resolve(import.meta.dirname, '../../models/ref-lung-nodule-ct/model.yaml');
const DIGEST = /sha256: "[0-9a-f]{64}"/;

/** A folder that vanishes with `drop()`. */
export function temporaryFolder(): { readonly folder: string; readonly drop: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'isocenter-model-'));
  return { folder, drop: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface ModelFixtureOptions {
  readonly id?: string;
  readonly weights?: Buffer;
  /** Last change to the manifest's text. */
  readonly edit?: (yaml: string) => string;
}

/** Text of the shipped lung manifest with the digest of other weights, a threshold of 0.5 and pixels of up to 4 mm. */
export function manifestText({ id = 'tiny-lung', weights = tinyDetector(), edit = (yaml) => yaml }: ModelFixtureOptions = {}): string {
  const digest = createHash('sha256').update(weights).digest('hex');
  const yaml = readFileSync(shipped, 'utf8').replace('id: ref-lung-nodule-ct', `id: ${id}`).replace(DIGEST, `sha256: "${digest}"`);
  const coarse = yaml.replace('pixelSpacingMm: { min: 0.3, max: 1.2 }', 'pixelSpacingMm: { min: 0.3, max: 4 }');
  return edit(coarse.replace(/op: threshold, label: nodule, value: [0-9.]+/, 'op: threshold, label: nodule, value: 0.5'));
}

/** Puts a model folder into a models folder: the shipped lung manifest with a network of one convolution. */
export function putModel(modelsDir: string, options: ModelFixtureOptions = {}): string {
  const folder = path.join(modelsDir, options.id ?? 'tiny-lung');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'lung-nodules.onnx'), options.weights ?? tinyDetector());
  writeFileSync(path.join(folder, 'model.yaml'), manifestText(options));
  return folder;
}

export interface TinyChest {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array; readonly sopInstanceUid: string }[];
  /** Patient coordinates of the nodule's centre, mm. */
  readonly nodule: readonly [number, number, number];
}

const STUDY = '2.25.1000';
const SERIES = '2.25.1001';
const PLANE = { rows: 64, columns: 80, pixel: 3, spacing: 3, slices: 40 };

/**
 * A chest CT of 40 slices of 64 × 80 pixels of 3 mm: a body of 40 HU with two lungs of −850 HU (about 250 ml each) and one nodule of 15 mm and
 * 300 HU in the left one; head first, sent from the head downwards, so that the order of instances is not that of the slices.
 */
export function tinyChest(change: (slice: DataSet, index: number) => DataSet = (slice) => slice): TinyChest {
  const nodule = [51, 9, 6] as const;
  const files = Array.from({ length: PLANE.slices }, (_, index) => {
    const z = (PLANE.slices / 2 - index) * PLANE.spacing;
    const sopInstanceUid = `2.25.2${String(index).padStart(3, '0')}`;
    const dataSet = change(DataSet.of([...headerOf(sopInstanceUid, index, z), element(tags.PixelData, 'OW', pixelsAt(z, nodule))]), index);
    return { name: `${index}.dcm`, sopInstanceUid, bytes: writePart10({ dataSet, transferSyntaxUid: '1.2.840.10008.1.2.1' }) };
  });
  return { files, nodule };
}

export function inMemory(chest: TinyChest): SeriesInput {
  const instances = chest.files.map(({ bytes, sopInstanceUid }): InstanceInput => ({ bytes: { bytes, form: 'part10-bytes' }, transferSyntaxUid: '', sopInstanceUid, contentDigest: null }));
  return { studyInstanceUid: STUDY, seriesInstanceUid: SERIES, instances };
}

/** The series as files in a folder, as a child process reads it. */
export function onDisk(chest: TinyChest, folder: string): SeriesInput {
  const instances = chest.files.map(({ name, bytes, sopInstanceUid }): InstanceInput => {
    const file = path.join(folder, name);
    writeFileSync(file, bytes);
    return { bytes: { path: file, form: 'part10' }, transferSyntaxUid: '', sopInstanceUid, contentDigest: null };
  });
  return { studyInstanceUid: STUDY, seriesInstanceUid: SERIES, instances };
}

function headerOf(sopInstanceUid: string, index: number, z: number): Element[] {
  const corner = [(-PLANE.columns / 2 + 0.5) * PLANE.pixel, (-PLANE.rows / 2 + 0.5) * PLANE.pixel, z];
  return [
    element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    element(tags.SOPInstanceUID, 'UI', sopInstanceUid),
    element(tags.StudyInstanceUID, 'UI', STUDY),
    element(tags.SeriesInstanceUID, 'UI', SERIES),
    element(tags.FrameOfReferenceUID, 'UI', '2.25.1002'),
    element(tags.Modality, 'CS', 'CT'),
    element(tags.ImageType, 'CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'),
    element(tags.BodyPartExamined, 'CS', 'CHEST'),
    element(tags.SeriesDescription, 'LO', 'Thorax 3.0'),
    element(tags.SliceThickness, 'DS', PLANE.spacing),
    element(tags.InstanceNumber, 'IS', index + 1),
    element(tags.ImagePositionPatient, 'DS', corner),
    element(tags.ImageOrientationPatient, 'DS', 1, 0, 0, 0, 1, 0),
    element(tags.PixelSpacing, 'DS', PLANE.pixel, PLANE.pixel),
    element(tags.Rows, 'US', PLANE.rows),
    element(tags.Columns, 'US', PLANE.columns),
    element(tags.SamplesPerPixel, 'US', 1),
    element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.BitsAllocated, 'US', 16),
    element(tags.BitsStored, 'US', 12),
    element(tags.HighBit, 'US', 11),
    element(tags.PixelRepresentation, 'US', 0),
    element(tags.RescaleSlope, 'DS', 1),
    element(tags.RescaleIntercept, 'DS', -1024),
  ];
}

function pixelsAt(z: number, nodule: readonly [number, number, number]): Uint8Array {
  const pixels = new Uint16Array(PLANE.rows * PLANE.columns);
  for (let j = 0; j < PLANE.rows; j++)
    for (let i = 0; i < PLANE.columns; i++) {
      const x = (i + 0.5 - PLANE.columns / 2) * PLANE.pixel;
      const y = (j + 0.5 - PLANE.rows / 2) * PLANE.pixel;
      pixels[j * PLANE.columns + i] = huAt(x, y, z, nodule) + 1024;
    }
  return new Uint8Array(pixels.buffer);
}

function huAt(x: number, y: number, z: number, [nx, ny, nz]: readonly [number, number, number]): number {
  const far = (a: number, b: number, c: number) => Math.sqrt((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2);
  if ((x / 112) ** 2 + (y / 85) ** 2 > 1) return -1000;
  if (far(nx, ny, nz) < 7.5) return 300;
  return far(51, 0, 0) < 40 || far(-51, 0, 0) < 40 ? -850 : 40;
}
