import { scanHeader } from '../standards/dicom/header-scan.ts';
import type { Tx } from './database.ts';
import { indexedTags, instanceHeaderOf, type InstanceHeader } from './instance-header.ts';
import { insertInstances } from './instance.ts';
import type { BlobAddress } from './segments/blob-address.ts';
import type { RecordHeader } from './segments/record-format.ts';
import { addressOf, type SegmentWriter } from './segments/segment-writer.ts';
import { countInstances, upsertSeries } from './series.ts';
import { announceStudies, touchStudy } from './study-index.ts';

/** An object of our own whose bytes are durable, not yet visible. */
export interface DurableResult {
  readonly address: BlobAddress;
  readonly crc32: number;
  readonly record: RecordHeader;
  readonly header: InstanceHeader;
  readonly transferSyntaxUid: string;
}

export interface NewResult {
  /** The data set, encoded, without preamble and file meta. */
  readonly dataSet: Uint8Array;
  readonly transferSyntaxUid: string;
  readonly traceId: string;
  readonly at: Date;
}

/**
 * Makes the bytes of a result durable. Nobody sees them before `indexResult`; when its transaction does not commit, they stay a record
 * without a row, which no recovery brings to light.
 *
 * Errors: `STORE_FULL`, `STORE_WRITE_FAILED` (transient).
 */
export async function appendResult(writer: SegmentWriter, result: NewResult): Promise<DurableResult> {
  const scanned = scanHeader(result.dataSet, result.transferSyntaxUid, indexedTags);
  if (!scanned.ok) throw new Error(`our own result does not parse: ${scanned.fault.code}`);
  const header = instanceHeaderOf(scanned.value.values);
  const sink = writer.newRecord();
  await sink.write(result.dataSet);
  const record = await sink.commit({
    transferSyntaxUid: result.transferSyntaxUid,
    sopClassUid: header.sopClassUid ?? '',
    sopInstanceUid: header.sopInstanceUid ?? '',
    studyInstanceUid: header.study.studyInstanceUid ?? '',
    seriesInstanceUid: header.series.seriesInstanceUid ?? '',
    groupId: result.traceId,
    protocol: 'result',
    callingAe: '',
    calledAe: '',
    remoteAddress: '',
    verdict: '',
    origin: 'result',
    receivedAt: result.at.getTime(),
    headerLength: scanned.value.headerLength,
  });
  return { address: addressOf(writer.writer, record), crc32: record.crc32, record, header, transferSyntaxUid: result.transferSyntaxUid };
}

/**
 * Makes durable results visible, in the transaction that finishes their job: series (made when missing) and instance rows, the study's
 * changed_at, a hint to whoever watches studies.
 *
 * @returns the row ids in `instance`, in the order given
 * Errors: an unknown study is our own mistake (results lie in the study they were made from) and throws.
 */
export async function indexResults(tx: Tx, results: readonly DurableResult[], at: Date): Promise<number[]> {
  const ids: number[] = [];
  for (const result of results) ids.push(await indexResult(tx, result, at));
  return ids;
}

/** One result; see `indexResults`. */
export async function indexResult(tx: Tx, result: DurableResult, at: Date): Promise<number> {
  const { header, record, address } = result;
  const studyUid = header.study.studyInstanceUid;
  const studyRowId = studyUid === null ? undefined : await touchStudy(tx, studyUid, at);
  if (studyUid === null || studyRowId === undefined) throw new Error('a result must lie in a study of the index');
  const [series] = await upsertSeries(tx, [{ ...header.series, studyRowId, origin: 'result' }], at);
  if (series?.study_id !== studyRowId) throw new Error('the series of a result lies in another study');
  const [id] = await insertInstances(tx, [
    {
      seriesRowId: series.id, sopInstanceUid: header.sopInstanceUid!, sopClassUid: header.sopClassUid!, transferSyntaxUid: result.transferSyntaxUid,
      instanceNumber: header.instanceNumber, rows: header.rows, columns: header.columns, bitsAllocated: header.bitsAllocated, numberOfFrames: header.numberOfFrames,
      writer: address.writer, segment: address.segment, recordOffset: record.offset, dataOffset: address.offset, dataLength: address.length,
      headerLength: record.headerLength, crc32: result.crc32, state: 'active', origin: 'result', groupId: record.groupId, receivedAt: at,
    },
  ]);
  await countInstances(tx, [{ id: series.id, instances: 1 }]);
  await announceStudies(tx, [studyUid]);
  return id!;
}
