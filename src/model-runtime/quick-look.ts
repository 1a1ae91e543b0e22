import { createHash } from 'node:crypto';
import type { Analysis, Finding } from '../domain/findings.ts';
import { fault, ok, type Result } from '../foundation/result.ts';
import { derivedUid } from '../foundation/uid.ts';
import { DataSet, type Element } from '../standards/dicom/data-set.ts';
import { element } from '../standards/dicom/element.ts';
import { readPart10, writePart10 } from '../standards/dicom/part10.ts';
import { tags } from '../standards/dicom/tags.ts';
import { explicitLittleEndian } from '../standards/dicom/transfer-syntaxes.ts';
import type { Manifest } from './manifest-schema.ts';
import { readPng } from './png-pixels.ts';
import type { InstanceInput, SeriesInput } from './series-input.ts';

/** What may be said of a picture that says nothing of itself. */
export interface PictureFacts {
  readonly laterality?: 'L' | 'R';
  readonly view?: string;
}

const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

/**
 * Makes a series of uploaded files: DICOM files of one series, or PNG and JPEG pictures, which become images of the modality and class the model reads.
 * Fault: a sentence.
 */
export function seriesOfFiles(files: readonly Uint8Array[], manifest: Manifest, facts: PictureFacts): Result<SeriesInput, string> {
  const digest = createHash('sha256');
  for (const file of files) digest.update(file);
  const base = digest.digest('hex');
  const instances: InstanceInput[] = [];
  const series = new Set<string>();
  let studyInstanceUid = derivedUid('quick-look-study', base);
  for (const [index, file] of files.entries()) {
    const made = isDicom(file) ? ok(file) : pictureInstance(file, manifest, facts, { base, index });
    if (!made.ok) return made;
    const read = readPart10(made.value);
    if (!read.ok) return fault(`file ${index + 1} cannot be parsed (${read.fault.code})`);
    const { dataSet, transferSyntaxUid } = read.value;
    series.add(dataSet.string(tags.SeriesInstanceUID) ?? '');
    studyInstanceUid = dataSet.string(tags.StudyInstanceUID) ?? studyInstanceUid;
    instances.push({ bytes: { bytes: made.value, form: 'part10-bytes' }, transferSyntaxUid, sopInstanceUid: dataSet.string(tags.SOPInstanceUID) ?? '', contentDigest: null });
  }
  if (instances.length === 0) return fault('there is no file in the request');
  if (series.size > 1) return fault(`the files are of ${series.size} series; a model looks at one`);
  return ok({ studyInstanceUid, seriesInstanceUid: [...series][0]!, instances });
}

/** The quick answer: what the model says first, how sure it is, every score, the findings in short. */
export interface QuickAnswer {
  readonly model: { readonly id: string; readonly version: string; readonly digest: string; readonly regulatoryStatus: string };
  readonly outcome: Analysis['outcome'];
  readonly summary: string;
  /** A label id or name; null when nothing was analysable. */
  readonly prediction: string | null;
  /** 0–1; null where the model gives none. */
  readonly confidence: number | null;
  readonly scores: Readonly<Record<string, number>>;
  readonly findings: readonly object[];
  readonly measurements: readonly object[];
  readonly quality: Analysis['quality'];
}

export function quickAnswer(manifest: Manifest, analysis: Analysis, scores: ReadonlyMap<string, number>): QuickAnswer {
  const { id, version, digest, regulatoryStatus } = analysis.model;
  return {
    model: { id, version, digest, regulatoryStatus },
    outcome: analysis.outcome,
    summary: analysis.summary,
    ...predictionOf(manifest, analysis, scores),
    scores: Object.fromEntries(scores),
    findings: analysis.findings.map(shortFinding),
    measurements: analysis.studyMeasurements.map(({ id: name, value, unit }) => ({ id: name, value, unit: unit.value })),
    quality: analysis.quality,
  };
}

function predictionOf(manifest: Manifest, analysis: Analysis, scores: ReadonlyMap<string, number>): Pick<QuickAnswer, 'prediction' | 'confidence'> {
  if (analysis.outcome === 'not-analysable') return { prediction: null, confidence: null };
  for (const output of manifest.outputs) {
    if (output.kind === 'classification' || output.kind === 'ordinal') {
      const label = output.labels[scores.get(`${output.id}.argmax`) ?? 0] ?? null;
      return { prediction: label, confidence: scores.get(`${label}.p`) ?? null };
    }
    if (output.kind === 'multilabel') {
      const best = [...output.labels].sort((a, b) => (scores.get(`${b}.p`) ?? 0) - (scores.get(`${a}.p`) ?? 0))[0]!;
      const positive = analysis.findings.length > 0;
      return { prediction: positive ? best : 'none', confidence: positive ? (scores.get(`${best}.p`) ?? null) : 1 - (scores.get(`${best}.p`) ?? 0) };
    }
  }
  const [first] = analysis.findings;
  return first === undefined ? { prediction: 'none', confidence: null } : { prediction: manifest.labels.find((label) => first.trackingId.startsWith(label.id))?.id ?? first.concept.meaning, confidence: first.probability };
}

