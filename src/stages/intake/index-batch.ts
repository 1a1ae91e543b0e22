import { raiseAlert } from '../../store/alert.ts';
import { recordArrivals, upsertGroups, type GroupArrival, type StudyGroupArrival } from '../../store/arrival.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Tx } from '../../store/database.ts';
import { activeInstances, insertInstances, recordsWithRow, type NewInstance } from '../../store/instance.ts';
import { insertQuarantined } from '../../store/quarantine.ts';
import { advanceWatermarks, type SegmentWatermark } from '../../store/segment-index.ts';
import { RECORD_HEADER_BYTES } from '../../store/segments/record-format.ts';
import { countInstances, upsertSeries } from '../../store/series.ts';
import { announceStudies, countArrivals, holdStudies, lockStudies } from '../../store/study-index.ts';
import { checkPatients, sortRecords, type ArrivedRecord, type QuarantinedRecord } from './decide-batch.ts';
import { alertOf } from './quarantine-alerts.ts';

export interface IndexBatch {
  readonly writer: string;
  readonly records: readonly ArrivedRecord[];
  /** Groups that brought records of this batch, or ended with it. */
  readonly groups: readonly GroupArrival[];
  readonly watermarks: readonly SegmentWatermark[];
  /** True when records may have rows already (recovery, repetition after a lost answer). */
  readonly mayBeKnown: boolean;
  readonly at: Date;
}

export interface IndexedBatch {
  readonly stored: number;
  readonly duplicates: number;
  readonly quarantined: number;
}

/** Indexes durable records: all rows of all tables in the caller's transaction. Safe to repeat with the same records. */
export async function indexBatch(tx: Tx, batch: IndexBatch): Promise<IndexedBatch> {
  const records = batch.mayBeKnown ? await withoutRow(tx, batch) : batch.records;
  const uids = [...new Set(records.map((arrived) => arrived.header.sopInstanceUid).filter((uid) => uid !== null))];
  const active = new Map((await activeInstances(tx, uids)).map((row) => [row.sop_instance_uid, row]));
  const sorted = sortRecords(records, active);
  const placed = await placeFresh(tx, sorted.fresh, batch.at);
  const duplicates = sorted.duplicates.flatMap(({ arrived, seriesRowId }) => {
    const row = seriesRowId ?? placed.seriesOf(arrived);
    return row === undefined ? [] : [rowOf(arrived, row, batch.writer, 'duplicate')];
  });
  // A copy of something that itself went to quarantine goes the same way.
  const orphans = sorted.duplicates.filter(({ arrived, seriesRowId }) => seriesRowId === undefined && placed.seriesOf(arrived) === undefined).map(({ arrived }) => ({ arrived, reason: 'patient-conflict' as const }));
  const quarantined = [...sorted.quarantined, ...placed.quarantined, ...orphans];
  const stored = placed.kept.map((arrived) => rowOf(arrived, placed.seriesOf(arrived)!, batch.writer, 'active'));
  await insertInstances(tx, [...stored, ...duplicates]);
  await countInstances(tx, placed.seriesCounts);
  await countArrivals(tx, placed.studyCounts, batch.at);
  await quarantine(tx, quarantined, batch);
  await upsertGroups(tx, batch.groups);
  await recordArrivals(tx, arrivalsOf(placed.kept), batch.at);
  await advanceWatermarks(tx, batch.writer, batch.watermarks);
  await announceStudies(tx, [...new Set([...placed.kept, ...quarantined.map((q) => q.arrived)].map((arrived) => arrived.header.study.studyInstanceUid).filter((uid) => uid !== null))]);
  return { stored: stored.length, duplicates: duplicates.length, quarantined: quarantined.length };
}

interface Placed {
  readonly kept: readonly ArrivedRecord[];
  readonly quarantined: readonly QuarantinedRecord[];
  readonly seriesOf: (arrived: ArrivedRecord) => number | undefined;
  readonly seriesCounts: readonly { readonly id: number; readonly instances: number }[];
  readonly studyCounts: readonly { readonly id: number; readonly instances: number; readonly lastReceivedAt: Date }[];
}

async function withoutRow(tx: Tx, batch: IndexBatch): Promise<ArrivedRecord[]> {
  const known = await recordsWithRow(tx, batch.writer, batch.records.map((arrived) => arrived.record));
  return batch.records.filter(({ record }) => !known.has(`${record.segment}/${record.offset}`));
}

