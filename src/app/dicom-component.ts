import { readFileSync } from 'node:fs';
import { DicomScp, type DicomScpOptions } from '../edges/dicom-scp/dicom-scp.ts';
import type { Log } from '../foundation/log.ts';
import type { InstanceReceiver } from '../stages/intake/receive-instance.ts';
import type { AssociationListener } from '../transport/dicom/association-server.ts';
import type { Component } from './component.ts';
import type { DimseConfig, TlsConfig } from './config/schema.ts';
import type { DicomAudit } from './dicom-audit.ts';
import { admissionOf, createDimseServices, rightsOfPeer } from './dimse-services.ts';
import type { RoleContext } from './role-context.ts';

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
  const provided = createDimseServices(context);
  let scp: DicomScp | undefined;
  return {
    name: 'dicom-scp',
    start: async () => {
      scp = new DicomScp({
        listeners: listenersOf(dimse),
        admission: admissionOf(dimse),
        rightsOf: (callingAe) => rightsOfPeer(dimse, callingAe),
        receiver: options.receiver,
        services: provided.services,
        hasRoom: options.hasRoom,
        audit: options.audit.take,
        limits: limitsOf(dimse),
        times: { idleMs: dimse.idleSeconds * 1000, artimMs: dimse.artimSeconds * 1000, pduMs: dimse.pduSeconds * 1000 },
        clock,
        log,
      });
      const running = scp;
      metrics.gauge('isocenter_dicom_associations', 'Associations open now', () => running.associations);
      metrics.gauge('isocenter_dicom_connections', 'Connections open now, with and without an association', () => running.connections);
      await scp.start();
      provided.reporter.start();
      scp.ports.forEach((port, index) => context.announce(index === 0 ? 'dicom' : `dicom-${index + 1}`, `${dimse.aeTitle[0]}@${hostOf(dimse, index)}:${port}`));
    },
    quiesce: () => scp?.quiesce(),
    stop: async (deadlineMs) => {
      await provided.reporter.stop();
      await scp?.stop(deadlineMs);
    },
    reload: () => reloadCertificates(dimse, scp, log),
  };
}

function limitsOf(dimse: DimseConfig): NonNullable<DicomScpOptions['limits']> {
  const { maxAssociations, maxAssociationsPerAe, maxOperations } = dimse;
  // Room for connections that are only opening or closing, beside all associations.
  return { maxAssociations, maxAssociationsPerAe, maxOperations, maxConnections: Math.max(dimse.maxConnections, 2 * maxAssociations), maxPduLength: dimse.maxPduBytes };
}

function listenersOf(dimse: DimseConfig): AssociationListener[] {
  return [{ host: dimse.host, port: dimse.port, tls: dimse.tls }, ...dimse.listeners].map(({ host, port, tls }) => ({ host, port, ...(tls === undefined ? {} : { tls: readTls(tls) }) }));
}

/** Reads the certificates again; a listener whose files do not hold keeps those it has. Open associations are not touched. */
function reloadCertificates(dimse: DimseConfig, scp: DicomScp | undefined, log: Log): void {
  for (const [index, { tls }] of [{ tls: dimse.tls }, ...dimse.listeners].entries()) {
    if (tls === undefined) continue;
    try {
      scp?.reloadTls(index, readTls(tls));
      log.info('dicom-scp.certificates-reloaded', { listener: index });
    } catch (thrown) {
      log.error('dicom-scp.certificates-not-reloaded', { listener: index, reason: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }
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
