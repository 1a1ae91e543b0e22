// C-FIND and C-GET: the gateway beside Orthanc and DCMTK's dcmqrscp, asked by the same client in interleaved rounds of one run.
import { fileURLToPath, pathToFileURL } from 'node:url';
import path from 'node:path';
import { startDcmqrscp, startQueryGateway, startQueryOrthanc } from './query-targets.mjs';
import { programPath } from './intake-targets.mjs';
import { median } from './process-cost.mjs';

export const title = 'query: C-FIND and C-GET';

const root = fileURLToPath(new URL('../../', import.meta.url));
const load = (name) => import(pathToFileURL(path.join(root, 'dist', `${name}.js`)).href);
const { openAssociation } = await load('transport/dicom/association-client');
const { sendInstances } = await load('peers/dimse/send-instances');
const { DataSet } = await load('standards/dicom/data-set');
const { writeDataSet } = await load('standards/dicom/data-set-writer');
const { element } = await load('standards/dicom/element');
const { tags } = await load('standards/dicom/tags');
const { systemClock } = await load('foundation/clock');
const { silentLog } = await load('foundation/log');

const SYNTAX = '1.2.840.10008.1.2.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';
const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const GET = '1.2.840.10008.5.1.4.1.2.2.3';
const ROOT = '1.2.826.0.1.3680043.8.498.5';
const QUERIES = 500;
/** dcmqrscp keeps 500 studies at most, and deletes the oldest beyond. */
const STUDIES = 450;

export async function run({ full, pairs = full ? 5 : 3, note }) {
  const sizes = { studies: STUDIES, slices: full ? 300 : 60 };
  const targets = [await startQueryGateway()];
  if (programPath('Orthanc')) targets.push(await startQueryOrthanc());
  else note('Orthanc is not installed: not measured');
  if (programPath('dcmqrscp')) targets.push(await startDcmqrscp());
  else note('dcmqrscp is not installed: not measured');
  try {
    for (const target of targets) await fill(target, sizes);
    note(`${sizes.studies} studies of one instance, one of ${sizes.slices} slices of 512 KiB, at ${targets.map((target) => target.name).join(', ')}`);
    const cells = [
      { name: `C-FIND study level by PatientID, one match, queries/s (${QUERIES} on one association)`, work: byPatient },
      { name: `C-FIND study level by a range of dates, ${sizes.studies} matches, matches/s`, work: (target) => byDate(target, sizes) },
      { name: `C-GET of ${sizes.slices} × 512 KiB, MB/s`, work: (target) => getSeries(target, sizes) },
    ];
    const measured = [];
    for (const cell of cells) measured.push(await measure(cell, targets, pairs, note));
    return { tables: [tableOf(measured, targets, pairs)], figures: { pairs, ...sizes, cells: measured } };
  } finally {
    for (const target of targets) await target.stop();
  }
}

async function measure({ name, work }, targets, pairs, note) {
  const runs = Object.fromEntries(targets.map((target) => [target.name, []]));
  // Round -1 warms up, twice; the order turns, so that no one always runs behind the same neighbour.
  for (let pair = -1; pair < pairs; pair += 1) {
    for (let i = 0; i < targets.length; i += 1) {
      const target = targets[(i + pair + 1) % targets.length];
      if (pair < 0) await work(target);
      const before = await target.cpuMs();
      const perSecond = await work(target);
      if (pair >= 0) runs[target.name].push({ perSecond, cpuMs: (await target.cpuMs()) - before });
    }
  }
  note(`${name}: ${targets.map((target) => `${target.name} ${rate(runs[target.name]).toFixed(1)}`).join(', ')}`);
  return { name, runs };
}

const rate = (runs) => median(runs.map((one) => one.perSecond));

function tableOf(measured, targets, pairs) {
  const [own, ...peers] = targets;
  const ratio = (cell, peer) => median(cell.runs[own.name].map((one, i) => one.perSecond / cell.runs[peer.name][i].perSecond));
  return {
    title: `Median of ${pairs}; in brackets the gateway's rate over the peer's, median of the pairs; then CPU ms per round`,
    columns: ['cell', own.name, ...peers.map((peer) => peer.name), ...targets.map((target) => `${target.name} CPU ms`)],
    rows: measured.map((cell) => [
      cell.name, rate(cell.runs[own.name]).toFixed(1), ...peers.map((peer) => `${rate(cell.runs[peer.name]).toFixed(1)} (${ratio(cell, peer).toFixed(2)} ×)`),
      ...targets.map((target) => median(cell.runs[target.name].map((one) => one.cpuMs)).toFixed(0)),
    ]),
    notes: ['The CPU of the gateway includes its PostgreSQL. The client is the same process and the same code for all; for C-GET it drops what comes.'],
  };
}

async function fill(target, { studies, slices }) {
  const small = Array.from({ length: studies }, (_, n) => instance(`${ROOT}.1.${n}`, 1, `P${n}`, 2_000, dateOf(n)));
  const series = Array.from({ length: slices }, (_, n) => instance(`${ROOT}.2`, n + 1, 'SERIES', 512 * 1024, '20200101'));
  const outcomes = await sendInstances(peerOf(target), [...small, ...series], { clock: systemClock, log: silentLog, signal: AbortSignal.timeout(600_000) });
  const failed = outcomes.filter((outcome) => outcome.kind !== 'answered' || outcome.status !== 0);
  if (failed.length > 0) throw new Error(`${target.name} refused ${failed.length} instances: ${JSON.stringify(failed[0])}`);
  await target.filled?.();
}

