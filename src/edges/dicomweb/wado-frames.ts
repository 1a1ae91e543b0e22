import type { Request, Response } from 'express';
import type { StoredFrames } from '../../archive/stored-frames.ts';
import { parseFrameList } from '../../standards/dicomweb/frame-list.ts';
import type { ServedInstance } from '../../store/retrieval.ts';
import { baseOf, refuse, unchanged } from './http-answer.ts';
import { MultipartAnswer } from './multipart-answer.ts';
import { choosePixels, type PixelSource } from './pixel-source.ts';
import { entityTag } from './entity-tag.ts';
import { scopeOf, type WadoOptions } from './retrieve-scope.ts';

/** Retrieve Frames: PS3.18 §10.4.1.1.6. */
export async function retrieveFrames(options: WadoOptions, request: Request, response: Response): Promise<void> {
  const opened = await requestedFrames(options, request, response);
  if (opened === undefined) return;
  const { frames, numbers, instance } = opened;
  if (unchanged(request, response, entityTag([instance], request.get('accept') ?? ''))) return;
  return sendFrames(frames, numbers, request, response);
}

/** The frames a path names, opened; undefined (and the answer is sent) when there are none. */
export async function requestedFrames(options: WadoOptions, request: Request, response: Response): Promise<{ readonly frames: StoredFrames; readonly numbers: readonly number[]; readonly instance: ServedInstance } | undefined> {
  const numbers = parseFrameList(String(request.params['frames']));
  if (!numbers.ok) return refuse(response, 400, numbers.fault.message) as undefined;
  const instances = await scopeOf(options.database, request, response);
  if (instances === undefined) return undefined;
  const frames = await options.frames.open(instances[0]!);
  if (!frames.ok) return refuse(response, 404, `the instance has no frames: ${frames.fault.message}`) as undefined;
  const { numberOfFrames } = frames.value.description;
  if (numbers.value.some((number) => number > numberOfFrames)) return refuse(response, 404, `the instance has ${numberOfFrames} frame(s)`) as undefined;
  return { frames: frames.value, numbers: numbers.value, instance: instances[0]! };
}

/** Sends frames of one instance in what the client takes: one part each, or a single body. */
export async function sendFrames(frames: StoredFrames, numbers: readonly number[], request: Request, response: Response): Promise<void> {
  const chosen = await choosePixels(frames, request.get('accept'), numbers[0]!, numbers.length === 1);
  if (!chosen.ok) return refuse(response, chosen.fault.status, chosen.fault.message);
  const { source, first } = chosen.value;
  if (!source.media.multipart) {
    response.set({ 'Content-Type': contentType(source), 'Content-Length': String(first.length) }).end(first);
    return;
  }
  const answer = new MultipartAnswer(response, source.media.type);
  const url = `${baseOf(request)}/studies/${frames.instance.study_instance_uid}/series/${frames.instance.series_instance_uid}/instances/${frames.instance.sop_instance_uid}`;
  for (const [n, number] of numbers.entries()) await answer.part(partHeaders(source, `${url}/frames/${number}`), [n === 0 ? first : await frameOrCut(source, number, response)]);
  return answer.end();
}

export function partHeaders(source: PixelSource, location: string): Record<string, string> {
  return { 'Content-Type': contentType(source), 'Content-Location': location };
}

export function contentType(source: PixelSource): string {
  return `${source.media.type}; transfer-syntax=${source.transferSyntaxUid}`;
}

/** A frame behind the first; when it cannot be given the connection is cut, so that nobody takes the rest for the whole. */
export async function frameOrCut(source: PixelSource, number: number, response: Response): Promise<Uint8Array> {
  const frame = await source.frame(number);
  if (frame.ok) return frame.value;
  response.destroy();
  throw new Error(`frame ${number}: ${frame.fault.message}`);
}
