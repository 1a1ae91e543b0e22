import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createDicomwebRouter, type DicomwebOptions } from '../../src/edges/dicomweb/dicomweb-router.ts';
import { createWadoUriRouter } from '../../src/edges/dicomweb/wado-uri.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { Metrics } from '../../src/foundation/metrics.ts';
import { DataSet, type Element } from '../../src/standards/dicom/data-set.ts';
import { element } from '../../src/standards/dicom/element.ts';
import { writePart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { InstanceIntake } from '../../src/stages/intake/instance-intake.ts';
import { Database } from '../../src/store/database.ts';
import { SegmentReader } from '../../src/store/segments/segment-reader.ts';
import { createApp } from '../../src/transport/http/express-app.ts';
import { startHttpServer } from '../../src/transport/http/http-server.ts';
import { testDatabase } from './database.ts';

export interface ArchiveFixture {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly intake: InstanceIntake;
  /** `http://127.0.0.1:port/dicom-web`. */
  readonly url: string;
  /** Stores files over STOW-RS; the response. */
  stow(files: readonly Uint8Array[], study?: string): Promise<Response>;
  close(): Promise<void>;
}

/** A real archive: PostgreSQL, segments, intake and the DICOMweb service on a port of its own. */
export async function archiveFixture(changes: Partial<DicomwebOptions> = {}): Promise<ArchiveFixture> {
  const home = await testDatabase();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-archive-'));
  const database = new Database({ url: home.url, applicationName: 'test' });
  const intake = await InstanceIntake.start({
    database, protocol: 'stow', clock: systemClock, log: silentLog, metrics: new Metrics(),
    segments: { folder, writer: 'web', segmentBytes: 16 << 20, spareSegments: 0, lowBytes: 1 },
  });
  const segments = new SegmentReader(folder);
  const app = createApp({ tls: false });
  app.use('/dicom-web', createDicomwebRouter({ database, segments, receiver: intake, aeTitle: 'ISOCENTER', maxResults: 1000, clock: systemClock, adminToken: 'letmein', log: silentLog, ...changes }));
  app.use('/wado', createWadoUriRouter({ database, segments, log: silentLog }));
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, handler: app });
  const url = `${server.url}/dicom-web`;
  return {
    database, segments, intake, url,
    stow: (files, study) => fetch(`${url}/studies${study === undefined ? '' : `/${study}`}`, { method: 'POST', headers: { 'Content-Type': 'multipart/related; type="application/dicom"; boundary=BOUND', Accept: 'application/dicom+json' }, body: multipartOf(files) }),
    close: async () => {
      await server.stop(1_000);
      await intake.stop(5_000);
      segments.close();
      await database.close();
      await home.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The body of a STOW request with boundary BOUND. */
export function multipartOf(files: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...files.flatMap((file) => [Buffer.from('\r\n--BOUND\r\nContent-Type: application/dicom\r\n\r\n'), Buffer.from(file)]), Buffer.from('\r\n--BOUND--\r\n')]);
}

/** A small CT image; `changes` replace or add elements. */
export function smallImage(study: string, series: string, instance: string, changes: readonly Element[] = []): DataSet {
  return DataSet.of([
    element(tags.SpecificCharacterSet, 'CS', 'ISO_IR 192'),
    element(tags.SOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    element(tags.SOPInstanceUID, 'UI', instance),
    element(tags.StudyInstanceUID, 'UI', study),
    element(tags.SeriesInstanceUID, 'UI', series),
    element(tags.StudyDate, 'DA', '20260102'),
    element(tags.StudyTime, 'TM', '101500'),
    element(tags.AccessionNumber, 'SH', 'ACC1'),
    element(tags.StudyID, 'SH', 'S1'),
    element(tags.Modality, 'CS', 'CT'),
    element(tags.PatientName, 'PN', 'Yamada^Tarou=山田^太郎=やまだ^たろう'),
    element(tags.PatientID, 'LO', 'P1'),
    element(tags.PatientBirthDate, 'DA', '19700101'),
    element(tags.PatientSex, 'CS', 'M'),
    element(tags.ReferringPhysicianName, 'PN', 'Doe^Jane'),
    element(tags.SeriesNumber, 'IS', 1),
    element(tags.InstanceNumber, 'IS', Number(instance.split('.').at(-1))),
    element(tags.SamplesPerPixel, 'US', 1),
    element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.Rows, 'US', 4),
    element(tags.Columns, 'US', 4),
    element(tags.BitsAllocated, 'US', 16),
    element(tags.BitsStored, 'US', 12),
    element(tags.HighBit, 'US', 11),
    element(tags.PixelRepresentation, 'US', 0),
    element(tags.PixelData, 'OW', Uint8Array.from({ length: 32 }, (_, n) => n)),
    ...changes,
  ]);
}

export function fileOf(dataSet: DataSet, transferSyntaxUid = '1.2.840.10008.1.2.1'): Uint8Array {
  return writePart10({ dataSet, transferSyntaxUid });
}
