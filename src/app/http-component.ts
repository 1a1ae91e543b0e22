import { readFileSync } from 'node:fs';
import type { Express } from 'express';
import { startHttpServer, type HttpTls, type RunningHttpServer } from '../transport/http/http-server.ts';
import type { Component } from './component.ts';
import type { TlsConfig } from './config/schema.ts';
import type { RoleContext } from './role-context.ts';

/** The HTTP listener as a component; listed last in its role, for it lets the world in. */
export function createHttpComponent(context: RoleContext, app: Express): Component {
  const { http } = context.config;
  let server: RunningHttpServer | undefined;
  return {
    name: 'http',
    start: async () => {
      server = await startHttpServer({ host: http.host, port: http.port, handler: app, tls: http.tls === undefined ? undefined : readTls(http.tls) });
      context.announce('http', `${server.url}/`);
    },
    quiesce: () => server?.quiesce(),
    stop: async (deadlineMs) => server?.stop(deadlineMs),
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