const dateOf = (n) => `2026${String(1 + (n % 12)).padStart(2, '0')}${String(1 + (n % 28)).padStart(2, '0')}`;

function instance(study, number, patientId, bytes, date) {
  const sopInstanceUid = `${study}.1.${number}`;
  const dataSet = DataSet.of([
    element(tags.SOPClassUID, 'UI', CT), element(tags.SOPInstanceUID, 'UI', sopInstanceUid), element(tags.StudyDate, 'DA', date), element(tags.StudyTime, 'TM', '101500'),
    element(tags.AccessionNumber, 'SH', `A${patientId}`), element(tags.Modality, 'CS', 'CT'), element(tags.StudyDescription, 'LO', 'Thorax'), element(tags.PatientName, 'PN', `Bench^${patientId}`),
    element(tags.PatientID, 'LO', patientId), element(tags.PatientBirthDate, 'DA', '19700101'), element(tags.PatientSex, 'CS', 'O'), element(tags.StudyInstanceUID, 'UI', study),
    element(tags.SeriesInstanceUID, 'UI', `${study}.1`), element(tags.StudyID, 'SH', 'S'), element(tags.SeriesNumber, 'IS', 1), element(tags.InstanceNumber, 'IS', number),
    element(tags.SamplesPerPixel, 'US', 1), element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'), element(tags.Rows, 'US', 512), element(tags.Columns, 'US', bytes / 1024 > 500 ? 512 : 1),
    element(tags.BitsAllocated, 'US', 16), element(tags.BitsStored, 'US', 16), element(tags.HighBit, 'US', 15), element(tags.PixelRepresentation, 'US', 0),
    element(tags.PixelData, 'OW', Buffer.alloc(bytes / 1024 > 500 ? bytes : 1_024, number)),
  ]);
  return { sopClassUid: CT, sopInstanceUid, transferSyntaxUid: SYNTAX, bytes: writeDataSet(dataSet, SYNTAX) };
}

function peerOf({ port, called }) {
  return { host: '127.0.0.1', port, aeTitle: called, callingAe: 'BENCH' };
}

async function associated(target, extra, work) {
  const signal = AbortSignal.timeout(300_000);
  const association = await openAssociation({ host: '127.0.0.1', port: target.port, calledAe: target.called, callingAe: 'BENCH', clock: systemClock, log: silentLog, ...extra }, signal);
  try {
    return await work(association, signal);
  } finally {
    await association.release(signal);
  }
}

const findContexts = { contexts: [{ abstractSyntax: FIND, transferSyntaxes: [SYNTAX] }] };

function findRequest(association, keys, onPending) {
  const identifier = DataSet.of([
    element(tags.QueryRetrieveLevel, 'CS', 'STUDY'), element(tags.PatientName, 'PN'), element(tags.StudyInstanceUID, 'UI'), element(tags.StudyDescription, 'LO'), element(tags.AccessionNumber, 'SH'), ...keys,
  ]);
  return { contextId: association.contextFor(FIND).id, command: { field: 0x20, affectedSopClassUid: FIND, priority: 0 }, dataSet: writeDataSet(identifier, SYNTAX), onPending };
}

/** Queries a second. */
function byPatient(target) {
  return associated(target, findContexts, async (association, signal) => {
    const began = performance.now();
    for (let n = 0; n < QUERIES; n += 1) {
      let matches = 0;
      await association.invoke(findRequest(association, [element(tags.PatientID, 'LO', `P${(n * 37) % STUDIES}`), element(tags.StudyDate, 'DA')], () => (matches += 1)), signal);
      if (matches !== 1) throw new Error(`${target.name} found ${matches} studies of one patient`);
    }
    return QUERIES / ((performance.now() - began) / 1000);
  });
}

/** Matches a second. */
function byDate(target, { studies }) {
  return associated(target, findContexts, async (association, signal) => {
    let matches = 0;
    const began = performance.now();
    await association.invoke(findRequest(association, [element(tags.StudyDate, 'DA', '20260101-20261231'), element(tags.PatientID, 'LO')], () => (matches += 1)), signal);
    if (matches !== studies) throw new Error(`${target.name} found ${matches} of ${studies} studies`);
    return matches / ((performance.now() - began) / 1000);
  });
}

/** MB a second, data sets alone. */
function getSeries(target, { slices }) {
  let bytes = 0;
  let count = 0;
  const store = {
    name: 'drop', commands: [0x01], serves: () => true, chooseTransferSyntax: (proposed) => proposed[0],
    handle: (request) => ({
      write: (chunk) => void (bytes += chunk.length),
      end: () => {
        count += 1;
        void request.respond({ status: 0 });
      },
      abandon() {},
    }),
  };
  const extra = { contexts: [{ abstractSyntax: GET, transferSyntaxes: [SYNTAX] }, { abstractSyntax: CT, transferSyntaxes: [SYNTAX] }], roles: [{ sopClassUid: CT, scu: false, scp: true }], services: [store] };
  return associated(target, extra, async (association, signal) => {
    const keys = DataSet.of([element(tags.QueryRetrieveLevel, 'CS', 'STUDY'), element(tags.StudyInstanceUID, 'UI', `${ROOT}.2`)]);
    const began = performance.now();
    const { status } = await association.invoke({ contextId: association.contextFor(GET).id, command: { field: 0x10, affectedSopClassUid: GET, priority: 0 }, dataSet: writeDataSet(keys, SYNTAX) }, signal);
    if (status !== 0 || count !== slices) throw new Error(`${target.name} sent ${count} of ${slices} instances, status ${status.toString(16)}`);
    return bytes / 1e6 / ((performance.now() - began) / 1000);
  });
}
