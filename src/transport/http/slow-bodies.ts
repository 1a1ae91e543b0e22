import type { IncomingMessage, Server } from 'node:http';

export interface BodyPace {
  readonly bodyWindowMs: number;
  readonly minimumBodyBytes: number;
}

/**
 * Cuts requests whose body arrives by drops (slow-body attack): each window must bring `minimumBodyBytes`. A request that we ourselves
 * do not read from (back-pressure) is left alone. Headers have their own timeout in node:http.
 *
 * @returns a function that stops watching
 */
export function watchSlowBodies(server: Server, pace: BodyPace): () => void {
  const open = new Map<IncomingMessage, number>();
  server.prependListener('request', (request: IncomingMessage) => {
    if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) return;
    open.set(request, request.socket.bytesRead);
    const forget = (): void => void open.delete(request);
    request.once('end', forget);
    request.once('close', forget);
  });
  const timer = setInterval(() => {
    for (const [request, before] of open) {
      const now = request.socket.bytesRead;
      if (!request.complete && !isHeldBack(request) && now - before < pace.minimumBodyBytes) request.socket.destroy();
      else open.set(request, now);
    }
  }, pace.bodyWindowMs);
  timer.unref();
  return () => clearInterval(timer);
}

function isHeldBack(request: IncomingMessage): boolean {
  return request.isPaused() || request.readableFlowing === null || request.readableLength > 0;
}
