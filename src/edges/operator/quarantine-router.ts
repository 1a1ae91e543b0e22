import express, { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import { isUid } from '../../foundation/uid.ts';
import { decideQuarantine } from '../../stages/intake/decide-quarantine.ts';
import { decideStudy } from '../../stages/intake/decide-study.ts';
import type { Database } from '../../store/database.ts';
import { quarantineLines } from '../../store/quarantine.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { heldStudies } from '../../store/study-index.ts';
import { requireAdministrator } from './require-administrator.ts';

export interface QuarantineRouterDependencies {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly clock: Clock;
  /** Every POST needs it; null: POST only from this machine. */
  readonly adminToken: string | null;
}

const MOST_ROWS = 500;
const who = z.strictObject({
  by: z.string().trim().min(1).max(64).default('administrator'),
  reason: z.string().trim().min(1).max(500).default('no reason given'),
});

/**
 * Under `/api`: what waits for a person, and what the person decides, each audited under `by`. `GET /quarantine[?study=UID]`,
 * `POST /quarantine/{id}/{release,discard}`, `GET /held-studies`, `POST /studies/{uid}/{hold,release}`; bodies `{by, reason}`. An unknown id or
 * UID is 404, a decision that cannot be carried out 409 with its code. Routes it does not know fall through.
 */
export function createQuarantineRouter({ database, segments, clock, adminToken }: QuarantineRouterDependencies): Router {
  const router = Router();
  const act = [express.json({ limit: '64kb' }), requireAdministrator(adminToken)] as const;

  router.get('/quarantine', answer(async (request) => {
    const { study } = request.query;
    return quarantineLines(database, typeof study === 'string' ? study : null, MOST_ROWS);
  }));
  router.get('/held-studies', answer(async () => heldStudies(database, MOST_ROWS)));
  for (const [verb, decision] of [['release', 'released'], ['discard', 'discarded']] as const) {
    router.post(`/quarantine/:id/${verb}`, ...act, answer(async (request) => {
      const id = z.coerce.number().int().min(1).parse(request.params['id']);
      await decideQuarantine({ database, reader: segments, clock }, { id, decision, by: who.parse(request.body ?? {}).by });
      return { id, decision };
    }));
  }
  for (const [verb, decision] of [['hold', 'held'], ['release', 'released']] as const) {
    router.post(`/studies/:uid/${verb}`, ...act, answer(async (request) => {
      const studyInstanceUid = z.string().refine(isUid, 'must be a UID').parse(request.params['uid']);
      await decideStudy({ database, clock }, { studyInstanceUid, decision, ...who.parse(request.body ?? {}) });
      return { studyInstanceUid, decision };
    }));
  }
  return router;
}

function answer(work: (request: Request) => Promise<unknown>): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    try {
      response.set('Cache-Control', 'no-store').json(await work(request));
    } catch (thrown) {
      if (thrown instanceof z.ZodError) {
        response.status(400).json({ error: 'REQUEST_INVALID', message: thrown.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') });
        return;
      }
      const { code, message, failure } = asGatewayError(thrown);
      if (failure === 'transient') response.status(503).json({ error: code, message: 'the database or the store does not answer; try again' });
      else if (code.endsWith('_UNKNOWN')) response.status(404).json({ error: code, message });
      else if (/^(QUARANTINE|STUDY)_/.test(code)) response.status(409).json({ error: code, message });
      else response.status(500).json({ error: code, message: 'the request failed' });
    }
  };
}
