import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import type { OutgoingFile } from '../../archive/retrieve-instance.ts';
import { isUid } from '../../foundation/uid.ts';
import type { Database } from '../../store/database.ts';
import { servedInstances, type RetrieveScope, type ServedInstance } from '../../store/retrieval.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { refuse, send } from './http-answer.ts';
import { chooseOffer, type Chosen, type Offer } from './negotiate.ts';

export interface WadoOptions {
  readonly database: Database;
  readonly segments: SegmentReader;
  /** The file of an instance in the wanted transfer syntax (`*` = as stored); undefined when it cannot be given in it. */
  fileIn(instance: ServedInstance, transferSyntax: string | undefined): Promise<OutgoingFile | undefined>;
}

/** The instances a path names; undefined (and the answer is sent) when there are none. */
export async function scopeOf(database: Database, request: Request, response: Response): Promise<ServedInstance[] | undefined> {
  const [study, series, instance] = ['study', 'series', 'instance'].map((name) => request.params[name]);
  const uids = [study, series, instance].filter((uid) => uid !== undefined);
  const scope: RetrieveScope = { studyInstanceUid: String(study), seriesInstanceUid: series as string | undefined, sopInstanceUid: instance as string | undefined };
  const found = uids.every((uid) => isUid(String(uid))) ? await servedInstances(database, scope) : [];
  if (found.length > 0) return found;
  refuse(response, 404, 'the archive holds no such study, series or instance');
  return undefined;
}

/** Retrieve Study, Series, Instance: PS3.18 §10.4.1.1.1 to .3. */
export async function retrieveInstances(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const offers: Offer[] = [{ type: 'application/dicom', multipart: true }];
  if (request.params['instance'] !== undefined) offers.push({ type: 'application/dicom', multipart: false });
  const offer = chooseOffer(request.get('accept'), offers);
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  const instances = await scopeOf(options.database, request, response);
  if (instances === undefined) return;
  return offer.value.multipart ? sendMultipart(options, offer.value, instances, response) : sendSingle(options, offer.value, instances[0]!, response);
}

async function sendSingle(options: WadoOptions, offer: Chosen, instance: ServedInstance, response: Response): Promise<void> {
  const file = await options.fileIn(instance, offer.transferSyntax);
  if (file === undefined) return refuse(response, 406, `the instance cannot be given in transfer syntax ${offer.transferSyntax ?? ''}`);
  response.set({ 'Content-Type': `application/dicom; transfer-syntax=${file.transferSyntaxUid}`, 'Content-Length': String(file.length) });
  for await (const piece of file.pieces()) await send(response, piece);
  response.end();
}

/** One part a file. What cannot be given in the wanted syntax is left out: then 206 when something remains (PS3.18 §10.4.3.2). */
async function sendMultipart(options: WadoOptions, offer: Chosen, instances: readonly ServedInstance[], response: Response): Promise<void> {
  const boundary = `isocenter-${randomBytes(12).toString('hex')}`;
  const possible = await Promise.all(instances.map(async (instance) => ((await options.fileIn(instance, offer.transferSyntax)) === undefined ? undefined : instance)));
  const sendable = possible.filter((instance) => instance !== undefined);
  if (sendable.length === 0) return refuse(response, 406, `no instance can be given in transfer syntax ${offer.transferSyntax ?? ''}`);
  response.status(sendable.length < instances.length ? 206 : 200).set('Content-Type', `multipart/related; type="application/dicom"; boundary=${boundary}`);
  for (const instance of sendable) {
    const file = await options.fileIn(instance, offer.transferSyntax);
    if (file === undefined) throw new Error('an instance changed while it was retrieved');
    await send(response, `--${boundary}\r\nContent-Type: application/dicom; transfer-syntax=${file.transferSyntaxUid}\r\nContent-Length: ${file.length}\r\n\r\n`);
    for await (const piece of file.pieces()) await send(response, piece);
    await send(response, '\r\n');
  }
  await send(response, `--${boundary}--`);
  response.end();
}
