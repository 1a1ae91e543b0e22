import type { Request, Response } from 'express';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';

export type RefusalStatus = 400 | 401 | 403 | 404 | 406 | 409 | 410 | 413 | 415 | 416 | 500 | 501 | 503;

/** What went wrong, as HTTP says it: PS3.18 Table 8.5-1. The body says in words what was wrong. */
export function refuse(response: Response, status: RefusalStatus, message: string): void {
  // A Warning header must be one line of visible text.
  response.status(status).set('Warning', `299 isocenter "${message.replace(/[^\x20-\x7e]|["\\]/g, ' ').slice(0, 400)}"`).json({ error: message });
}

/** Runs a handler; what the world does to it becomes 503 or 500, unless the answer has begun: then the connection is cut, so that no client takes half an answer for a whole. */
export function handle(log: Log, work: (request: Request, response: Response) => Promise<void>): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    try {
      await work(request, response);
    } catch (thrown) {
      const error = asGatewayError(thrown);
      log.warn('dicomweb.failed', { route: request.route?.path as unknown, code: error.code, message: error.message, ...error.context });
      if (response.headersSent) response.destroy();
      else if (error.failure === 'transient') refuse(response, 503, 'the archive does not answer at the moment; try again');
      else response.status(500).json({ error: 'the request failed', code: error.code });
    }
  };
}

/** Writes one piece of an answer; resolves when the client can take more, rejects when it is gone. */
export function send(response: Response, piece: Uint8Array | string): Promise<void> {
  if (response.destroyed) return Promise.reject(new Error('the client is gone'));
  if (response.write(piece)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const drained = (): void => {
      response.off('close', closed);
      resolve();
    };
    const closed = (): void => {
      response.off('drain', drained);
      reject(new Error('the client is gone'));
    };
    response.once('drain', drained);
    response.once('close', closed);
  });
}

/** The service's root as the client named it, without a slash at the end: what URLs in answers begin with. */
export function baseOf(request: Request): string {
  return `${request.protocol}://${request.get('host') ?? 'localhost'}${request.baseUrl}`;
}

/** Answers 304 and says true when the client holds this very representation (RFC 9110 §13.1.2). */
export function unchanged(request: Request, response: Response, tag: string): boolean {
  response.set({ ETag: tag, 'Cache-Control': 'no-cache', Vary: 'Accept' });
  const known = (request.get('if-none-match') ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (!known.includes('*') && !known.includes(tag.replace(/^W\//, ''))) return false;
  response.status(304).end();
  return true;
}
