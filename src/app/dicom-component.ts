import { readFileSync } from 'node:fs';
import { DicomScp } from '../edges/dicom-scp/dicom-scp.ts';
import { FindScp } from '../edges/dicom-scp/query-retrieve/find-scp.ts';
import { GetScp } from '../edges/dicom-scp/query-retrieve/get-scp.ts';
import { MoveScp } from '../edges/dicom-scp/query-retrieve/move-scp.ts';
import { answerFailure } from '../edges/dicom-scp/query-retrieve/retrieve-request.ts';
import type { DimsePeer } from '../peers/dimse/dimse-peer.ts';
import type { InstanceReceiver } from '../stages/intake/receive-instance.ts';
import type { AssociationListener } from '../transport/dicom/association-server.ts';
import { SegmentReader } from '../store/segments/segment-reader.ts';
import type { DimseRequest, DimseService } from '../transport/dicom/dimse-service.ts';
import type { Component } from './component.ts';
import type { DimseConfig, TlsConfig } from './config/schema.ts';
import type { DicomAudit } from './dicom-audit.ts';
import { configuredPeer } from './dimse-sender.ts';
import type { RoleContext } from './role-context.ts';
import { segmentsFolder } from './segment-writer-component.ts';

export interface DicomComponentOptions {
  readonly receiver: InstanceReceiver;
  readonly audit: DicomAudit;
  /** False = the disk is nearly full: new associations are rejected as transient. */
  readonly hasRoom: () => boolean;
}

/** The DICOM listener as a component; listed last in its role, for it lets the world in. */
export function createDicomComponent(context: RoleContext, options: DicomComponentOptions): Component {
  const { config, clock, log, metrics } = context;
  const { dimse } = config;
  let scp: DicomScp | undefined;
  return {
    name: 'dicom-scp',
    start: async () => {
      scp = new DicomScp({
        listeners: listenersOf(dimse),
        admission: { aeTitles: dimse.aeTitle, acceptUnknownCallers: dimse.acceptUnknownCallers, peers: dimse.peers.map(({ aeTitle }) => ({ aeTitle })) },
        receiver: options.receiver,
        services: queryServices(context),
        hasRoom: options.hasRoom,
        audit: options.audit.take,
        limits: { maxAssociations: dimse.maxAssociations, maxPduLength: dimse.maxPduBytes },
        times: { idleMs: dimse.idleSeconds * 1000 },
        clock,
        log,
      });
      const running = scp;
      metrics.gauge('isocenter_dicom_associations', 'Associations open now', () => running.associations);
      await scp.start();
      scp.ports.forEach((port, index) => context.announce(index === 0 ? 'dicom' : `dicom-${index + 1}`, `${dimse.aeTitle[0]}@${hostOf(dimse, index)}:${port}`));
    },
    quiesce: () => scp?.quiesce(),
    stop: async (deadlineMs) => scp?.stop(deadlineMs),
  };
}

/** C-FIND, C-GET and C-MOVE over the shared index; C-MOVE only to peers of the configuration. */
function queryServices({ config, database, clock, log }: RoleContext): readonly DimseService[] {
  const callingAe = config.dimse.aeTitle[0] ?? 'ISOCENTER';
  const retrieve = {
    database, log,
    segments: new SegmentReader(segmentsFolder(config.dataDir)),
    failed: (service: string, request: DimseRequest, thrown: unknown) => answerFailure(log, service, request, thrown),
  };
  const destination = (aeTitle: string): DimsePeer | undefined => configuredPeer(config.dimse, aeTitle);
  return [new FindScp({ database, aeTitle: callingAe, log }), new GetScp(retrieve), new MoveScp({ ...retrieve, clock, destination })];
}

function listenersOf(dimse: DimseConfig): AssociationListener[] {
  return [{ host: dimse.host, port: dimse.port, tls: dimse.tls }, ...dimse.listeners].map(({ host, port, tls }) => ({ host, port, ...(tls === undefined ? {} : { tls: readTls(tls) }) }));
}

function readTls(tls: TlsConfig): NonNullable<AssociationListener['tls']> {
  return {
    cert: readFileSync(tls.cert, 'utf8'),
    key: readFileSync(tls.key, 'utf8'),
    requireClientCertificate: tls.requireClientCertificate,
    ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca, 'utf8') }),
  };
}

function hostOf(dimse: DimseConfig, index: number): string {
  const host = index === 0 ? dimse.host : (dimse.listeners[index - 1]?.host ?? dimse.host);
  return host.includes(':') ? `[${host}]` : host;
}
