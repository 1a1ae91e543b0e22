import type { RequestHandler } from 'express';
import { requireBearer } from './require-bearer.ts';

/**
 * The administrator's right: the token where one is set. Where none is, a call from this machine with a JSON body: a page of another
 * origin cannot send one without asking first (CORS), and nobody answers it.
 */
export function requireAdministrator(adminToken: string | null): RequestHandler {
  if (adminToken !== null) return requireBearer(adminToken);
  return (request, response, next) => {
    const address = request.socket.remoteAddress ?? '';
    const isLocal = address === '::1' || /^(::ffff:)?127\./.test(address);
    if (isLocal && typeof request.is('application/json') === 'string') next();
    else response.status(403).json({ error: 'NOT_ADMINISTRATOR', message: 'set ISOCENTER_ADMIN_TOKEN and send it as a bearer token, or call from this machine with a JSON body' });
  };
}
