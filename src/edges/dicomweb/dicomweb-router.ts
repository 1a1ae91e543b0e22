import { Router } from 'express';
import type { QueryLevel } from '../../archive/query/attribute-table.ts';
import type { Log } from '../../foundation/log.ts';
import { handle, refuse } from './http-answer.ts';
import { search, type QidoOptions } from './qido.ts';
import { storeInstances, type StowOptions } from './stow.ts';
import { retrieveInstances, type WadoOptions } from './wado-instances.ts';
import { retrieveMetadata } from './wado-metadata.ts';

export interface DicomwebOptions extends QidoOptions, WadoOptions, StowOptions {
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

const SCOPES = ['/studies/:study', '/studies/:study/series/:series', '/studies/:study/series/:series/instances/:instance'];

/** `/dicom-web`: the Studies Service of PS3.18 §10. */
export function createDicomwebRouter(options: DicomwebOptions): Router {
  const router = Router();
  const { log } = options;
  for (const [path, level, returnLevels] of SEARCHES) {
    router.get(path, handle(log, (request, response) => search(options, { level, returnLevels }, request, response)));
  }
  for (const scope of SCOPES) {
    router.get(scope, handle(log, (request, response) => retrieveInstances(options, request, response)));
    router.get(`${scope}/metadata`, handle(log, (request, response) => retrieveMetadata(options, request, response)));
  }
  for (const path of ['/studies', '/studies/:study']) {
    router.post(path, handle(log, (request, response) => storeInstances(options, request, response)));
  }
  router.use((_request, response) => refuse(response, 404, 'no such resource of the DICOMweb service'));
  return router;
}