/** Finds or makes study and series of the new instances; sets those aside that do not belong where they claim to. */
async function placeFresh(tx: Tx, fresh: readonly ArrivedRecord[], at: Date): Promise<Placed> {
  const firstOfStudy = firstBy(fresh, (arrived) => arrived.header.study.studyInstanceUid!);
  const locked = await lockStudies(tx, [...firstOfStudy.values()].map(({ record, header }) => ({ ...header.study, receivedAt: new Date(record.receivedAt) })));
  const studies = new Map(locked.map((study) => [study.study_instance_uid, study]));
  const { kept: ofPatient, conflicts } = checkPatients(fresh, studies);
  const firstOfSeries = firstBy(ofPatient, (arrived) => arrived.header.series.seriesInstanceUid!);
  const rows = await upsertSeries(tx, [...firstOfSeries.values()].map(({ header }) => ({ ...header.series, studyRowId: studies.get(header.study.studyInstanceUid!)!.id, origin: 'received' as const })), at);
  const series = new Map(rows.map((row) => [row.series_instance_uid, row]));
  const studyIdOf = (arrived: ArrivedRecord): number => studies.get(arrived.header.study.studyInstanceUid!)!.id;
  const isInItsStudy = (arrived: ArrivedRecord): boolean => series.get(arrived.header.series.seriesInstanceUid!)?.study_id === studyIdOf(arrived);
  const kept = ofPatient.filter((arrived) => isInItsStudy(arrived));
  const strays = ofPatient.filter((arrived) => !isInItsStudy(arrived));
  const rowByUid = new Map(kept.map(({ header }) => [header.sopInstanceUid!, series.get(header.series.seriesInstanceUid!)!.id]));
  return {
    kept,
    quarantined: [...conflicts.map((arrived) => ({ arrived, reason: 'patient-conflict' as const })), ...strays.map((arrived) => ({ arrived, reason: 'uid-mismatch' as const }))],
    seriesOf: ({ header }) => rowByUid.get(header.sopInstanceUid!),
    seriesCounts: [...countBy(kept, ({ header }) => rowByUid.get(header.sopInstanceUid!)!)].map(([id, some]) => ({ id, instances: some.length })),
    studyCounts: [...countBy(kept, studyIdOf)].map(([id, some]) => ({ id, instances: some.length, lastReceivedAt: new Date(Math.max(...some.map(({ record }) => record.receivedAt))) })),
  };
}

async function quarantine(tx: Tx, quarantined: readonly QuarantinedRecord[], batch: IndexBatch): Promise<void> {
  if (quarantined.length === 0) return;
  await insertQuarantined(tx, quarantined.map(({ arrived: { record, header }, reason }) => ({
    reason, studyInstanceUid: header.study.studyInstanceUid, seriesInstanceUid: header.series.seriesInstanceUid, sopInstanceUid: header.sopInstanceUid, sopClassUid: header.sopClassUid,
    transferSyntaxUid: record.transferSyntaxUid, patientId: header.study.patientId, issuerOfPatientId: header.study.issuerOfPatientId, groupId: record.groupId, ...placeOf({ record, header }, batch.writer),
  })));
  const held = quarantined.filter((one) => one.reason === 'patient-conflict').map((one) => one.arrived.header.study.studyInstanceUid!);
  await holdStudies(tx, [...new Set(held)], 'patient-conflict', batch.at);
  for (const [, some] of countBy(quarantined, (one) => `${one.reason} ${one.arrived.header.study.studyInstanceUid ?? one.arrived.record.callingAe}`)) {
    const { arrived, reason } = some[0]!;
    await raiseAlert(tx, alertOf(reason, arrived, batch.at));
    await recordAudit(tx, {
      at: batch.at, actor: arrived.record.callingAe, action: 'instances.quarantined', outcome: 4, objectType: 'study', objectId: arrived.header.study.studyInstanceUid ?? '',
      studyInstanceUid: arrived.header.study.studyInstanceUid, detail: { reason, instances: some.length, group: arrived.record.groupId },
    });
  }
}

function rowOf(arrived: ArrivedRecord, seriesRowId: number, writer: string, state: 'active' | 'duplicate'): NewInstance {
  const { record, header } = arrived;
  return {
    seriesRowId, sopInstanceUid: header.sopInstanceUid!, sopClassUid: header.sopClassUid ?? record.sopClassUid, transferSyntaxUid: record.transferSyntaxUid,
    instanceNumber: header.instanceNumber, rows: header.rows, columns: header.columns, bitsAllocated: header.bitsAllocated, numberOfFrames: header.numberOfFrames,
    state, origin: 'received', groupId: record.groupId, ...placeOf(arrived, writer),
  };
}

function placeOf({ record }: ArrivedRecord, writer: string): Pick<NewInstance, 'writer' | 'segment' | 'recordOffset' | 'dataOffset' | 'dataLength' | 'headerLength' | 'crc32' | 'receivedAt'> {
  return {
    writer, segment: record.segment, recordOffset: record.offset, dataOffset: record.offset + RECORD_HEADER_BYTES, dataLength: record.dataLength,
    headerLength: Math.min(record.headerLength, 2 ** 31 - 1), crc32: record.crc32, receivedAt: new Date(record.receivedAt),
  };
}

function arrivalsOf(kept: readonly ArrivedRecord[]): StudyGroupArrival[] {
  return [...countBy(kept, ({ record, header }) => `${record.groupId} ${header.study.studyInstanceUid!}`).values()].map((some) => {
    const { record, header } = some[0]!;
    const times = some.map((arrived) => arrived.record.receivedAt);
    return {
      groupId: record.groupId, callingAe: record.callingAe, studyInstanceUid: header.study.studyInstanceUid!, instances: some.length,
      firstAt: new Date(Math.min(...times)), lastAt: new Date(Math.max(...times)), bytes: some.reduce((sum, arrived) => sum + arrived.record.dataLength, 0),
      subject: some.length === 1 ? header.sopInstanceUid : null,
    };
  });
}

function firstBy<K>(records: readonly ArrivedRecord[], keyOf: (arrived: ArrivedRecord) => K): Map<K, ArrivedRecord> {
  const first = new Map<K, ArrivedRecord>();
  for (const arrived of records) if (!first.has(keyOf(arrived))) first.set(keyOf(arrived), arrived);
  return first;
}

function countBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
