import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Clock } from '../../foundation/clock.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { rejectInstances } from '../../store/rejection.ts';
import { announceStudies } from '../../store/study-index.ts';
import { refuse } from './http-answer.ts';
import { pathScope } from './retrieve-scope.ts';

export interface RejectOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Whoever presents it may reject; null: nobody may. */
  readonly adminToken?: string | null | undefined;
}

/** Rejection notes of IOCM, CID 7011 (IHE RAD TF-2 §4.66.4.1.3). */
const REASONS: Readonly<Record<string, string>> = {
  '113001^DCM': 'Rejected for Quality Reasons',
  '113037^DCM': 'Rejected for Patient Safety Reasons',
  '113038^DCM': 'Incorrect Modality Worklist Entry',
  '113039^DCM': 'Data Retention Policy Expired',
};

/**
 * `POST …/reject/{code}^DCM` as dcm4chee has it, and DELETE as a rejection by 113039: PS3.18 knows neither. What is rejected is served
 * no more (410); its bytes stay in the store. Needs the administrator's token; audited with its reason.
 */
export async function rejectScope(options: RejectOptions, request: Request, response: Response): Promise<void> {
  if (!isAdministrator(options.adminToken, request)) {
    response.set('WWW-Authenticate', 'Bearer realm="isocenter"');
    return refuse(response, request.get('authorization') === undefined ? 401 : 403, 'rejecting needs the administrator’s token');
  }
  const code = request.method === 'DELETE' ? '113039^DCM' : String(request.params['code']).replace(/%5e/i, '^');
  const meaning = REASONS[code];
  if (meaning === undefined) return refuse(response, 400, `the reason must be one of ${Object.keys(REASONS).join(', ')}`);
  const scope = pathScope(request);
  if (scope === undefined) return refuse(response, 404, 'the archive holds no such study, series or instance');
  const at = new Date(options.clock.now());
  const rejected = await options.database.transaction(async (tx) => {
    const gone = await rejectInstances(tx, scope, at);
    const [first] = gone;
    if (first === undefined) return 0;
    await recordAudit(tx, {
      at, actor: 'administrator', action: 'instances.rejected', outcome: 0, objectType: scope.sopInstanceUid !== undefined ? 'instance' : scope.seriesInstanceUid !== undefined ? 'series' : 'study',
      objectId: scope.sopInstanceUid ?? scope.seriesInstanceUid ?? scope.studyInstanceUid, studyInstanceUid: scope.studyInstanceUid, detail: { reason: code, meaning, instances: gone.length },
    });
    await announceStudies(tx, [scope.studyInstanceUid]);
    return gone.length;
  });
  if (rejected === 0) return refuse(response, 404, 'the archive holds no such study, series or instance');
  response.status(200).json({ count: rejected });
}

function isAdministrator(token: string | null | undefined, request: Request): boolean {
  const given = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
  if (token === null || token === undefined || given === undefined) return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
