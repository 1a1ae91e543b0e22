import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import type { RecordDescription } from '../../src/store/segments/record-format.ts';
import { SegmentWriter, type SegmentWriterOptions } from '../../src/store/segments/segment-writer.ts';

/** A folder for one test, removed when mocha's process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-segments-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A writer with small segments and no spares, so that tests are quick. */
export function openWriter(folder: string, options: Partial<SegmentWriterOptions> = {}): Promise<SegmentWriter> {
  return SegmentWriter.open({ folder, writer: 'intake', clock: systemClock, log: silentLog, segmentBytes: 4 << 20, spareSegments: 0, lowBytes: 0, fullBytes: 0, ...options });
}

export function describeRecord(part: Partial<RecordDescription> = {}): RecordDescription {
  return {
    transferSyntaxUid: '1.2.840.10008.1.2.1', sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '2.25.1', studyInstanceUid: '2.25.2', seriesInstanceUid: '2.25.3', groupId: 'group',
    protocol: 'dimse', callingAe: 'CT1', calledAe: 'ISOCENTER', remoteAddress: '127.0.0.1', verdict: '', origin: 'received', receivedAt: 1_790_000_000_123, headerLength: 0, ...part,
  };
}

/** Bytes that differ between seeds and positions. */
export function sampleBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let x = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < length; i += 1) {
    x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0;
    bytes[i] = x & 0xff;
  }
  return bytes;
}
