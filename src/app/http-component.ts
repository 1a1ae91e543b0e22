import { readFileSync } from 'node:fs';
import type { Express } from 'express';
import { startHttpServer, type HttpTls, type RunningHttpServer } from '../transport/http/http-server.ts';
import type { Component } from './component.ts';
import type { TlsConfig } from './config/schema.ts';
import type { RoleContext } from './role-context.ts';

/** The HTTP listeners as a component; listed last in its role, for it lets the world in. */
export function createHttpComponent(context: RoleContext, app: Express): Component {
  const { http } = context.config;
  const servers: RunningHttpServer[] = [];
  return {
    name: 'http',
    start: async () => {
      for (const { host, port, tls } of [http, ...http.listeners]) {
        const server = await startHttpServer({ host, port, handler: app, tls: tls === undefined ? undefined : readTls(tls) });
        servers.push(server);
        context.announce(servers.length === 1 ? 'http' : `http-${servers.length}`, `${server.url}/`);
      }
    },
    quiesce: () => {
      for (const server of servers) server.quiesce();
    },
    stop: async (deadlineMs) => {
      await Promise.all(servers.map((server) => server.stop(deadlineMs)));
    },
  };
}

function readTls(tls: TlsConfig): HttpTls {
  return {
    cert: readFileSync(tls.cert, 'utf8'),
    key: readFileSync(tls.key, 'utf8'),
    ca: tls.ca === undefined ? undefined : readFileSync(tls.ca, 'utf8'),
    requireClientCertificate: tls.ca !== undefined && tls.requireClientCertificate,
  };
}
