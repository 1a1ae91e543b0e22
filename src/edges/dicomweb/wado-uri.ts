import { Router, type Request, type Response } from 'express';
import { FrameCache } from '../../archive/frame-cache.ts';
import { asFile, asStored, inTransferSyntax } from '../../archive/outgoing-data-set.ts';
import { isUid } from '../../foundation/uid.ts';
import type { Log } from '../../foundation/log.ts';
import { parseRenderParameters } from '../../standards/dicomweb/render-parameters.ts';
import { explicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import { isWithdrawn, servedInstances, type ServedInstance } from '../../store/retrieval.ts';
import { handle, refuse, send } from './http-answer.ts';
import type { WadoOptions } from './retrieve-scope.ts';
import { renderInstance } from './wado-rendered.ts';

/** `/wado`: the URI Service for old viewers, PS3.18 §9. */
export function createWadoUriRouter(options: Omit<WadoOptions, 'frames'> & { readonly log: Log }): Router {
  const router = Router();
  const wado = { ...options, frames: new FrameCache(options.segments) };
  router.get('/', handle(options.log, (request, response) => retrieveByUri(wado, request, response)));
  return router;
}

async function retrieveByUri(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const text = (name: string): string | undefined => queryText(request, name);
  if (text('requestType') !== 'WADO') return refuse(response, 400, 'requestType must be WADO');
  const [studyInstanceUid, seriesInstanceUid, sopInstanceUid] = ['studyUID', 'seriesUID', 'objectUID'].map(text);
  if (![studyInstanceUid, seriesInstanceUid, sopInstanceUid].every((uid) => uid !== undefined && isUid(uid))) return refuse(response, 400, 'studyUID, seriesUID and objectUID must be UIDs');
  const scope = { studyInstanceUid: studyInstanceUid!, seriesInstanceUid: seriesInstanceUid!, sopInstanceUid: sopInstanceUid! };
  const [instance] = await servedInstances(options.database, scope);
  if (instance === undefined) return (await isWithdrawn(options.database, scope)) ? refuse(response, 410, 'the object was rejected and is no longer given out') : refuse(response, 404, 'the archive holds no such object');
  // PS3.18 §9.1.2.3.2: `+` of a media type may come undecoded as a blank.
  const contentType = text('contentType')?.replaceAll('dicom ', 'dicom+').trim();
  if (contentType !== undefined && /^application\/dicom(\s*[;,]|$)/.test(contentType)) return sendFile(options, instance, text('transferSyntax'), response);
  if (contentType === undefined && (instance.number_of_frames ?? 1) > 1) return sendFile(options, instance, text('transferSyntax'), response);
  return sendPicture(options, instance, contentType, request, response);
}

/** The default is Explicit VR Little Endian; unlike WADO-RS a syntax that cannot be given counts as not asked for (PS3.18 §9.1.2.3.3). */
async function sendFile(options: WadoOptions, instance: ServedInstance, transferSyntax: string | undefined, response: Response): Promise<void> {
  const asked = transferSyntax === '*' ? undefined : await inTransferSyntax(options.segments, instance, [transferSyntax ?? explicitLittleEndian]);
  const file = asFile(instance, asked ?? asStored(options.segments, instance));
  response.set({ 'Content-Type': 'application/dicom', 'Content-Length': String(file.length) });
  for await (const piece of file.pieces()) await send(response, piece);
  response.end();
}

async function sendPicture(options: WadoOptions, instance: ServedInstance, contentType: string | undefined, request: Request, response: Response): Promise<void> {
  const value = (name: string): string | undefined => queryText(request, name);
  const [center, width, rows, columns, frame] = ['windowCenter', 'windowWidth', 'rows', 'columns', 'frameNumber'].map(value);
  const parameters = parseRenderParameters({
    ...(center === undefined || width === undefined ? {} : { window: `${center},${width}` }),
    ...(rows === undefined && columns === undefined ? {} : { viewport: `${columns ?? '8192'},${rows ?? (columns === undefined ? '' : '4096')}` }),
    ...(value('imageQuality') === undefined ? {} : { quality: value('imageQuality') }),
    ...(value('annotation') === undefined ? {} : { annotation: value('annotation') }),
  });
  if (!parameters.ok) return refuse(response, 400, parameters.fault.message);
  if (frame !== undefined && !/^[1-9]\d{0,8}$/.test(frame)) return refuse(response, 400, 'frameNumber must be a whole number from 1 up');
  const rendition = await renderInstance(options, instance, contentType, parameters.value, frame === undefined ? undefined : Number(frame));
  if (!rendition.ok) return refuse(response, rendition.fault.status, rendition.fault.message);
  response.set({ 'Content-Type': rendition.value.type, 'Content-Length': String(rendition.value.bytes.length) }).end(rendition.value.bytes);
}

function queryText(request: Request, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' ? value : undefined;
}
