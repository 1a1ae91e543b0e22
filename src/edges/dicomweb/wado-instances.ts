import type { Request, Response } from 'express';
import { asFile, asStored, inTransferSyntax, isTarget, type OutgoingDataSet } from '../../archive/outgoing-data-set.ts';
import { explicitLittleEndian } from '../../standards/dicom/transfer-syntaxes.ts';
import type { ServedInstance } from '../../store/retrieval.ts';
import { entityTag } from './entity-tag.ts';
import { refuse, send, unchanged } from './http-answer.ts';
import { MultipartAnswer } from './multipart-answer.ts';
import { chooseOffer, type Chosen, type Offer } from './negotiate.ts';
import { scopeOf, type WadoOptions } from './retrieve-scope.ts';
import { sendStoredFiles } from './stored-answer.ts';
import { retrieveAllBulkdata } from './wado-bulkdata.ts';
import { ZipAnswer } from './zip-answer.ts';

const DICOM = 'application/dicom';
const ZIP = 'application/zip';

/** Retrieve Study, Series, Instance: PS3.18 §10.4.1.1.1 to .3. `application/zip` is an extension of ours, never the default. */
export async function retrieveInstances(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const offers: Offer[] = [{ type: DICOM, multipart: true }];
  if (request.params['instance'] !== undefined) offers.push({ type: DICOM, multipart: false });
  offers.push({ type: 'application/octet-stream', multipart: true }, { type: ZIP, multipart: false });
  const offer = chooseOffer(request.get('accept'), offers);
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  if (offer.value.type === 'application/octet-stream') return retrieveAllBulkdata(options, request, response);
  const instances = await scopeOf(options.database, request, response);
  if (instances === undefined) return;
  if (unchanged(request, response, entityTag(instances, JSON.stringify(offer.value)))) return;
  if (offer.value.type === ZIP) return sendZip(options, offer.value, instances, response);
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
  const sendable = instances.filter((instance) => canGive(instance, offer.transferSyntax));
  const refusal = `no instance can be given in transfer syntax ${offer.transferSyntax ?? ''}`;
  if (sendable.length === 0) return refuse(response, 406, refusal);
  response.status(sendable.length < instances.length ? 206 : 200);
  if (sendable.every((instance) => leavesAsStored(instance, offer.transferSyntax))) return sendStoredFiles(options.segments, sendable, response);
  const answer = new MultipartAnswer(response, DICOM);
  let parts = 0;
  for (const instance of sendable) {
    const file = await fileIn(options, instance, offer.transferSyntax);
    // Its bit stream is broken: the others are worth having all the same.
    if (file === undefined) continue;
    parts += 1;
    await answer.part({ 'Content-Type': `${DICOM}; transfer-syntax=${file.transferSyntaxUid}`, 'Content-Length': String(file.length) }, file.pieces());
  }
  return parts === 0 ? refuse(response, 406, refusal) : answer.end();
}

function leavesAsStored(instance: ServedInstance, wanted: string | undefined): boolean {
  return wanted === '*' || instance.transfer_syntax_uid === (wanted ?? explicitLittleEndian);
}

async function sendZip(options: WadoOptions, offer: Chosen, instances: readonly ServedInstance[], response: Response): Promise<void> {
  const study = instances[0]!.study_instance_uid;
  response.set({ 'Content-Type': ZIP, 'Content-Disposition': `attachment; filename="${study}.zip"` });
  const zip = new ZipAnswer((piece) => send(response, piece));
  const seriesNumber = new Map([...new Set(instances.map((instance) => instance.series_instance_uid))].map((uid, n) => [uid, n + 1]));
  for (const [n, instance] of instances.entries()) {
    const file = await fileIn(options, instance, offer.transferSyntax ?? '*');
    // Names say nothing about the patient, and DICOM media want eight upper-case characters (PS3.10 §8.5).
    if (file !== undefined) await zip.entry(`DICOM/S${String(seriesNumber.get(instance.series_instance_uid)).padStart(6, '0')}/I${String(n + 1).padStart(7, '0')}`, file.pieces());
  }
  await zip.end();
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
