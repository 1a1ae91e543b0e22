import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { readHeader } from '../../archive/read-instance.ts';
import { dicomJsonText, type JsonOptions } from '../../standards/dicom/json-model.ts';
import { nativeXml } from '../../standards/dicom/native-xml.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { scopeVersion, type ServedInstance } from '../../store/retrieval.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { entityTag } from './entity-tag.ts';
import { baseOf, refuse, send, unchanged } from './http-answer.ts';
import { MultipartAnswer } from './multipart-answer.ts';
import type { MetadataCache } from './metadata-cache.ts';
import { chooseOffer } from './negotiate.ts';
import { pathScope, scopeOf, type WadoOptions } from './retrieve-scope.ts';

// Values up to this size come inline; larger ones by BulkDataURI.
const INLINE_BYTES = 1_024;
// Headers read at a time: as many reads as the disk likes, while the memory stays small.
const READ_AHEAD = 16;
const XML = 'application/dicom+xml';
const compress = promisify(gzip);

export interface MetadataOptions extends WadoOptions {
  readonly metadata: MetadataCache;
}

/** Retrieve Metadata: PS3.18 §10.4.1.1.2. Pixel data and large binary values are given by BulkDataURI. */
export async function retrieveMetadata(options: MetadataOptions, request: Request, response: Response): Promise<void> {
  const offer = chooseOffer(request.get('accept'), [{ type: 'application/dicom+json', multipart: false }, { type: 'application/json', multipart: false }, { type: XML, multipart: true }]);
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  const base = baseOf(request);
  const scope = pathScope(request);
  const version = scope === undefined ? undefined : await scopeVersion(options.database, scope);
  if (version !== undefined && !offer.value.multipart) {
    const key = `${base} ${version}`;
    const tag = entityTag([], key);
    if (unchanged(request, response, tag)) return;
    const known = options.metadata.get(key);
    if (known !== undefined) return sendKnown(known, offer.value.type, request, response);
  }
  const instances = await scopeOf(options.database, request, response);
  if (instances === undefined) return;
  if (offer.value.multipart) return sendXml(options.segments, instances, base, response);
  if (version === undefined && unchanged(request, response, entityTag(instances, base))) return;
  response.set('Content-Type', offer.value.type);
  return sendJson(options, instances, base, version === undefined ? undefined : `${base} ${version}`, response);
}

async function sendKnown(known: { readonly text: Buffer; packed?: Buffer }, type: string, request: Request, response: Response): Promise<void> {
  response.set({ 'Content-Type': type, Vary: 'Accept, Accept-Encoding' });
  const packs = /(^|[,\s])gzip(\s*(,|$|;\s*q=(?!0(\.0*)?\s*(,|$))))/i.test(request.get('accept-encoding') ?? '') && known.text.length > 1_024;
  if (packs) known.packed ??= await compress(known.text, { level: 6 });
  const body = packs ? known.packed! : known.text;
  if (packs) response.set('Content-Encoding', 'gzip');
  response.set('Content-Length', String(body.length)).end(body);
}

async function sendJson(options: MetadataOptions, instances: readonly ServedInstance[], base: string, key: string | undefined, response: Response): Promise<void> {
  const kept: string[] = [];
  let length = 0;
  for (let at = 0; at < instances.length; at += READ_AHEAD) {
    const texts = await Promise.all(instances.slice(at, at + READ_AHEAD).map((instance) => metadataText(options.segments, instance, base)));
    const piece = `${at === 0 ? '[' : ','}${texts.join(',')}`;
    await send(response, piece);
    length += piece.length;
    if (key !== undefined && length <= options.metadata.largest) kept.push(piece);
  }
  response.end(']');
  if (key !== undefined && length <= options.metadata.largest) options.metadata.put(key, Buffer.from(`${kept.join('')}]`));
}

async function sendXml(segments: SegmentReader, instances: readonly ServedInstance[], base: string, response: Response): Promise<void> {
  const answer = new MultipartAnswer(response, XML);
  for (const instance of instances) {
    const header = await readHeader(segments, instance);
    await answer.part({ 'Content-Type': XML }, [Buffer.from(nativeXml(withPixelData(header, instance), jsonOptions(instance, base)))]);
  }
  return answer.end();
}

async function metadataText(segments: SegmentReader, instance: ServedInstance, base: string): Promise<string> {
  return dicomJsonText(withPixelData(await readHeader(segments, instance), instance), jsonOptions(instance, base));
}

/** The header stops before the pixel data; a viewer needs to know that there are some, and where. */
function withPixelData(header: DataSet, instance: ServedInstance): DataSet {
  if (instance.header_length >= instance.data_length || header.has(tags.PixelData)) return header;
  return header.with({ tag: tags.PixelData, vr: 'OW', value: { offsetTable: new Uint8Array(0), fragments: [] } });
}

function jsonOptions(instance: ServedInstance, base: string): JsonOptions {
  const url = `${base}/studies/${instance.study_instance_uid}/series/${instance.series_instance_uid}/instances/${instance.sop_instance_uid}`;
  return { bulkDataUri: (path, element) => (element.value instanceof Uint8Array && element.value.length <= INLINE_BYTES && element.tag !== tags.PixelData ? undefined : `${url}/bulkdata/${path}`) };
}
