import type { Request, Response } from 'express';
import type { FrameCache } from '../../archive/frame-cache.ts';
import { isUid } from '../../foundation/uid.ts';
import type { Database } from '../../store/database.ts';
import { isWithdrawn, servedInstances, type RetrieveScope, type ServedInstance } from '../../store/retrieval.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { refuse } from './http-answer.ts';

export interface WadoOptions {
  readonly database: Database;
  readonly segments: SegmentReader;
  readonly frames: FrameCache;
}

/** The instances a path names; undefined (and the answer is sent) when there are none. */
export async function scopeOf(database: Database, request: Request, response: Response): Promise<ServedInstance[] | undefined> {
  const scope = pathScope(request);
  const found = scope === undefined ? [] : await servedInstances(database, scope);
  if (found.length > 0) return found;
  if (scope !== undefined && (await isWithdrawn(database, scope))) return refuse(response, 410, 'what was asked for was rejected and is no longer given out') as undefined;
  return refuse(response, 404, 'the archive holds no such study, series or instance') as undefined;
}

/** The UIDs of a path; undefined when one of them is none. */
export function pathScope(request: Request): RetrieveScope | undefined {
  const [study, series, instance] = ['study', 'series', 'instance'].map((name) => request.params[name] as string | undefined);
  if ([study, series, instance].some((uid) => uid !== undefined && !isUid(uid))) return undefined;
  return { studyInstanceUid: study!, seriesInstanceUid: series, sopInstanceUid: instance };
}
