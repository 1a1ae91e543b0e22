import { FindScp } from '../edges/dicom-scp/query-retrieve/find-scp.ts';
import { GetScp } from '../edges/dicom-scp/query-retrieve/get-scp.ts';
import { MoveScp } from '../edges/dicom-scp/query-retrieve/move-scp.ts';
import { answerFailure } from '../edges/dicom-scp/query-retrieve/retrieve-request.ts';
import type { SegmentReader } from '../store/segments/segment-reader.ts';
import type { DimseService } from '../transport/dicom/dimse-service.ts';
import type { RoleContext } from './role-context.ts';

/** The Query/Retrieve services of the DICOM port. */
export function queryRetrieveServices(context: RoleContext, segments: SegmentReader): readonly DimseService[] {
  const { config, database, log, clock } = context;
  const retrieve = { database, segments, log, failed: answerFailure.bind(undefined, log) };
  const destination = (aeTitle: string) => {
    const peer = config.dimse.peers.find((known) => known.aeTitle === aeTitle && known.host !== undefined && known.port !== undefined);
    return peer === undefined ? undefined : { aeTitle, host: peer.host, port: peer.port, callingAe: config.dimse.aeTitle[0]! };
  };
  return [
    new FindScp({ database, aeTitle: config.dimse.aeTitle[0]!, log }),
    new GetScp(retrieve),
    new MoveScp({ ...retrieve, clock, destination }),
  ];
}
