import { Router, type Request, type Response } from 'express';
import { asGatewayError } from '../../foundation/errors.ts';
import { isUid } from '../../foundation/uid.ts';
import { openAlerts } from '../../store/alert.ts';
import type { Database } from '../../store/database.ts';
import { hopsOfStudy } from '../../store/hop.ts';
import { deliveriesOfStudy, readOverview, recentStudies, resultsOfStudy, studyLine } from '../../store/overview.ts';
import { jobsOfStudy } from '../../store/inference-job.ts';
import { ruleDecisionsOfStudy } from '../../store/rule-decision.ts';

export interface OperatorDependencies {
  readonly database: Database;
  readonly version: string;
}

const MOST_ROWS = 500;
const MOST_DELIVERIES = 5_000;

/** `/api`: what the page shows, for anyone who builds on it. Read-only for now. */
export function createOperatorRouter({ database, version }: OperatorDependencies): Router {
  const router = Router();

  router.get('/overview', answer(async () => ({ version, ...(await readOverview(database)) })));

  router.get('/studies', answer(async (request) => recentStudies(database, limitOf(request))));

  router.get('/studies/:uid', answer(async (request, response) => {
    const uid = String(request.params['uid']);
    const line = isUid(uid) ? await studyLine(database, uid) : undefined;
    if (line === undefined) return notFound(response, 'no study with this Study Instance UID');
    const [hops, jobs, results, deliveries, decisions] = await Promise.all([
      hopsOfStudy(database, uid), jobsOfStudy(database, uid), resultsOfStudy(database, uid), deliveriesOfStudy(database, uid, MOST_DELIVERIES), ruleDecisionsOfStudy(database, uid),
    ]);
    return { ...line, hops, runs: jobs, results, deliveryList: deliveries, decisions };
  }));

  router.get('/alerts', answer(async (request) => openAlerts(database, limitOf(request))));

  router.use((_request, response) => void response.status(404).json({ error: 'NOT_FOUND', message: 'no such API route' }));
  return router;
}

type Answer = (request: Request, response: Response) => Promise<unknown>;

/** Sends what `work` resolves with as JSON; a database that is away becomes 503 with the reason. */
function answer(work: Answer): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    try {
      const body = await work(request, response);
      if (!response.headersSent) response.set('Cache-Control', 'no-store').json(body);
    } catch (thrown) {
      const error = asGatewayError(thrown);
      const message = error.failure === 'permanent' ? 'the request failed' : 'the database does not answer; try again';
      response.status(error.failure === 'permanent' ? 500 : 503).json({ error: error.code, message });
    }
  };
}

function notFound(response: Response, message: string): undefined {
  response.status(404).json({ error: 'NOT_FOUND', message });
  return undefined;
}

function limitOf(request: Request): number {
  const wanted = Number(request.query['limit'] ?? 100);
  return Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, MOST_ROWS) : 100;
}
