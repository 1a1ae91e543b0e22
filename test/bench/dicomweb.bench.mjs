// DICOMweb: the gateway beside Orthanc with its DICOMweb plug-in and nginx, asked by the same client in interleaved rounds of one run.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ask, startNginx, startWebGateway, startWebOrthanc } from './dicomweb-targets.mjs';
import { median } from './process-cost.mjs';

export const title = 'dicomweb: QIDO-RS, WADO-RS, STOW-RS';

const root = fileURLToPath(new URL('../../', import.meta.url));
const load = (name) => import(pathToFileURL(path.join(root, 'dist', `${name}.js`)).href);
const { DataSet } = await load('standards/dicom/data-set');
const { element } = await load('standards/dicom/element');
const { tags } = await load('standards/dicom/tags');
const { writePart10 } = await load('standards/dicom/part10');

const ROOT = '1.2.826.0.1.3680043.8.498.7';
const STUDY = `${ROOT}.9`;
const SERIES = `${STUDY}.1`;
const JSON_TYPE = { Accept: 'application/dicom+json' };
const FILES = { Accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' };

export async function run({ full, pairs = full ? 7 : 3, note }) {
  const sizes = full ? { studies: 1_000, slices: 300, requests: 400 } : { studies: 300, slices: 60, requests: 200 };
  const targets = [await startWebGateway()];
  const orthanc = await startWebOrthanc();
  if (orthanc === undefined) note('Orthanc with its DICOMweb plug-in is not installed: not measured');
  else targets.push(orthanc);
  const slices = Array.from({ length: sizes.slices }, (_, n) => slice(n + 1));
  const nginx = await startNginx(multipart(slices));
  if (nginx === undefined) note('nginx is not installed: not measured');
  try {
    for (const target of targets) await fill(target, sizes, slices);
    const measured = [];
    for (const cell of cellsOf(sizes)) measured.push(await measure(cell, targets, cell.file === true ? nginx : undefined, pairs, note));
    return { tables: tablesOf(measured, targets, pairs, sizes), figures: { pairs, sizes, cells: measured } };
  } finally {
    for (const target of [...targets, nginx]) await target?.stop();
  }
}

function cellsOf({ requests, slices: count }) {
  const instance = `/studies/${STUDY}/series/${SERIES}/instances/${SERIES}.${(count >> 1) + 1}`;
  let batch = 0;
  return [
    { name: 'QIDO by PatientID', requests, warm: 1_000, url: (n) => `/studies?PatientID=P${n % 300}`, headers: JSON_TYPE },
    { name: 'QIDO by date and modality', requests: requests >> 2, warm: 100, url: () => '/studies?StudyDate=20260103&ModalitiesInStudy=CT&limit=25', headers: JSON_TYPE },
    { name: 'QIDO by name SMITH7*', requests: requests >> 2, warm: 100, url: () => '/studies?PatientName=SMITH7*&limit=25', headers: JSON_TYPE },
    { name: `metadata of a series of ${count}`, requests: Math.max(6, requests >> 3), url: () => `/studies/${STUDY}/series/${SERIES}/metadata`, headers: JSON_TYPE },
    { name: `retrieve a series of ${count}`, requests: 3, url: () => `/studies/${STUDY}/series/${SERIES}`, headers: FILES, file: true },
    { name: 'one instance', requests, warm: 300, url: () => instance, headers: FILES },
    { name: 'one frame', requests, warm: 300, url: () => `${instance}/frames/1`, headers: { Accept: 'multipart/related; type="application/octet-stream"' } },
    { name: 'rendered JPEG', requests: requests >> 2, warm: 60, url: (n) => `${instance}/rendered?window=${40 + (n % 7)},400,linear`, headers: { Accept: 'image/jpeg' } },
    { name: 'STOW of 20 × 0.5 MB', requests: 2, url: () => '/studies', method: 'POST', headers: { ...JSON_TYPE, 'Content-Type': 'multipart/related; type="application/dicom"; boundary=BENCH' }, body: () => ((batch += 1), multipart(Array.from({ length: 20 }, (_, n) => slice(n + 1, `${ROOT}.8.${Date.now() % 1e9}${batch}`)))) },
  ];
}

async function measure(cell, targets, nginx, pairs, note) {
  const takers = nginx === undefined ? targets : [...targets, nginx];
  const runs = Object.fromEntries(takers.map((target) => [target.name, []]));
  for (let pair = -1; pair < pairs; pair += 1) {
    for (let i = 0; i < takers.length; i += 1) {
      const target = takers[(i + pair + 1) % takers.length];
      const outcome = await once(target, cell, pair < 0 ? cell.warm ?? 10 : cell.requests);
      if (pair >= 0) runs[target.name].push(outcome);
    }
  }
  note(`${cell.name}: ${takers.map((target) => `${target.name} ${median(runs[target.name].map((one) => one.p50)).toFixed(2)} ms, CPU ${median(runs[target.name].map((one) => one.cpu)).toFixed(2)} ms`).join('; ')}`);
  return { name: cell.name, requests: cell.requests, runs };
}

async function once(target, cell, requests) {
  const bodies = cell.body === undefined ? undefined : Array.from({ length: requests }, () => cell.body());
  const [cpu, database] = [target.cpuMs(), target.databaseCpuMs()];
  const times = [];
  let bytes = 0;
  const begin = performance.now();
  for (let n = 0; n < requests; n += 1) {
    const url = target.name === 'nginx' ? `${target.url}/series` : target.url + cell.url(n);
    const from = performance.now();
    const answer = await ask(url, { method: cell.method, headers: cell.headers, body: bodies?.[n] });
    if (answer.status >= 300 && answer.status !== 204) throw new Error(`${target.name} answered ${answer.status} to ${cell.name}`);
    times.push(performance.now() - from);
    bytes += answer.bytes + (bodies?.[n].length ?? 0);
  }
  const seconds = (performance.now() - begin) / 1_000;
  times.sort((a, b) => a - b);
  return {
    p50: times[times.length >> 1], p99: times[Math.min(times.length - 1, Math.floor(times.length * 0.99))], megabytesPerSecond: bytes / 1e6 / seconds,
    cpu: (target.cpuMs() - cpu) / requests, databaseCpu: (target.databaseCpuMs() - database) / requests, bytes: bytes / requests,
  };
}

async function fill(target, { studies }, slices) {
  const headers = { ...JSON_TYPE, 'Content-Type': 'multipart/related; type="application/dicom"; boundary=BENCH' };
  const post = async (files) => {
    const answer = await ask(`${target.url}/studies`, { method: 'POST', headers, body: multipart(files) });
    if (answer.status !== 200) throw new Error(`${target.name} answered ${answer.status} to STOW`);
  };
  for (let n = 0; n < studies; n += 50) await post(Array.from({ length: Math.min(50, studies - n) }, (_, k) => small(n + k)));
  for (let n = 0; n < slices.length; n += 20) await post(slices.slice(n, n + 20));
}

function multipart(files) {
  return Buffer.concat([...files.flatMap((file) => [Buffer.from('\r\n--BENCH\r\nContent-Type: application/dicom\r\n\r\n'), file]), Buffer.from('\r\n--BENCH--\r\n')]);
}

function header(study, series, instance, { patient, name, date, number }) {
  return [
    element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2'), element(tags.SOPInstanceUID, 'UI', instance), element(tags.StudyInstanceUID, 'UI', study), element(tags.SeriesInstanceUID, 'UI', series),
    element(tags.StudyDate, 'DA', date), element(tags.StudyTime, 'TM', '101500'), element(tags.AccessionNumber, 'SH', `A${patient}`), element(tags.StudyID, 'SH', '1'), element(tags.Modality, 'CS', 'CT'),
    element(tags.PatientName, 'PN', name), element(tags.PatientID, 'LO', patient), element(tags.PatientBirthDate, 'DA', '19700101'), element(tags.PatientSex, 'CS', 'O'), element(tags.ReferringPhysicianName, 'PN', 'DOE^JANE'),
    element(tags.SeriesNumber, 'IS', 1), element(tags.InstanceNumber, 'IS', number), element(tags.SamplesPerPixel, 'US', 1), element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.BitsAllocated, 'US', 16), element(tags.BitsStored, 'US', 12), element(tags.HighBit, 'US', 11), element(tags.PixelRepresentation, 'US', 0),
    element(tags.RescaleIntercept, 'DS', -1024), element(tags.RescaleSlope, 'DS', 1), element(tags.ImagePositionPatient, 'DS', 0, 0, number), element(tags.ImageOrientationPatient, 'DS', 1, 0, 0, 0, 1, 0),
    element(tags.PixelSpacing, 'DS', 0.7, 0.7), element(tags.SliceThickness, 'DS', 1), element(tags.ImageType, 'CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'), element(tags.KVP, 'DS', 120),
  ];
}

