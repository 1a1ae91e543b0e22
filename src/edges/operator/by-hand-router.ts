import express, { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import type { Clock } from '../../foundation/clock.ts';
import { asGatewayError } from '../../foundation/errors.ts';
import { isUid } from '../../foundation/uid.ts';
import { actByHand, decideHeldRun, rerun, sendStudy, type ByHandDependencies } from '../../stages/delivery/by-hand.ts';
import { replayDeadLetters } from '../../stages/delivery/replay-dead.ts';
import { studyLedger } from '../../stages/delivery/study-ledger.ts';
import { acknowledgeAlert, closeAlert } from '../../store/alert-notice.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { deadLetters } from '../../store/dead-letter.ts';
import { unprovenByDestination } from '../../store/ledger.ts';
import { requireAdministrator } from './require-administrator.ts';

export interface ByHandRouterDependencies extends ByHandDependencies {
  readonly database: Database;
  readonly clock: Clock;
  /** Destinations that prove what they took. */
  readonly proving: ReadonlySet<string>;
  /** With it every POST needs it; null: POST only from this machine. */
  readonly adminToken: string | null;
}

const who = { by: z.string().trim().min(1).max(64).default('administrator'), reason: z.string().trim().min(1).max(500).default('no reason given') };
const filterBody = z.strictObject({
  ids: z.array(z.int().min(1)).min(1).max(10_000).optional(),
  destination: z.string().min(1).optional(),
  studyInstanceUid: z.string().refine(isUid).optional(),
  code: z.string().regex(/^[A-Z_]+$/).optional(),
  ...who,
});
const sendBody = z.strictObject({ destination: z.string().min(1), what: z.enum(['results', 'originals', 'all']).default('results'), ...who });
const rerunBody = z.strictObject({ model: z.string().min(1).nullable().default(null), ...who });
const plainBody = z.strictObject(who);

const MOST_ROWS = 500;

/**
 * Under `/api`: the ledger, dead letters, and what people do by hand, each audited under `by`. Reading needs what the API needs; every
 * POST needs the administrator's right: the admin token, or, when none is set, a call from this machine with a JSON body (which no web
 * page of another origin can send). Routes it does not know fall through.
 */
export function createByHandRouter(deps: ByHandRouterDependencies): Router {
  const { database, clock } = deps;
  const router = Router();
  const act = [express.json({ limit: '1mb' }), requireAdministrator(deps.adminToken)] as const;

  router.get('/ledger', answer(async () => ({ unproven: await unprovenByDestination(database, [...deps.proving]), proving: [...deps.proving] })));
  router.get('/studies/:uid/ledger', answer(async (request, response) => {
    const ledger = await studyLedger(database, String(request.params['uid']), deps.proving);
    return ledger ?? void response.status(404).json({ error: 'NOT_FOUND', message: 'no study with this Study Instance UID' });
  }));
  router.get('/dead-letters', answer(async (request) => {
    const { destination, code, study } = request.query;
    return deadLetters(database, { ...text('destination', destination), ...text('code', code), ...text('studyInstanceUid', study) }, MOST_ROWS);
  }));

  for (const action of ['hold', 'release', 'cancel', 'resend'] as const) {
    router.post(`/deliveries/${action}`, ...act, answer(async (request) => {
      const { by, reason, ...filter } = filterBody.parse(request.body);
      const touched = await actByHand(deps, action, defined(filter), { actor: by, reason });
      return { count: touched.length, ids: touched.map((message) => message.id) };
    }));
  }
  router.post('/dead-letters/replay', ...act, answer(async (request) => {
    const { by, reason: _reason, ...filter } = filterBody.parse(request.body);
    return { count: await replayDeadLetters({ database, clock }, by, defined(filter)) };
  }));
  router.post('/studies/:uid/send', ...act, answer(async (request) => {
    const { by, reason, destination, what } = sendBody.parse(request.body);
    return sendStudy(deps, { studyInstanceUid: String(request.params['uid']), destination, what, actor: by, reason });
  }));
  router.post('/studies/:uid/rerun', ...act, answer(async (request) => {
    const { by, reason, model } = rerunBody.parse(request.body);
    return rerun(deps, { studyInstanceUid: String(request.params['uid']), modelId: model, actor: by, reason });
  }));
  for (const decision of ['release', 'cancel'] as const) {
    router.post(`/runs/:id/${decision}`, ...act, answer(async (request) => {
      const { by, reason } = plainBody.parse(request.body);
      return decideHeldRun(deps, idOf(request), decision, { actor: by, reason });
    }));
  }
  for (const [verb, change] of [['acknowledge', acknowledgeAlert], ['close', closeAlert]] as const) {
    router.post(`/alerts/:id/${verb}`, ...act, answer(async (request, response) => {
      const { by, reason } = plainBody.parse(request.body);
      const at = new Date(clock.now());
      const changed = await database.transaction(async (tx) => {
        if (!(await change(tx, idOf(request), by, at))) return false;
        await recordAudit(tx, { at, actor: by, action: `alert.${verb}`, outcome: 0, objectType: 'alert', objectId: String(idOf(request)), detail: { reason } });
        return true;
      });
      return changed ? { id: idOf(request), done: verb } : void response.status(404).json({ error: 'NOT_FOUND', message: 'no open alert with this number' });
    }));
  }
  return router;
}

function answer(work: (request: Request, response: Response) => Promise<unknown>): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    try {
      const body = await work(request, response);
      if (!response.headersSent) response.set('Cache-Control', 'no-store').json(body);
    } catch (thrown) {
      if (thrown instanceof z.ZodError) {
        response.status(400).json({ error: 'BODY_INVALID', message: thrown.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') });
        return;
      }
      const error = asGatewayError(thrown);
      if (error.code.startsWith('DATABASE_')) response.status(503).json({ error: error.code, message: 'the database does not answer; try again' });
      else response.status(error.code === 'UNEXPECTED' ? 500 : error.code.endsWith('_UNKNOWN') ? 404 : 409).json({ error: error.code, message: error.code === 'UNEXPECTED' ? 'the request failed' : error.message });
    }
  };
}

function idOf(request: Request): number {
  return z.coerce.number().int().min(1).parse(request.params['id']);
}

function text<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  return typeof value === 'string' && value !== '' ? ({ [key]: value } as Partial<Record<K, string>>) : {};
}

function defined<T extends object>(partial: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(partial).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
