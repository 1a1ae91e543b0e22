import type { Request, Response } from 'express';
import { frameRanges } from '../../archive/frame-ranges.ts';
import { readHeader, readWhole } from '../../archive/read-instance.ts';
import type { StoredFrames } from '../../archive/stored-frames.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tagOf } from '../../standards/dicom/dictionary.ts';
import { dicomJsonText } from '../../standards/dicom/json-model.ts';
import { explicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import { blobAddressOf } from '../../store/segments/blob-address.ts';
import type { ServedInstance } from '../../store/retrieval.ts';
import { sendBytes, type ByteSource } from './byte-answer.ts';
import { baseOf, refuse } from './http-answer.ts';
import { MultipartAnswer } from './multipart-answer.ts';
import { chooseOffer } from './negotiate.ts';
import { choosePixels, type PixelSource } from './pixel-source.ts';
import { scopeOf, type WadoOptions } from './retrieve-scope.ts';
import { contentType, frameOrCut, partHeaders } from './wado-frames.ts';

const OCTETS = 'application/octet-stream';
const PIXELS = /^7FE000(08|09|10)$/;
// Elements behind the pixel data are found by reading all of an object, which is bounded.
const MAX_WHOLE_BYTES = 512 << 20;

/** Retrieve Bulkdata by one of the URIs of metadata: PS3.18 §10.4.1.1.5. */
export async function retrieveBulkdata(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const path = pathOf(request.params['path']);
  if (path === undefined) return refuse(response, 400, 'the path of bulk data is a tag, or tags and item numbers');
  const instances = await scopeOf(options.database, request, response);
  if (instances === undefined) return;
  if (path.length === 1 && PIXELS.test(path[0]!)) return retrievePixelsOf(options, instances[0]!, request, response);
  const value = await bytesAt(options, instances[0]!, path);
  if (value === undefined) return refuse(response, 404, 'the instance has no bulk data there');
  return sendOctets(request, response, { length: value.length, read: (start, end) => [value.subarray(start, end)] });
}

/** Retrieve Pixel Data of an instance, a series or a study: PS3.18 §10.4.1.1.7. Instances without pixel data have no part. */
export async function retrievePixelData(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const instances = await scopeOf(options.database, request, response);
  if (instances === undefined) return;
  return instances.length === 1 ? retrievePixelsOf(options, instances[0]!, request, response) : sendAllBulk(options, instances, false, request, response);
}

/** All bulk data of a scope, one part each with its Content-Location: PS3.18 §10.4.1.1.5. */
export async function retrieveAllBulkdata(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const instances = await scopeOf(options.database, request, response);
  return instances === undefined ? undefined : sendAllBulk(options, instances, true, request, response);
}

async function retrievePixelsOf(options: WadoOptions, instance: ServedInstance, request: Request, response: Response): Promise<void> {
  const opened = await options.frames.open(instance);
  if (!opened.ok) return refuse(response, 404, `the instance has no pixel data: ${opened.fault.message}`);
  const frames = opened.value;
  const chosen = await choosePixels(frames, request.get('accept'), 1, frames.description.numberOfFrames === 1 || !frames.encapsulated);
  if (!chosen.ok) return refuse(response, chosen.fault.status, chosen.fault.message);
  const { source, first } = chosen.value;
  const native = frames.encapsulated ? undefined : await nativeValue(options, frames);
  if (native !== undefined) return sendOctets(request, response, native, source);
  if (!source.media.multipart && frames.description.numberOfFrames === 1) return void response.set({ 'Content-Type': contentType(source), 'Content-Length': String(first.length) }).end(first);
  const answer = new MultipartAnswer(response, source.media.type);
  await sendPixelParts(answer, source, frames, first, response, `${instanceUrl(request, instance)}/bulkdata/7FE00010`);
  return answer.end();
}

/** Bit streams are a part each; decoded frames are one value, as the data set would have it. */
async function sendPixelParts(answer: MultipartAnswer, source: PixelSource, frames: StoredFrames, first: Uint8Array, response: Response, location: string): Promise<void> {
  const count = frames.description.numberOfFrames;
  const next = (number: number): Promise<Uint8Array> | Uint8Array => (number === 1 ? first : frameOrCut(source, number, response));
  if (source.transferSyntaxUid !== explicitLittleEndian) {
    for (let number = 1; number <= count; number += 1) await answer.part(partHeaders(source, location), [await next(number)]);
    return;
  }
  await answer.part(partHeaders(source, location), (async function* pixels() {
    for (let number = 1; number <= count; number += 1) yield await next(number);
  })());
}

/** The value of native pixel data, read where it lies; swapped and inflated ones frame by frame. */
async function nativeValue(options: WadoOptions, frames: StoredFrames): Promise<ByteSource | undefined> {
  const { instance } = frames;
  const range = (await frameRanges(options.segments, instance, frames.header, frames.description))?.value;
  if (range === undefined) return undefined;
  const length = Math.min(range.end, instance.data_length) - range.start;
  return { length, read: (start, end) => options.segments.stream(blobAddressOf(instance), { start: range.start + start, end: range.start + end }) };
}

async function sendAllBulk(options: WadoOptions, instances: readonly ServedInstance[], elements: boolean, request: Request, response: Response): Promise<void> {
  let answer: MultipartAnswer | undefined;
  for (const instance of instances) {
    const url = `${instanceUrl(request, instance)}/bulkdata`;
    if (elements) {
      for (const [path, bytes] of binaryElements(await readHeader(options.segments, instance))) {
        answer ??= new MultipartAnswer(response, OCTETS);
        await answer.part({ 'Content-Type': OCTETS, 'Content-Location': `${url}/${path}` }, [bytes]);
      }
    }
    const frames = await options.frames.open(instance);
    if (!frames.ok) continue;
    const chosen = await choosePixels(frames.value, request.get('accept'), 1, false);
    if (!chosen.ok && answer === undefined) return refuse(response, chosen.fault.status, chosen.fault.message);
    if (!chosen.ok) continue;
    answer ??= new MultipartAnswer(response, chosen.value.source.media.type);
    await sendPixelParts(answer, chosen.value.source, frames.value, chosen.value.first, response, `${url}/7FE00010`);
  }
  return answer === undefined ? refuse(response, 404, 'nothing here has bulk data') : answer.end();
}

/** Binary values of a header as metadata's BulkDataURIs name them. */
function binaryElements(header: DataSet): [path: string, bytes: Uint8Array][] {
  const found: [string, Uint8Array][] = [];
  dicomJsonText(header, {
    bulkDataUri: (path, element) => {
      if (element.value instanceof Uint8Array && element.value.length > 1_024) found.push([path, element.value]);
      return 'x';
    },
  });
  return found;
}

async function sendOctets(request: Request, response: Response, bytes: ByteSource, source?: PixelSource): Promise<void> {
  const offer = source?.media ?? chooseOfferOfOctets(request, response);
  if (offer === undefined) return;
  const type = source === undefined ? OCTETS : contentType(source);
  if (!offer.multipart) return sendBytes(request, response, type, bytes);
  const answer = new MultipartAnswer(response, OCTETS);
  await answer.part({ 'Content-Type': type, 'Content-Location': `${request.protocol}://${request.get('host') ?? 'localhost'}${request.originalUrl}`, 'Content-Length': String(bytes.length) }, bytes.read(0, bytes.length));
  return answer.end();
}

function chooseOfferOfOctets(request: Request, response: Response): { readonly multipart: boolean } | undefined {
  const offer = chooseOffer(request.get('accept'), [{ type: OCTETS, multipart: true }, { type: OCTETS, multipart: false }]);
  return offer.ok ? offer.value : (refuse(response, 406, offer.fault.message) as undefined);
}

function instanceUrl(request: Request, instance: ServedInstance): string {
  return `${baseOf(request)}/studies/${instance.study_instance_uid}/series/${instance.series_instance_uid}/instances/${instance.sop_instance_uid}`;
}

/** `54000100/0/54001010` as steps; undefined when it is no path. */
function pathOf(parameter: unknown): readonly string[] | undefined {
  const steps = Array.isArray(parameter) ? parameter.map(String) : String(parameter).split('/');
  const fits = steps.length % 2 === 1 && steps.length < 64 && steps.every((step, n) => (n % 2 === 0 ? /^[0-9A-Fa-f]{8}$/.test(step) : /^\d{1,6}$/.test(step)));
  return fits ? steps.map((step) => step.toUpperCase()) : undefined;
}

async function bytesAt(options: WadoOptions, instance: ServedInstance, path: readonly string[]): Promise<Uint8Array | undefined> {
  const inHeader = step(await readHeader(options.segments, instance), path);
  if (inHeader !== undefined || instance.header_length >= instance.data_length || Number.parseInt(path[0]!, 16) < 0x7fe00010) return inHeader;
  return step(await readWhole(options.segments, instance, MAX_WHOLE_BYTES), path);
}

function step(dataSet: DataSet | undefined, [tag, item, ...rest]: readonly string[]): Uint8Array | undefined {
  const number = tagOf(tag!);
  if (dataSet === undefined || number === undefined) return undefined;
  return item === undefined ? dataSet.bytes(number) : step(dataSet.items(number)[Number(item)], rest);
}
