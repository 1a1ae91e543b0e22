import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AeRights } from '../../src/edges/dicom-scp/ae-rights.ts';
import { CommitmentReporter } from '../../src/edges/dicom-scp/commitment/commitment-reporter.ts';
import { CommitmentScp } from '../../src/edges/dicom-scp/commitment/commitment-scp.ts';
import { DicomScp } from '../../src/edges/dicom-scp/dicom-scp.ts';
import { PerformedStepScp } from '../../src/edges/dicom-scp/performed-step/performed-step-scp.ts';
import { FindScp } from '../../src/edges/dicom-scp/query-retrieve/find-scp.ts';
import { GetScp } from '../../src/edges/dicom-scp/query-retrieve/get-scp.ts';
import { MoveScp } from '../../src/edges/dicom-scp/query-retrieve/move-scp.ts';
import { answerFailure } from '../../src/edges/dicom-scp/query-retrieve/retrieve-request.ts';
import { WorklistScp } from '../../src/edges/dicom-scp/worklist/worklist-scp.ts';
import { recordCommitmentResult } from '../../src/archive/commitment-results.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { silentLog } from '../../src/foundation/log.ts';
import { Metrics } from '../../src/foundation/metrics.ts';
import { CommitmentResultService } from '../../src/peers/dimse/commitment-result-service.ts';
import type { CallContext, DimsePeer } from '../../src/peers/dimse/dimse-peer.ts';
import { sendInstances } from '../../src/peers/dimse/send-instances.ts';
import type { DataSet } from '../../src/standards/dicom/data-set.ts';
import { writeDataSet } from '../../src/standards/dicom/data-set-writer.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { InstanceIntake } from '../../src/stages/intake/instance-intake.ts';
import { Database } from '../../src/store/database.ts';
import { SegmentReader } from '../../src/store/segments/segment-reader.ts';
import { testDatabase } from './database.ts';

export interface DimseArchive {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly folder: string;
  readonly port: number;
  readonly reporter: CommitmentReporter;
  /** AE titles this archive can call; add to it. */
  readonly peers: Map<string, DimsePeer>;
  /** Rights that are not everything, by AE title; add to it. */
  readonly rights: Map<string, AeRights>;
  /** The archive as a peer. */
  peer(callingAe?: string): DimsePeer;
  /** C-STOREs data sets; the statuses. */
  store(dataSets: readonly DataSet[], options?: { readonly transferSyntaxUid?: string; readonly callingAe?: string }): Promise<readonly (number | string)[]>;
  close(): Promise<void>;
}

export const call = (): CallContext => ({ clock: systemClock, log: silentLog, signal: AbortSignal.timeout(20_000) });

/** A real archive with every DIMSE service on a free port of loopback: PostgreSQL, segments, intake. AE title ISOCENTER. */
export async function dimseArchive(): Promise<DimseArchive> {
  const home = await testDatabase();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isocenter-dimse-archive-'));
  const database = new Database({ url: home.url, applicationName: 'test' });
  const intake = await InstanceIntake.start({
    database, protocol: 'dimse', clock: systemClock, log: silentLog, metrics: new Metrics(),
    segments: { folder, writer: 'intake', segmentBytes: 16 << 20, spareSegments: 0, lowBytes: 1 },
  });
  const segments = new SegmentReader(folder);
  const peers = new Map<string, DimsePeer>();
  const rights = new Map<string, AeRights>();
  const rightsOf = (callingAe: string): AeRights => rights.get(callingAe) ?? { mayStore: true, mayQuery: 'all', mayMove: true };
  const shared = { database, segments, clock: systemClock, log: silentLog, rightsOf };
  const retrieve = { ...shared, failed: (service: string, request: Parameters<typeof answerFailure>[2], thrown: unknown) => answerFailure(silentLog, service, request, thrown) };
  const reporter = new CommitmentReporter({ ...shared, peer: (aeTitle) => peers.get(aeTitle), pollMs: 100 });
  const scp = new DicomScp({
    listeners: [{ host: '127.0.0.1', port: 0 }],
    admission: { aeTitles: ['ISOCENTER'], acceptUnknownCallers: true, peers: [] },
    receiver: intake,
    rightsOf,
    services: [
      new FindScp({ ...shared, aeTitle: 'ISOCENTER' }), new GetScp(retrieve), new MoveScp({ ...retrieve, destination: (aeTitle) => peers.get(aeTitle) }),
      new WorklistScp(shared), new PerformedStepScp(shared), new CommitmentScp({ ...shared, accepted: reporter.take }),
      new CommitmentResultService({ log: silentLog, record: (event) => recordCommitmentResult(database, event, systemClock.now()) }),
    ],
    clock: systemClock,
    log: silentLog,
  });
  await scp.start();
  const port = scp.ports[0]!;
  const peer = (callingAe = 'CLIENT'): DimsePeer => ({ host: '127.0.0.1', port, aeTitle: 'ISOCENTER', callingAe });
  return {
    database, segments, folder, port, reporter, peers, rights, peer,
    store: async (dataSets, { transferSyntaxUid = '1.2.840.10008.1.2.1', callingAe = 'CT1' } = {}) => {
      const items = dataSets.map((dataSet) => ({ sopClassUid: dataSet.string(tags.SOPClassUID)!, sopInstanceUid: dataSet.string(tags.SOPInstanceUID)!, transferSyntaxUid, bytes: writeDataSet(dataSet, transferSyntaxUid) }));
      return (await sendInstances(peer(callingAe), items, call())).map((outcome) => (outcome.kind === 'answered' ? outcome.status : outcome.kind));
    },
    close: async () => {
      await reporter.stop();
      await scp.stop(1_000);
      await intake.stop(5_000);
      segments.close();
      await database.close();
      await home.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
