import type { RequestHandler } from 'express';
import { requireBearer } from './require-bearer.ts';

/** Who may read the audit log: whoever has the administrator's token; where none is set, whoever asks from this machine. */
export function auditReader(adminToken: string | null): RequestHandler {
  if (adminToken !== null) return requireBearer(adminToken);
  return (request, response, next) => {
    const address = request.socket.remoteAddress ?? '';
    if (address === '::1' || /^(::ffff:)?127\./.test(address)) next();
    else response.status(403).json({ error: 'NOT_ADMINISTRATOR', message: 'set ISOCENTER_ADMIN_TOKEN and send it as a bearer token, or ask from this machine' });
  };
}
