import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import type { Database } from '../../store/database.ts';
import { correctRow, miscounts, recordRowsOf, recount, segmentsWithRows, type RecordRow } from '../../store/record-rows.ts';
import { watermarksOf } from '../../store/segment-index.ts';
import { isWriterName, segmentNumberOf } from '../../store/segments/blob-address.ts';
import { RECORD_HEADER_BYTES, type RecordHeader } from '../../store/segments/record-format.ts';
import { SegmentScan, type ScannedRecord } from '../../store/segments/segment-scan.ts';
import { ArrivalGroups } from './arrival-groups.ts';
import { headerOf } from './backlog.ts';
import type { ArrivedRecord } from './decide-batch.ts';
import { indexBatch } from './index-batch.ts';

/**
 * - `damaged`: the bytes do not have their checksum any more. Not repairable; fetch the object again from its source.
 * - `row-without-record`: the index points at bytes that are not there. Not repairable.
 * - `row-differs`: place, length or checksum in the index are not those of the record. Repaired from the record.
 * - `not-indexed`: an acknowledged record without a row, behind the mark up to which everything is indexed. Repaired: it is indexed.
 * - `miscounted`: a study or series counts other instances than it has. Repaired.
 */
export interface StoreFault {
  readonly kind: 'damaged' | 'row-without-record' | 'row-differs' | 'not-indexed' | 'miscounted';
  /** `writer/segment/offset` of the record, or the UID of what is miscounted. */
  readonly where: string;
  readonly sopInstanceUid: string | null;
  readonly repaired: boolean;
}

export interface StoreReport {
  readonly segments: number;
  readonly records: number;
  readonly bytes: number;
  /** Ends of writes that a kill cut off: never acknowledged, no fault. */
  readonly torn: number;
  /** Durable and not indexed yet, in front of the mark: the gateway indexes them, now or at its next start. */
  readonly waiting: number;
  /** Results whose transaction did not commit: nobody was told of them, no fault. */
  readonly unusedResults: number;
  readonly faults: readonly StoreFault[];
}

export interface CheckStoreOptions {
  readonly database: Database;
  /** The store's `segments` folder. */
  readonly folder: string;
  readonly clock: Clock;
  readonly repair: boolean;
}

const REINDEX_BATCH = 200;

/** Reads every record of every writer, holds segments and index against each other both ways, and repairs the index. Safe beside a running gateway. */
export async function checkStore(options: CheckStoreOptions): Promise<StoreReport> {
  const check = new StoreCheck(options);
  for (const writer of await writersOf(options.folder)) await check.writer(writer);
  await check.rowsElsewhere();
  await check.counts();
  return check.report;
}

class StoreCheck {
  readonly report = { segments: 0, records: 0, bytes: 0, torn: 0, waiting: 0, unusedResults: 0, faults: [] as StoreFault[] };
  readonly #options: CheckStoreOptions;
  readonly #seen = new Set<string>();

  constructor(options: CheckStoreOptions) {
    this.#options = options;
  }

  async writer(writer: string): Promise<void> {
    const folder = path.join(this.#options.folder, writer);
    const marks = await watermarksOf(this.#options.database, writer);
    for (const name of (await readdir(folder)).sort()) {
      const segment = segmentNumberOf(name);
      if (segment !== undefined) await this.#segment(writer, path.join(folder, name), segment, marks.get(segment) ?? 0);
    }
  }

  /** Rows that point into segments which are not there at all. */
  async rowsElsewhere(): Promise<void> {
    for (const { writer, segment } of await segmentsWithRows(this.#options.database)) {
      if (this.#seen.has(`${writer}/${segment}`)) continue;
      for (const row of await recordRowsOf(this.#options.database, writer, segment)) this.#fault('row-without-record', `${writer}/${segment}/${row.record_offset}`, row.sop_instance_uid, false);
    }
  }

  async counts(): Promise<void> {
    const { database, repair } = this.#options;
    const { studies, series } = await miscounts(database);
    for (const [table, rows] of [['study', studies], ['series', series]] as const) {
      for (const row of rows) {
        if (repair) await recount(database, table, row);
        this.#fault('miscounted', row.uid, null, repair);
      }
    }
  }

  async #segment(writer: string, file: string, segment: number, indexedTo: number): Promise<void> {
    const scan = await SegmentScan.open(file);
    if (scan === undefined) return;
    this.#seen.add(`${writer}/${segment}`);
    this.report.segments += 1;
    try {
      const rows = new Map((await recordRowsOf(this.#options.database, writer, segment)).map((row) => [row.record_offset, row]));
      let missing: ArrivedRecord[] = [];
      for await (const found of scan.records({ verifyData: true })) {
        const row = rows.get(found.header.offset);
        rows.delete(found.header.offset);
        if (await this.#lacksRow(writer, found, row, indexedTo)) missing.push({ record: found.header, header: await headerOf(scan, found.header) });
        if (missing.length >= REINDEX_BATCH) missing = await this.#reindex(writer, missing);
      }
      await this.#reindex(writer, missing);
      for (const row of rows.values()) this.#fault('row-without-record', `${writer}/${segment}/${row.record_offset}`, row.sop_instance_uid, false);
    } finally {
      await scan.close();
    }
  }

  /** True when the record ought to have a row and has none. */
  async #lacksRow(writer: string, found: ScannedRecord, row: RecordRow | undefined, indexedTo: number): Promise<boolean> {
    const { header, state } = found;
    const where = `${writer}/${header.segment}/${header.offset}`;
    if (state === 'torn' && row === undefined) {
      this.report.torn += 1;
      return false;
    }
    this.report.records += 1;
    this.report.bytes += header.dataLength;
    if (state !== 'whole') this.#fault('damaged', where, header.sopInstanceUid, false);
    else if (row !== undefined) await this.#compare(where, header, row);
    else if (header.origin === 'result') this.report.unusedResults += 1;
    else if (header.offset >= indexedTo) this.report.waiting += 1;
    else return true;
    return false;
  }

  async #compare(where: string, header: RecordHeader, row: RecordRow): Promise<void> {
    const dataOffset = header.offset + RECORD_HEADER_BYTES;
    if (row.data_offset === dataOffset && row.data_length === header.dataLength && row.crc32 === header.crc32) return;
    if (this.#options.repair) await correctRow(this.#options.database, row, { dataOffset, dataLength: header.dataLength, crc32: header.crc32 });
    this.#fault('row-differs', where, row.sop_instance_uid, this.#options.repair);
  }

  async #reindex(writer: string, records: readonly ArrivedRecord[]): Promise<ArrivedRecord[]> {
    const { database, clock, repair } = this.#options;
    if (records.length === 0) return [];
    if (repair) {
      const groups = new ArrivalGroups(clock).rowsFor(records);
      await database.transaction((tx) => indexBatch(tx, { writer, records, groups, watermarks: [], mayBeKnown: true, at: new Date(clock.now()) }));
    }
    for (const { record } of records) this.#fault('not-indexed', `${writer}/${record.segment}/${record.offset}`, record.sopInstanceUid, repair);
    return [];
  }

  #fault(kind: StoreFault['kind'], where: string, sopInstanceUid: string | null, repaired: boolean): void {
    this.report.faults.push({ kind, where, sopInstanceUid, repaired });
  }
}

async function writersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  });
  return entries.filter((entry) => entry.isDirectory() && isWriterName(entry.name)).map((entry) => entry.name);
}