function small(n) {
  const study = `${ROOT}.${n + 10}`;
  const facts = { patient: `P${n}`, name: `SMITH${n % 97}^JOHN`, date: `202601${String((n % 28) + 1).padStart(2, '0')}`, number: 1 };
  return writePart10({ transferSyntaxUid: '1.2.840.10008.1.2.1', dataSet: DataSet.of([...header(study, `${study}.1`, `${study}.1.1`, facts), element(tags.Rows, 'US', 8), element(tags.Columns, 'US', 8), element(tags.PixelData, 'OW', new Uint8Array(128))]) });
}

function slice(number, study = STUDY) {
  const pixels = new Uint16Array(512 * 512);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = (i * 7 + number * 13 + ((i >> 9) & 255) * 3) & 0x7ff;
  const series = `${study}.1`;
  const dataSet = DataSet.of([...header(study, series, `${series}.${number}`, { patient: 'BENCH', name: 'BENCH^SERIES', date: '20251231', number }), element(tags.Rows, 'US', 512), element(tags.Columns, 'US', 512), element(tags.PixelData, 'OW', new Uint8Array(pixels.buffer))]);
  return writePart10({ transferSyntaxUid: '1.2.840.10008.1.2.1', dataSet });
}

function tablesOf(measured, targets, pairs, sizes) {
  const middle = (cell, name, key) => (cell.runs[name] === undefined ? Number.NaN : median(cell.runs[name].map((one) => one[key])));
  const text = (value, digits = 2) => (Number.isNaN(value) ? '–' : value.toFixed(digits));
  const ratio = (cell, key, peer, inverse) => {
    if (cell.runs[peer] === undefined) return '–';
    const values = cell.runs.isocenter.map((one, i) => (inverse ? cell.runs[peer][i][key] / Math.max(one[key], 0.01) : one[key] / cell.runs[peer][i][key]));
    return `${median(values).toFixed(2)} ×`;
  };
  return [{
    title: `Per request, one client (${sizes.studies} studies, ${sizes.slices} slices; median of ${pairs} rounds)`,
    columns: ['request', 'isocenter CPU ms', 'PostgreSQL CPU ms', 'Orthanc CPU ms', 'Orthanc CPU / isocenter', 'isocenter p50 / p99 ms', 'Orthanc p50 / p99 ms', 'isocenter MB/s', 'of Orthanc', 'of nginx'],
    rows: measured.map((cell) => [
      cell.name, text(middle(cell, 'isocenter', 'cpu')), text(middle(cell, 'isocenter', 'databaseCpu')), text(middle(cell, 'Orthanc', 'cpu')), ratio(cell, 'cpu', 'Orthanc', true),
      `${text(middle(cell, 'isocenter', 'p50'))} / ${text(middle(cell, 'isocenter', 'p99'))}`, `${text(middle(cell, 'Orthanc', 'p50'))} / ${text(middle(cell, 'Orthanc', 'p99'))}`,
      text(middle(cell, 'isocenter', 'megabytesPerSecond'), 1), ratio(cell, 'megabytesPerSecond', 'Orthanc'), ratio(cell, 'megabytesPerSecond', 'nginx'),
    ]),
    notes: ['CPU of the gateway is that of its web process and supervisor; that of PostgreSQL stands beside it. /proc counts in ticks of 10 ms: small figures are coarse.', ...(targets.length < 2 ? ['No peer was there to compare with.'] : [])],
  }];
}
