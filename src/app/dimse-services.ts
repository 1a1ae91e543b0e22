import type { AdmissionPolicy } from '../edges/dicom-scp/admission.ts';
import { type AeRights, everyRight } from '../edges/dicom-scp/ae-rights.ts';
import { CommitmentReporter } from '../edges/dicom-scp/commitment/commitment-reporter.ts';
import { CommitmentScp } from '../edges/dicom-scp/commitment/commitment-scp.ts';
import { PerformedStepScp } from '../edges/dicom-scp/performed-step/performed-step-scp.ts';
import { WorklistScp } from '../edges/dicom-scp/worklist/worklist-scp.ts';
import { FindScp } from '../edges/dicom-scp/query-retrieve/find-scp.ts';
import { GetScp } from '../edges/dicom-scp/query-retrieve/get-scp.ts';
import { MoveScp } from '../edges/dicom-scp/query-retrieve/move-scp.ts';
import { answerFailure } from '../edges/dicom-scp/query-retrieve/retrieve-request.ts';
import { recordCommitmentResult } from '../archive/commitment-results.ts';
import { CommitmentResultService } from '../peers/dimse/commitment-result-service.ts';
import { SegmentReader } from '../store/segments/segment-reader.ts';
import type { DimseRequest, DimseService } from '../transport/dicom/dimse-service.ts';
import type { DimseConfig } from './config/schema.ts';
import { configuredPeer } from './dimse-sender.ts';
import type { RoleContext } from './role-context.ts';
import { segmentsFolder } from './segment-writer-component.ts';

export interface DimseServices {
  readonly services: readonly DimseService[];
  /** Tells the results of storage commitments; to be started and stopped with the listener. */
  readonly reporter: CommitmentReporter;
}

/** What the DICOM listener provides besides verification and storage. */
export function createDimseServices({ config, database, clock, log }: RoleContext): DimseServices {
  const { dimse } = config;
  const aeTitle = dimse.aeTitle[0] ?? 'ISOCENTER';
  const rightsOf = (callingAe: string): AeRights => rightsOfPeer(dimse, callingAe);
  const segments = new SegmentReader(segmentsFolder(config.dataDir));
  const peer = (title: string): ReturnType<typeof configuredPeer> => configuredPeer(dimse, title);
  const retrieve = { database, log, segments, rightsOf, failed: (service: string, request: DimseRequest, thrown: unknown) => answerFailure(log, service, request, thrown) };
  const reporter = new CommitmentReporter({
    database, segments, clock, log, peer,
    wantsNewAssociation: (title) => dimse.peers.find((known) => known.aeTitle === title)?.commitmentReport === 'new',
  });
  return {
    reporter,
    services: [
      new FindScp({ database, aeTitle, log, rightsOf }),
      new GetScp(retrieve),
      new MoveScp({ ...retrieve, clock, destination: peer }),
      new WorklistScp({ database, log, rightsOf }),
      new PerformedStepScp({ database, clock, log }),
      new CommitmentScp({ database, clock, log, accepted: reporter.take }),
      new CommitmentResultService({ log, record: (event) => recordCommitmentResult(database, event, clock.now()) }),
    ],
  };
}

/** Titles that are no peers of the configuration are admitted where acceptUnknownCallers says so, and then may do everything. */
export function rightsOfPeer(dimse: DimseConfig, callingAe: string): AeRights {
  return dimse.peers.find((known) => known.aeTitle === callingAe) ?? everyRight;
}

/** Who may call, by title, address and certificate. */
export function admissionOf(dimse: DimseConfig): AdmissionPolicy {
  const peers = dimse.peers.map(({ aeTitle, addresses, certificate }) => ({
    aeTitle,
    ...(addresses === undefined ? {} : { addresses }),
    ...(certificate === undefined ? {} : {
      certificate: {
        ...(certificate.fingerprint256 === undefined ? {} : { fingerprint256: certificate.fingerprint256 }),
        ...(certificate.commonName === undefined ? {} : { commonName: certificate.commonName }),
      },
    }),
  }));
  return { aeTitles: dimse.aeTitle, acceptUnknownCallers: dimse.acceptUnknownCallers, peers };
}
