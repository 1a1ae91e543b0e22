import type { Request, Response } from 'express';
import { readHeader } from '../../archive/read-instance.ts';
import type { StoredFrames } from '../../archive/stored-frames.ts';
import { fault, ok, type Result } from '../../foundation/result.ts';
import type { PictureType } from '../../rendering/picture.ts';
import { sharedRenderPool } from '../../rendering/render-pool.ts';
import { renderingFactsOf } from '../../rendering/rendering-facts.ts';
import { reportHtml } from '../../rendering/report-html.ts';
import type { PictureArea } from '../../rendering/resize.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import { parseRenderParameters, type RenderParameters, type Viewport } from '../../standards/dicomweb/render-parameters.ts';
import type { ServedInstance } from '../../store/retrieval.ts';
import { entityTag } from './entity-tag.ts';
import { baseOf, refuse, unchanged } from './http-answer.ts';
import { MultipartAnswer } from './multipart-answer.ts';
import { chooseOffer, type Chosen, type Offer } from './negotiate.ts';
import { codecRefusal, type PixelFault } from './pixel-source.ts';
import { scopeOf, type WadoOptions } from './retrieve-scope.ts';
import { requestedFrames } from './wado-frames.ts';

export interface Rendition {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const PICTURES: readonly Offer[] = (['image/jpeg', 'image/png'] as const).flatMap((type) => [{ type, multipart: false }, { type, multipart: true }]);
const DOCUMENTS: readonly Offer[] = ['text/html', 'application/pdf'].map((type) => ({ type, multipart: false }));
const THUMBNAIL: Viewport = { width: 128, height: 128, source: undefined };

/** Retrieve Rendered of a study, series or instance: PS3.18 §10.4.1.1.3. A single picture of many instances is that of the middle one. */
export async function retrieveRendered(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const parameters = parseRenderParameters(request.query);
  if (!parameters.ok) return refuse(response, 400, parameters.fault.message);
  return render(options, parameters.value, request, response);
}

/** Retrieve Thumbnail: PS3.18 §10.4.1.1.8; 128 × 128 unless a viewport says otherwise. */
export async function retrieveThumbnail(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const parameters = parseRenderParameters(request.query, { thumbnail: true });
  if (!parameters.ok) return refuse(response, 400, parameters.fault.message);
  return render(options, { ...parameters.value, viewport: parameters.value.viewport ?? THUMBNAIL }, request, response);
}

/** Retrieve Rendered Frames: PS3.18 §10.4.1.1.6; several frames come as multipart. */
export async function retrieveRenderedFrames(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const thumbnail = request.path.endsWith('/thumbnail');
  const parameters = parseRenderParameters(request.query, { thumbnail });
  if (!parameters.ok) return refuse(response, 400, parameters.fault.message);
  const opened = await requestedFrames(options, request, response);
  if (opened === undefined) return;
  const { frames, numbers, instance } = opened;
  const offers = PICTURES.filter((offer) => offer.multipart === numbers.length > 1 || numbers.length === 1);
  const offer = chooseOffer(request.get('accept'), numbers.length > 1 ? [...offers, ...PICTURES] : offers);
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  if (unchanged(request, response, entityTag([instance], request.originalUrl + offer.value.type))) return;
  const wanted = thumbnail ? { ...parameters.value, viewport: parameters.value.viewport ?? THUMBNAIL } : parameters.value;
  warn(response, request, wanted);
  const sources = numbers.map((number) => () => renderedFrame(frames, number, offer.value.type as PictureType, wanted));
  return sendRenditions(numbers.length > 1 ? { ...offer.value, multipart: true } : offer.value, sources, response);
}

async function render(options: WadoOptions, parameters: RenderParameters, request: Request, response: Response): Promise<void> {
  const offer = chooseOffer(request.get('accept'), [...PICTURES, ...DOCUMENTS]);
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  const instances = await scopeOf(options.database, request, response);
  if (instances === undefined) return;
  if (unchanged(request, response, entityTag(instances, request.originalUrl + (request.get('accept') ?? '')))) return;
  warn(response, request, parameters);
  const chosen = offer.value.multipart ? instances : [middleOf(instances)];
  const sources = chosen.map((instance) => () => renderInstance(options, instance, request.get('accept'), parameters));
  return sendRenditions(offer.value, sources, response);
}

/** An instance as a person can look at it: a picture, a report as HTML, an encapsulated document as it is. */
export async function renderInstance(options: WadoOptions, instance: ServedInstance, accept: string | undefined, parameters: RenderParameters, frame?: number): Promise<Result<Rendition, PixelFault>> {
  const opened = await options.frames.open(instance);
  if (!opened.ok) return renderDocument(await readHeader(options.segments, instance), accept);
  const offer = chooseOffer(accept, PICTURES);
  if (!offer.ok) return fault({ status: 406, message: offer.fault.message });
  const { header, description } = opened.value;
  const number = frame ?? header.number(tags.RepresentativeFrameNumber) ?? 1;
  if (number > description.numberOfFrames) return fault({ status: 404, message: `the instance has ${description.numberOfFrames} frame(s)` });
  return renderedFrame(opened.value, number, offer.value.type as PictureType, parameters);
}

function renderDocument(header: DataSet, accept: string | undefined): Result<Rendition, PixelFault> {
  const document = header.bytes(tags.EncapsulatedDocument);
  const type = document === undefined ? 'text/html' : (header.string(tags.MIMETypeOfEncapsulatedDocument) ?? 'application/pdf');
  if (document === undefined && header.items(tags.ContentSequence).length === 0) return fault({ status: 406, message: 'the instance has nothing that can be rendered' });
  const offer = chooseOffer(accept, [{ type, multipart: false }, { type, multipart: true }]);
  if (!offer.ok) return fault({ status: 406, message: offer.fault.message });
  return ok({ type: document === undefined ? 'text/html; charset=utf-8' : type, bytes: document ?? Buffer.from(reportHtml(header)) });
}

/** One frame as a picture. */
export async function renderedFrame(frames: StoredFrames, number: number, type: PictureType, parameters: RenderParameters): Promise<Result<Rendition, PixelFault>> {
  const bytes = await frames.frame(number);
  if (!bytes.ok) return fault({ status: 500, message: `the pixel data cannot be read: ${bytes.fault.message}` });
  const { description, instance } = frames;
  const { numberOfFrames: _, ...shape } = description;
  const viewport = viewportOn(parameters.viewport, description);
  if (viewport === 'outside') return fault({ status: 400, message: 'the source of viewport lies outside the image' });
  const picture = await sharedRenderPool().render({
    frame: { ...shape, transferSyntaxUid: frames.encapsulated ? instance.transfer_syntax_uid : explicitLittleEndian, bytes: bytes.value },
    facts: renderingFactsOf(frames.header, number, parameters.window),
    type, quality: parameters.quality, viewport,
  });
  return picture.ok ? ok({ type, bytes: picture.value }) : fault(codecRefusal(picture.fault));
}

function viewportOn(viewport: Viewport | undefined, { rows, columns }: StoredFrames['description']): { width: number; height: number; area: PictureArea | undefined } | 'outside' | undefined {
  if (viewport === undefined) return undefined;
  const { width, height, source } = viewport;
  if (source === undefined) return { width, height, area: undefined };
  if (source.x >= columns || source.y >= rows) return 'outside';
  const area = { x: source.x, y: source.y, width: Math.min(Math.abs(source.width ?? columns), columns - source.x), height: Math.min(Math.abs(source.height ?? rows), rows - source.y) };
  return { width, height, area };
}

async function sendRenditions(offer: Chosen, sources: readonly (() => Promise<Result<Rendition, PixelFault>>)[], response: Response): Promise<void> {
  const first = await sources[0]!();
  if (!first.ok && (!offer.multipart || sources.length === 1)) return refuse(response, first.fault.status, first.fault.message);
  if (!offer.multipart && first.ok) return void response.set({ 'Content-Type': first.value.type, 'Content-Length': String(first.value.bytes.length) }).end(first.value.bytes);
  const answer = new MultipartAnswer(response, offer.type);
  let parts = 0;
  for (const [n, source] of sources.entries()) {
    const rendition = n === 0 ? first : await source();
    // What cannot be shown is left out: a series may hold objects that are no pictures.
    if (!rendition.ok) continue;
    parts += 1;
    await answer.part({ 'Content-Type': rendition.value.type }, [rendition.value.bytes]);
  }
  return parts === 0 ? refuse(response, 406, 'nothing here can be rendered') : answer.end();
}

function warn(response: Response, request: Request, parameters: RenderParameters): void {
  if (parameters.unsupported.length > 0) response.set('Warning', `299 ${baseOf(request)}: The parameters ${parameters.unsupported.join(', ')} are not supported and were ignored.`);
}

function middleOf(instances: readonly ServedInstance[]): ServedInstance {
  const pictures = instances.filter((instance) => instance.header_length < instance.data_length);
  const some = pictures.length > 0 ? pictures : instances;
  const series = some[0]!.series_instance_uid;
  const same = some.filter((instance) => instance.series_instance_uid === series);
  return same[same.length >> 1]!;
}
