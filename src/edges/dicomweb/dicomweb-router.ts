import { Router, type NextFunction, type Request, type Response } from 'express';
import type { QueryLevel } from '../../archive/query/attribute-table.ts';
import type { Log } from '../../foundation/log.ts';
import { FrameCache } from '../../archive/frame-cache.ts';
import { describeCapabilities } from './capabilities.ts';
import { readCommitmentBody, requestCommitment, retrieveCommitment, type CommitmentOptions } from './commitment.ts';
import { handle, refuse } from './http-answer.ts';
import { MetadataCache } from './metadata-cache.ts';
import { search, type QidoOptions } from './qido.ts';
import { rejectScope, type RejectOptions } from './reject.ts';
import type { WadoOptions } from './retrieve-scope.ts';
import { storeInstances, type StowOptions } from './stow.ts';
import { retrieveAllBulkdata, retrieveBulkdata, retrievePixelData } from './wado-bulkdata.ts';
import { retrieveFrames } from './wado-frames.ts';
import { retrieveInstances } from './wado-instances.ts';
import { retrieveMetadata } from './wado-metadata.ts';
import { retrieveRendered, retrieveRenderedFrames, retrieveThumbnail } from './wado-rendered.ts';

export interface DicomwebOptions extends QidoOptions, Omit<WadoOptions, 'frames'>, StowOptions, CommitmentOptions, RejectOptions {
  readonly log: Log;
}

const SEARCHES: readonly (readonly [path: string, level: QueryLevel, returns: readonly QueryLevel[]])[] = [
  ['/studies', 'study', ['patient', 'study']],
  ['/studies/:study/series', 'series', ['series']],
  ['/series', 'series', ['patient', 'study', 'series']],
  ['/studies/:study/series/:series/instances', 'instance', ['instance']],
  ['/studies/:study/instances', 'instance', ['series', 'instance']],
  ['/instances', 'instance', ['patient', 'study', 'series', 'instance']],
];

const INSTANCE = '/studies/:study/series/:series/instances/:instance';
const SCOPES = ['/studies/:study', '/studies/:study/series/:series', INSTANCE];

/** `/dicom-web`: the Studies Service of PS3.18 §10. */
export function createDicomwebRouter(options: DicomwebOptions): Router {
  const router = Router();
  const { log } = options;
  const wado = { ...options, frames: new FrameCache(options.segments), metadata: new MetadataCache() };
  router.options('/{*path}', describeCapabilities);
  for (const [path, level, returnLevels] of SEARCHES) {
    router.get(path, handle(log, (request, response) => search(options, { level, returnLevels }, request, response)));
  }
  const wadoRoute = (path: string, retrieve: (options: typeof wado, request: Request, response: Response) => Promise<void>): void => {
    router.get(path, handle(log, (request, response) => retrieve(wado, request, response)));
  };
  for (const scope of SCOPES) {
    wadoRoute(scope, retrieveInstances);
    wadoRoute(`${scope}/metadata`, retrieveMetadata);
    wadoRoute(`${scope}/rendered`, retrieveRendered);
    wadoRoute(`${scope}/thumbnail`, retrieveThumbnail);
    wadoRoute(`${scope}/pixeldata`, retrievePixelData);
    wadoRoute(`${scope}/bulkdata`, retrieveAllBulkdata);
  }
  wadoRoute(`${INSTANCE}/bulkdata/{*path}`, retrieveBulkdata);
  wadoRoute(`${INSTANCE}/frames/:frames`, retrieveFrames);
  wadoRoute(`${INSTANCE}/frames/:frames/rendered`, retrieveRenderedFrames);
  wadoRoute(`${INSTANCE}/frames/:frames/thumbnail`, retrieveRenderedFrames);
  for (const path of ['/studies', '/studies/:study']) {
    router.post(path, handle(log, (request, response) => storeInstances(options, request, response)));
  }
  for (const scope of SCOPES) {
    router.post(`${scope}/reject/:code`, handle(log, (request, response) => rejectScope(options, request, response)));
    router.delete(scope, handle(log, (request, response) => rejectScope(options, request, response)));
  }
  router.post('/commitment-requests/:transaction', readCommitmentBody, handle(log, (request, response) => requestCommitment(options, request, response)));
  router.get('/commitment-requests/:transaction', handle(log, (request, response) => retrieveCommitment(options, request, response)));
  router.use((_request, response) => refuse(response, 404, 'no such resource of the DICOMweb service'));
  router.use(refuseMalformed);
  return router;
}

/** What express itself refuses (percent-encoding of the path, a body that is no JSON or too large), said as the other refusals are. */
function refuseMalformed(error: { readonly status?: number }, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) next(error);
  else if (error.status === 413) refuse(response, 413, 'the body is too large');
  else if (error.status !== undefined && error.status < 500) refuse(response, error.status === 415 ? 415 : 400, 'the request is malformed');
  else next(error);
}
