import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { asFile, asStored, inTransferSyntax, isTarget, type OutgoingDataSet } from '../../archive/outgoing-data-set.ts';
import { isUid } from '../../foundation/uid.ts';
import type { Database } from '../../store/database.ts';
import { explicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import { servedInstances, type RetrieveScope, type ServedInstance } from '../../store/retrieval.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { refuse, send } from './http-answer.ts';
import { chooseOffer, type Chosen, type Offer } from './negotiate.ts';

export interface WadoOptions {
  readonly database: Database;
  readonly segments: SegmentReader;
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
  const file = await fileIn(options, instance, offer.transferSyntax);
  if (file === undefined) return refuse(response, 406, `the instance cannot be given in transfer syntax ${offer.transferSyntax ?? ''}`);
  response.set({ 'Content-Type': `application/dicom; transfer-syntax=${file.transferSyntaxUid}`, 'Content-Length': String(file.length) });
  for await (const piece of file.pieces()) await send(response, piece);
  response.end();
}

/** One part a file. What cannot be given in the wanted syntax is left out: then 206 when something remains (PS3.18 §10.4.3.2). */
async function sendMultipart(options: WadoOptions, offer: Chosen, instances: readonly ServedInstance[], response: Response): Promise<void> {
  const boundary = `isocenter-${randomBytes(12).toString('hex')}`;
  const sendable = instances.filter((instance) => canGive(instance, offer.transferSyntax));
  if (sendable.length === 0) return refuse(response, 406, `no instance can be given in transfer syntax ${offer.transferSyntax ?? ''}`);
  if (sendable.length === 1 && (await fileIn(options, sendable[0]!, offer.transferSyntax)) === undefined) {
    return refuse(response, 406, `the instance cannot be given in transfer syntax ${offer.transferSyntax ?? ''}`);
  }
  response.status(sendable.length < instances.length ? 206 : 200).set('Content-Type', `multipart/related; type="application/dicom"; boundary=${boundary}`);
  for (const instance of sendable) {
    const file = await fileIn(options, instance, offer.transferSyntax);
    // Its bit stream is broken: the others are worth having all the same.
    if (file === undefined) continue;
    await send(response, `--${boundary}\r\nContent-Type: application/dicom; transfer-syntax=${file.transferSyntaxUid}\r\nContent-Length: ${file.length}\r\n\r\n`);
    for await (const piece of file.pieces()) await send(response, piece);
    await send(response, '\r\n');
  }
  await send(response, `--${boundary}--`);
  response.end();
}

/** True when the instance can be asked for in the wanted syntax; whether its bytes allow it shows when they are read. */
function canGive(instance: ServedInstance, wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === '*' || wanted === instance.transfer_syntax_uid) return true;
  return isTarget(wanted);
}

/** `*` is as stored; the default is Explicit VR Little Endian, and as stored where only that can be given (PS3.18 §8.7.3.5.2). */
async function fileIn(options: WadoOptions, instance: ServedInstance, wanted: string | undefined): Promise<OutgoingDataSet | undefined> {
  const stored = asStored(options.segments, instance);
  if (wanted === '*') return asFile(instance, stored);
  const found = await inTransferSyntax(options.segments, instance, [wanted ?? explicitLittleEndian]);
  if (found === undefined && wanted !== undefined) return undefined;
  return asFile(instance, found ?? stored);
}
