import path from 'node:path';
import type { DataSet } from '../../src/standards/dicom/data-set.ts';
import { writeDataSet } from '../../src/standards/dicom/data-set-writer.ts';
import { scanHeader } from '../../src/standards/dicom/header-scan.ts';
import { explicitLittleEndian } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { silentLog } from '../../src/foundation/log.ts';
import type { Clock } from '../../src/foundation/clock.ts';
import type { Database, Tx } from '../../src/store/database.ts';
import { claimJob, insertJob, type Job } from '../../src/store/inference-job.ts';
import { indexedTags, instanceHeaderOf } from '../../src/store/instance-header.ts';
import { insertInstances } from '../../src/store/instance.ts';
import { SegmentReader } from '../../src/store/segments/segment-reader.ts';
import { addressOf, type SegmentWriter } from '../../src/store/segments/segment-writer.ts';
import { countInstances, upsertSeries } from '../../src/store/series.ts';
import { lockStudies } from '../../src/store/study-index.ts';
import { insertWorkitem } from '../../src/store/workitem.ts';
import { context, model, sourceDataSets, sourceImages } from '../unit/result-objects/synthetic-analysis.ts';
import type { ResultWriterDependencies } from '../../src/stages/results/result-dependencies.ts';
import { describeRecord, openWriter, temporaryFolder } from './segments.ts';

const at = new Date(Date.UTC(2026, 0, 2, 10));

/** A store with the synthetic chest CT received and indexed. */
export interface ReceivedStudy {
  readonly writer: SegmentWriter;
  readonly segments: SegmentReader;
  readonly studyId: number;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  close(): Promise<void>;
}

export async function receiveSyntheticStudy(database: Database): Promise<ReceivedStudy> {
  const folder = path.join(temporaryFolder(), 'segments');
  const intake = await openWriter(folder, { writer: 'intake' });
  let studyId = 0;
  for (const dataSet of sourceDataSets()) studyId = await storeReceived(database, intake, dataSet);
  await intake.close();
  const writer = await openWriter(folder, { writer: 'work' });
  const segments = new SegmentReader(folder);
  const [header] = sourceDataSets();
  return {
    writer,
    segments,
    studyId,
    studyInstanceUid: header!.string(0x0020000d)!,
    seriesInstanceUid: header!.string(0x0020000e)!,
    close: async () => {
      segments.close();
      await writer.close();
    },
  };
}

/** A claimed job of the synthetic study, with its workitem. */
export async function claimedJob(tx: Tx, received: ReceivedStudy, deliver: readonly string[], jobKey = 'job-1'): Promise<Job> {
  const made = await insertJob(tx, {
    jobKey, traceId: 'group-1', studyId: received.studyId, studyInstanceUid: received.studyInstanceUid, seriesInstanceUid: received.seriesInstanceUid, rule: 'chest',
    modelId: model.id, modelVersion: model.version, modelDigest: model.digest, priority: 0, input: { instances: sourceImages.map((image) => image.sopInstanceUid), partial: false },
    inputDigest: 'cd'.repeat(32), eligibility: { reasons: [], warnings: [] }, deliver, state: 'queued', at,
  });
  await insertWorkitem(tx, `2.25.${made!.id}`, made!.id, {}, at);
  const job = await claimJob(tx, 'work', new Date(at.getTime() + 3_600_000), at, [model.id]);
  return job!;
}

export function resultDependencies(database: Database, received: ReceivedStudy, clock: Clock, destinations: ResultWriterDependencies['destinations']): ResultWriterDependencies {
  return { database, segments: received.segments, writer: received.writer, clock, log: silentLog, worker: 'work', gateway: context.gateway, utcOffsetMinutes: () => 60, destinations };
}

async function storeReceived(database: Database, writer: SegmentWriter, dataSet: DataSet): Promise<number> {
  const bytes = writeDataSet(dataSet, explicitLittleEndian);
  const scanned = scanHeader(bytes, explicitLittleEndian, indexedTags);
  if (!scanned.ok) throw new Error('the fixture does not parse');
  const header = instanceHeaderOf(scanned.value.values);
  const sink = writer.newRecord();
  await sink.write(bytes);
  const record = await sink.commit(describeRecord({ sopInstanceUid: header.sopInstanceUid!, studyInstanceUid: header.study.studyInstanceUid!, headerLength: scanned.value.headerLength }));
  const address = addressOf('intake', record);
  return database.transaction(async (tx) => {
    const [study] = await lockStudies(tx, [{ ...header.study, receivedAt: at }]);
    const [series] = await upsertSeries(tx, [{ ...header.series, studyRowId: study!.id, origin: 'received' }], at);
    await insertInstances(tx, [
      {
        seriesRowId: series!.id, sopInstanceUid: header.sopInstanceUid!, sopClassUid: header.sopClassUid!, transferSyntaxUid: explicitLittleEndian, instanceNumber: header.instanceNumber,
        rows: header.rows, columns: header.columns, bitsAllocated: header.bitsAllocated, numberOfFrames: null, writer: 'intake', segment: address.segment, recordOffset: record.offset,
        dataOffset: address.offset, dataLength: address.length, headerLength: record.headerLength, crc32: record.crc32, state: 'active', origin: 'received', groupId: 'group-1', receivedAt: at,
      },
    ]);
    await countInstances(tx, [{ id: series!.id, instances: 1 }]);
    return study!.id;
  });
}
