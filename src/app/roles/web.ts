import path from 'node:path';
import express, { type Express } from 'express';
import { EventStream } from '../../edges/operator/event-stream.ts';
import { createHealthRouter } from '../../edges/operator/health-router.ts';
import { onlyKnownHosts } from '../../edges/operator/known-host.ts';
import { createOperatorRouter } from '../../edges/operator/operator-router.ts';
import { requireBearer } from '../../edges/operator/require-bearer.ts';
import { createApp } from '../../transport/http/express-app.ts';
import type { Component } from '../component.ts';
import { installationFolder } from '../config/load-config.ts';
import { createHttpComponent } from '../http-component.ts';
import type { RoleContext } from '../role-context.ts';
import { version } from '../version.ts';

/** The components of the web role, in start order: what the routes stand on, the listener last. */
export function webComponents(context: RoleContext): readonly Component[] {
  const events = new EventStream(context.database);
  const app = createApp({ tls: context.config.http.tls !== undefined });
  app.use(createHealthRouter({ unready: () => [...context.unready(), ...context.gateway.unready('web')], metrics: () => context.allMetrics() }));
  guard(app, context);
  app.get('/api/events', events.handler);
  app.use('/api', createOperatorRouter({ database: context.database, version: version() }));
  app.use(express.static(path.join(installationFolder, 'src', 'web', 'status'), { index: 'index.html', cacheControl: true, maxAge: 0 }));
  return [events, createHttpComponent(context, app)];
}

/** Everything below needs a login where one is demanded; where none is, the caller must at least mean us. */
function guard(app: Express, { config }: RoleContext): void {
  if (config.http.auth.required && config.adminToken !== null) app.use(requireBearer(config.adminToken));
  else if (!config.insecure) app.use(onlyKnownHosts([config.http.host]));
}
