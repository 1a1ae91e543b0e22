import { Router } from 'express';

export interface HealthDependencies {
  /** Why the gateway is not ready, a sentence each; empty = ready. */
  readonly unready: () => readonly string[];
  /** Prometheus text of all processes. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** `/healthz`: the process answers. `/readyz`: the gateway works, or 503 with the reasons. `/metrics`: Prometheus. */
export function createHealthRouter({ unready, metrics }: HealthDependencies): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => void response.set('Cache-Control', 'no-store').json({ status: 'alive' }));
  router.get('/readyz', (_request, response) => {
    const reasons = unready();
    response.status(reasons.length === 0 ? 200 : 503).set('Cache-Control', 'no-store').json({ status: reasons.length === 0 ? 'ready' : 'not ready', reasons });
  });
  router.get('/metrics', async (_request, response) => {
    const { contentType, text } = await metrics();
    response.set('Content-Type', contentType).set('Cache-Control', 'no-store').send(text);
  });
  return router;
}
