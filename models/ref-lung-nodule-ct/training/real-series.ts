// Runs the model on a folder of CT slices (the largest series in it) and makes a picture of its candidates to be looked at by eye.
// usage: npx tsx real-series.ts <folder> <montage.png> [least probability, default 0.3]
// One row per candidate, strongest first: axial −3 mm, axial, axial +3 mm, coronal, sagittal; 64 mm wide, lung window −1200…300 HU.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { analyseSeries } from '../../../src/model-runtime/analyse-series.ts';
import { WarmModels } from '../../../src/model-runtime/warm-models.ts';
import { systemClock } from '../../../src/foundation/clock.ts';
import { readPart10 } from '../../../src/standards/dicom/part10.ts';
import type { DataSet } from '../../../src/standards/dicom/data-set.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { grey, picture, savePng } from './png.mjs';

const [folder = '', montage = 'montage.png', least = '0.3'] = process.argv.slice(2);
const CELL = 128, MM = 64;

interface Slice { readonly file: string; readonly dataSet: DataSet }

function largestSeries(): Slice[] {
  const bySeries = new Map<string, Slice[]>();
  for (const name of readdirSync(folder).filter((n) => n.endsWith('.dcm'))) {
    const file = path.join(folder, name), read = readPart10(readFileSync(file));
    if (!read.ok || read.value.dataSet.string(tags.Modality) !== 'CT') continue;
    const uid = read.value.dataSet.string(tags.SeriesInstanceUID) ?? '';
    bySeries.set(uid, [...(bySeries.get(uid) ?? []), { file, dataSet: read.value.dataSet }]);
  }
  const series = [...bySeries.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  return series.sort((a, b) => a.dataSet.numbers(tags.ImagePositionPatient)[2]! - b.dataSet.numbers(tags.ImagePositionPatient)[2]!);
}

/** HU at a patient position, nearest voxel; axial uncompressed slices. */
function sampler(slices: readonly Slice[]): (x: number, y: number, z: number) => number {
  const first = slices[0]!.dataSet, [x0, y0, z0] = first.numbers(tags.ImagePositionPatient) as [number, number, number];
  const [sy, sx] = first.numbers(tags.PixelSpacing) as [number, number], columns = first.number(tags.Columns)!, rows = first.number(tags.Rows)!;
  const step = (slices.at(-1)!.dataSet.numbers(tags.ImagePositionPatient)[2]! - z0) / (slices.length - 1);
  const planes = slices.map(({ dataSet }) => {
    const bytes = dataSet.bytes(tags.PixelData)!, view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const slope = dataSet.number(tags.RescaleSlope) ?? 1, intercept = dataSet.number(tags.RescaleIntercept) ?? 0, signed = dataSet.number(tags.PixelRepresentation) === 1;
    return (q: number): number => slope * (signed ? view.getInt16(2 * q, true) : view.getUint16(2 * q, true)) + intercept;
  });
  return (x, y, z) => {
    const i = Math.round((x - x0) / sx), j = Math.round((y - y0) / sy), k = Math.round((z - z0) / step);
    return i < 0 || j < 0 || k < 0 || i >= columns || j >= rows || k >= planes.length ? -1024 : planes[k]!(j * columns + i);
  };
}

const slices = largestSeries(), first = slices[0]!.dataSet;
const warm = await new WarmModels(1).get(path.resolve(import.meta.dirname, '..'), null);
const began = Date.now();
const { analysis, candidates, timing } = await analyseSeries(warm.model, warm.network, {
  studyInstanceUid: first.string(tags.StudyInstanceUID)!,
  seriesInstanceUid: first.string(tags.SeriesInstanceUID)!,
  instances: slices.map(({ file, dataSet }) => ({ bytes: { path: file, form: 'part10' as const }, transferSyntaxUid: '1.2.840.10008.1.2.1', sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, contentDigest: null })),
}, { clock: systemClock, progress: () => {} });
console.log(slices.length, 'slices,', analysis.outcome, `${Date.now() - began} ms`, timing);
for (const check of analysis.quality) console.log('check', check.check, check.verdict, 'reason' in check ? check.reason : '');
for (const finding of analysis.findings) console.log('finding', JSON.stringify(finding.measurements.map((m) => [m.id, m.value])), JSON.stringify(finding.evaluations.map((e) => e.value)));

const shown = candidates.filter((c) => c.probability >= Number(least)).slice(0, 24), at = sampler(slices);
const out = picture(5 * CELL, Math.max(1, shown.length) * CELL);
for (const [row, { probability, centreMm: [x, y, z], diameterMm }] of shown.entries()) {
  const slice = slices.findIndex(({ dataSet }) => Math.abs(dataSet.numbers(tags.ImagePositionPatient)[2]! - z) < 0.51);
  console.log(row, `p ${probability.toFixed(2)} d ${diameterMm.toFixed(1)} mm at ${[x, y, z].map((v) => v.toFixed(0)).join(' ')} slice ${slice} of ${slices.length}`);
  for (let v = 0; v < CELL; v++) for (let u = 0; u < CELL; u++) {
    const a = ((u + 0.5) / CELL - 0.5) * MM, b = ((v + 0.5) / CELL - 0.5) * MM;
    const views = [at(x + a, y + b, z - 3), at(x + a, y + b, z), at(x + a, y + b, z + 3), at(x + a, y, z - b), at(x, y + a, z - b)];
    views.forEach((hu, column) => { out.pixels[(row * CELL + v) * out.width + column * CELL + u] = u === 0 || v === 0 ? 90 : grey(hu); });
  }
}
savePng(montage, out);
