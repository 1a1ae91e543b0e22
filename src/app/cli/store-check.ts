import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Database } from '../../store/database.ts';
import { segmentFileName, segmentNumberOf } from '../../store/segments/blob-address.ts';
import { SegmentScan } from '../../store/segments/segment-scan.ts';
import { addressedSegments, rowsOfSegment } from '../../store/store-check.ts';
import { segmentsFolder } from '../segment-writer-component.ts';
import { withGatewayDatabase } from './gateway-database.ts';

interface Tally {
  segments: number;
  records: number;
  rows: number;
  readonly faults: string[];
}

/**
 * `isocenter store check`: reads every record of every segment, recomputes its checksum, and holds the index to it. 0 = every row has
 * its bytes, whole and with their checksum; 1 = not, with every fault named. Also while the gateway runs.
 */
export function storeCheck(options: { readonly config?: string }): Promise<number> {
  return withGatewayDatabase(options.config, async (database, config) => {
    const folder = segmentsFolder(config.dataDir);
    const tally: Tally = { segments: 0, records: 0, rows: 0, faults: [] };
    const addressed = await addressedSegments(database);
    for (const { writer, segment, rows } of addressed) {
      if (!existsSync(path.join(folder, writer, segmentFileName(segment)))) tally.faults.push(`${writer}/${segmentFileName(segment)} is missing; ${rows} rows address it`);
    }
    for (const { writer, segment } of segmentsIn(folder)) await checkSegment(database, folder, writer, segment, tally);
    for (const entry of tally.faults) console.error(entry);
    console.log(`${tally.segments} segments, ${tally.records} records, ${tally.rows} rows, ${tally.faults.length} faults`);
    return tally.faults.length === 0 ? 0 : 1;
  });
}

function segmentsIn(folder: string): { writer: string; segment: number }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap(({ name: writer }) =>
    readdirSync(path.join(folder, writer)).flatMap((file) => {
      const segment = segmentNumberOf(file);
      return segment === undefined ? [] : [{ writer, segment }];
    }),
  );
}

async function checkSegment(database: Database, folder: string, writer: string, segment: number, tally: Tally): Promise<void> {
  const name = `${writer}/${segmentFileName(segment)}`;
  // Rows first: what is written while we look has its row later than its record.
  const rows = await rowsOfSegment(database, writer, segment);
  const scan = await SegmentScan.open(path.join(folder, writer, segmentFileName(segment)));
  tally.segments += 1;
  tally.rows += rows.length;
  const whole = new Map<number, { readonly dataLength: number; readonly crc32: number }>();
  if (scan !== undefined) {
    for await (const { header, state } of scan.records({ verifyData: true })) {
      tally.records += 1;
      if (state === 'damaged') tally.faults.push(`${name} at ${header.offset}: the bytes of ${header.sopInstanceUid} do not have their checksum`);
      if (state !== 'torn') whole.set(header.offset, header);
    }
    await scan.close();
  }
  for (const row of rows) {
    const record = whole.get(row.record_offset);
    if (record === undefined) tally.faults.push(`${name} at ${row.record_offset}: a row addresses a record that is not there`);
    else if (record.dataLength !== row.data_length || record.crc32 !== row.crc32) tally.faults.push(`${name} at ${row.record_offset}: row and record differ in length or checksum`);
  }
}