function shortFinding({ trackingId, concept, probability, sites, measurements, evaluations, shapes, imageIndices }: Finding): object {
  return {
    id: trackingId,
    finding: concept.meaning,
    probability,
    laterality: sites[0]?.laterality?.meaning ?? null,
    site: sites[0]?.site.meaning ?? null,
    measurements: measurements.map(({ id, value, unit }) => ({ id, value, unit: unit.value })),
    evaluations: evaluations.map(({ id, value }) => ({ id, value: typeof value === 'string' ? value : value.meaning })),
    shapes,
    image: imageIndices[0] ?? null,
  };
}

function isDicom(file: Uint8Array): boolean {
  return file.length > 132 && Buffer.from(file.buffer, file.byteOffset + 128, 4).toString('latin1') === 'DICM';
}

function pictureInstance(file: Uint8Array, manifest: Manifest, facts: PictureFacts, { base, index }: { readonly base: string; readonly index: number }): Result<Uint8Array, string> {
  const { modality, sopClassUid } = manifest.eligibility;
  const header = [
    element(tags.SOPClassUID, 'UI', sopClassUid?.[0] ?? SECONDARY_CAPTURE), element(tags.SOPInstanceUID, 'UI', derivedUid('quick-look-image', base, String(index))),
    element(tags.StudyInstanceUID, 'UI', derivedUid('quick-look-study', base)), element(tags.SeriesInstanceUID, 'UI', derivedUid('quick-look-series', base)),
    element(tags.Modality, 'CS', modality[0]!), element(tags.InstanceNumber, 'IS', index + 1), element(tags.PixelRepresentation, 'US', 0),
    ...(facts.laterality === undefined ? [] : [element(tags.ImageLaterality, 'CS', facts.laterality)]), ...(facts.view === undefined ? [] : [element(tags.ViewPosition, 'CS', facts.view)]),
  ];
  if (file[0] === 0xff && file[1] === 0xd8) return jpegInstance(file, header);
  const png = readPng(file);
  if (!png.ok) return fault(file[0] === 0x89 ? png.fault : 'a file is neither DICOM nor PNG nor JPEG');
  const { rows, columns, channels, bits, pixels } = png.value;
  const more = pictureElements(rows, columns, channels, bits, channels === 3 ? 'RGB' : 'MONOCHROME2');
  return ok(writePart10({ dataSet: DataSet.of([...header, ...more, element(tags.PixelData, bits === 8 ? 'OB' : 'OW', pixels)]), transferSyntaxUid: explicitLittleEndian }));
}

function jpegInstance(file: Uint8Array, header: readonly Element[]): Result<Uint8Array, string> {
  const frame = jpegFrame(file);
  if (frame === null) return fault('JPEGs of 8 bits, baseline, grey or colour are read');
  const { rows, columns, channels } = frame;
  const even = file.length % 2 === 0 ? file : Buffer.concat([file, Buffer.of(0)]);
  const pixels: Element = { tag: tags.PixelData, vr: 'OB', value: { offsetTable: new Uint8Array(0), fragments: [even] } };
  const more = pictureElements(rows, columns, channels, 8, channels === 3 ? 'YBR_FULL_422' : 'MONOCHROME2');
  return ok(writePart10({ dataSet: DataSet.of([...header, ...more, pixels]), transferSyntaxUid: JPEG_BASELINE }));
}

/** Size and components of the frame header (SOF0, SOF1); null for other processes. Source: ISO/IEC 10918-1 §B.2.2. */
function jpegFrame(file: Uint8Array): { rows: number; columns: number; channels: 1 | 3 } | null {
  for (let at = 2; at + 9 < file.length && file[at] === 0xff; ) {
    const marker = file[at + 1]!;
    const length = file[at + 2]! * 256 + file[at + 3]!;
    if (marker === 0xc0 || marker === 0xc1) {
      const channels = file[at + 9]!;
      return file[at + 4] === 8 && (channels === 1 || channels === 3) ? { rows: file[at + 5]! * 256 + file[at + 6]!, columns: file[at + 7]! * 256 + file[at + 8]!, channels } : null;
    }
    if (marker >= 0xc2 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) return null;
    at += 2 + length;
  }
  return null;
}

function pictureElements(rows: number, columns: number, channels: 1 | 3, bits: 8 | 16, photometric: string): Element[] {
  return [
    element(tags.Rows, 'US', rows), element(tags.Columns, 'US', columns), element(tags.SamplesPerPixel, 'US', channels), ...(channels === 3 ? [element(tags.PlanarConfiguration, 'US', 0)] : []),
    element(tags.PhotometricInterpretation, 'CS', photometric), element(tags.BitsAllocated, 'US', bits), element(tags.BitsStored, 'US', bits), element(tags.HighBit, 'US', bits - 1),
  ];
}
