import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { readHeader } from '../../archive/read-instance.ts';
import { dicomJsonText } from '../../standards/dicom/json-model.ts';
import { tags } from '../../standards/dicom/tags.ts';
import type { ServedInstance } from '../../store/retrieval.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { refuse, send } from './http-answer.ts';
import { chooseOffer } from './negotiate.ts';
import { scopeOf, type WadoOptions } from './wado-instances.ts';

// Values up to this size come inline; larger ones by BulkDataURI.
const INLINE_BYTES = 1_024;

/** Retrieve Metadata: PS3.18 §10.4.1.1.2. Pixel data and large binary values are given by BulkDataURI. */
export async function retrieveMetadata(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const offer = chooseOffer(request.get('accept'), [{ type: 'application/dicom+json', multipart: false }, { type: 'application/json', multipart: false }]);
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  const instances = await scopeOf(options.database, request, response);
  if (instances === undefined) return;
  const tag = entityTag(instances);
  response.set({ ETag: tag, 'Cache-Control': 'no-cache' });
  if (request.get('if-none-match') === tag) {
    response.status(304).end();
    return;
  }
  const base = `${request.protocol}://${request.get('host') ?? 'localhost'}${request.baseUrl}`;
  response.set('Content-Type', offer.value.type);
  await send(response, '[');
  for (const [n, instance] of instances.entries()) await send(response, `${n > 0 ? ',' : ''}${await metadataText(options.segments, instance, base)}`);
  response.end(']');
}

async function metadataText(segments: SegmentReader, instance: ServedInstance, base: string): Promise<string> {
  const url = `${base}/studies/${instance.study_instance_uid}/series/${instance.series_instance_uid}/instances/${instance.sop_instance_uid}`;
  const header = await readHeader(segments, instance);
  const text = dicomJsonText(header, {
    bulkDataUri: (path, element) => (element.value instanceof Uint8Array && element.value.length <= INLINE_BYTES ? undefined : `${url}/bulkdata/${path}`),
  });
  // The header stops before the pixel data; a viewer needs to know that there are some, and where.
  if (instance.header_length >= instance.data_length || header.has(tags.PixelData)) return text;
  return `${text.slice(0, -1)},"7FE00010":{"vr":"OW","BulkDataURI":"${url}/bulkdata/7FE00010"}}`;
}

/** Changes whenever an instance of the scope comes, goes or is another. */
export function entityTag(instances: readonly ServedInstance[]): string {
  const hash = createHash('sha256');
  for (const instance of instances) hash.update(`${instance.sop_instance_uid} ${instance.crc32} ${instance.data_length}\n`);
  return `"${hash.digest('base64url').slice(0, 27)}"`;
}
