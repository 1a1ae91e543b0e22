import path from 'node:path';
import express, { type Express } from 'express';
import { createDicomwebRouter } from '../../edges/dicomweb/dicomweb-router.ts';
import { createWadoUriRouter } from '../../edges/dicomweb/wado-uri.ts';
import { createAuditEventRouter } from '../../edges/fhir/audit-event-router.ts';
import { createFhirRouter } from '../../edges/fhir/fhir-router.ts';
import { auditReader } from '../../edges/operator/audit-reader.ts';
import { createByHandRouter } from '../../edges/operator/by-hand-router.ts';
import { EventStream } from '../../edges/operator/event-stream.ts';
import { createHealthRouter } from '../../edges/operator/health-router.ts';
import { onlyKnownHosts } from '../../edges/operator/known-host.ts';
import { createPredictRouter } from '../../edges/operator/predict-router.ts';
import { createQuarantineRouter } from '../../edges/operator/quarantine-router.ts';
import { createOperatorRouter } from '../../edges/operator/operator-router.ts';
import { requireBearer } from '../../edges/operator/require-bearer.ts';
import { SegmentReader } from '../../store/segments/segment-reader.ts';
import { createApp } from '../../transport/http/express-app.ts';
import type { Component } from '../component.ts';
import { installationFolder } from '../config/load-config.ts';
import { provingDestinations } from '../destinations.ts';
import { createHttpComponent } from '../http-component.ts';
import { IntakeComponent } from '../intake-component.ts';
import { PredictComponent } from '../predict-component.ts';
import type { RoleContext } from '../role-context.ts';
import { segmentsFolder } from '../segment-writer-component.ts';
import { version } from '../version.ts';

/** The components of the web role, in start order: what the routes stand on, the listener last. */
export function webComponents(context: RoleContext): readonly Component[] {
  const { config, database, clock, log } = context;
  const events = new EventStream(database);
  const segments = new SegmentReader(segmentsFolder(config.dataDir));
  const intake = new IntakeComponent(context, 'web', 'stow');
  const predict = new PredictComponent(context);
  const app = createApp({ tls: config.http.tls !== undefined });
  app.use(createHealthRouter({ unready: () => [...context.unready(), ...context.gateway.unready('web')], metrics: () => context.allMetrics() }));
  guard(app, context);
  app.get('/api/events', events.handler);
  app.use('/api/predict', createPredictRouter(predict));
  app.use('/api', createByHandRouter({ database, clock, destinations: config.destinations, proving: new Set(provingDestinations(config)), adminToken: config.adminToken }));
  app.use('/api', createQuarantineRouter({ database, segments, clock, adminToken: config.adminToken }));
  app.use('/api', createOperatorRouter({ database, version: version() }));
  app.use('/dicom-web', createDicomwebRouter({ database, segments, receiver: intake, aeTitle: config.dimse.aeTitle[0] ?? 'ISOCENTER', ...config.dicomweb, clock, adminToken: config.adminToken, log }));
  app.use('/wado', createWadoUriRouter({ database, segments, log }));
  app.use('/fhir/R4', createAuditEventRouter({ database, clock, guard: auditReader(config.adminToken) }));
  app.use('/fhir/R4', createFhirRouter({ database, clock, log, softwareVersion: version() }));
  app.use(express.static(path.join(installationFolder, 'src', 'web', 'status'), { index: 'index.html', cacheControl: true, maxAge: 0 }));
  return [eventsComponent(events), intake, predict, createHttpComponent(context, app)];
}

/** Pages listen for as long as they are open: they are let go first, or the listener would wait for them until the deadline. */
function eventsComponent(events: EventStream): Component {
  return { name: events.name, start: () => events.start(), quiesce: () => events.stop(), stop: async () => undefined };
}

/** Everything below needs a login where one is demanded; where none is, the caller must at least mean us. */
function guard(app: Express, { config }: RoleContext): void {
  if (config.http.auth.required && config.adminToken !== null) app.use(requireBearer(config.adminToken));
  else if (!config.insecure) app.use(onlyKnownHosts([config.http.host]));
}
