import { createHash, timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/**
 * Lets through requests that carry the administrator's bearer token (RFC 6750); everything else is answered 401.
 * The comparison takes the same time whatever was sent.
 */
export function requireBearer(token: string): (request: Request, response: Response, next: NextFunction) => void {
  const expected = digest(token);
  return (request, response, next) => {
    const given = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), expected)) {
      next();
      return;
    }
    response.status(401).set('WWW-Authenticate', 'Bearer realm="isocenter"').json({ error: 'LOGIN_REQUIRED', message: 'send the administrator’s token as a bearer token' });
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
