import type { Request, Response } from 'express';
import { isUid, randomUid } from '../../foundation/uid.ts';
import type { InstanceReceiver } from '../../stages/intake/receive-instance.ts';
import { dicomJsonText } from '../../standards/dicom/json-model.ts';
import { nativeXml } from '../../standards/dicom/native-xml.ts';
import { parseMediaType } from '../../standards/dicomweb/media-type.ts';
import { MultipartReader, type MultipartFault } from '../../standards/dicomweb/multipart-reader.ts';
import { baseOf, refuse } from './http-answer.ts';
import { chooseOffer } from './negotiate.ts';
import { StowMetadata } from './stow-metadata.ts';
import { StowPart, type PartOutcome } from './stow-part.ts';
import { stowAnswer } from './stow-response.ts';

export interface StowOptions {
  readonly receiver: InstanceReceiver;
  readonly aeTitle: string;
}

const XML = 'application/dicom+xml';
const METADATA_TYPES = ['application/dicom+json', 'application/json', XML];
const MOST_DRAINED = 64 << 20;
// How many finished parts may wait for durability before more of the body is read.
const PARTS_IN_FLIGHT = 64;

/**
 * Store Instances, PS3.18 §10.5, streamed: memory does not grow with the body. Every instance that the answer lists as stored is
 * durable; a body that breaks off keeps the parts that were whole.
 */
export async function storeInstances(options: StowOptions, request: Request, response: Response): Promise<void> {
  const type = parseMediaType(request.get('content-type') ?? '');
  const boundary = type?.parameters.get('boundary');
  if (type?.type !== 'multipart/related' || boundary === undefined || boundary.length > 200) return refuse(response, 415, 'the body must be multipart/related with a boundary');
  const rootType = type.parameters.get('type') ?? 'application/dicom';
  const metadata = METADATA_TYPES.includes(rootType.toLowerCase());
  if (!metadata && rootType.toLowerCase() !== 'application/dicom') return refuse(response, 415, `parts of type ${rootType.slice(0, 100)} are not taken; send application/dicom, or application/dicom+json or +xml with bulk data`);
  if (![undefined, 'identity'].includes(request.get('content-encoding')?.toLowerCase())) return refuse(response, 415, 'a compressed body is not taken');
  const offer = chooseOffer(request.get('accept'), [{ type: 'application/dicom+json', multipart: false }, { type: 'application/json', multipart: false }, { type: XML, multipart: false }, { type: XML, multipart: true }]);
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  const study = request.params['study'];
  if (study !== undefined && !isUid(String(study))) return refuse(response, 400, 'the study of the path is no UID');

  const upload = new Upload(options, { boundary, metadata, study: study as string | undefined, remoteAddress: request.ip ?? '' });
  const fault = await upload.read(request);
  const outcomes = await upload.finish(fault);
  if (fault === 'CLIENT_GONE') return;
  if (fault !== undefined) drain(request, response);
  if (fault === 'TOO_LARGE') return refuse(response, 413, faultText(fault));
  if (fault !== undefined && outcomes.length === 0) return refuse(response, 400, faultText(fault));
  const answer = stowAnswer(outcomes, baseOf(request));
  if (fault !== undefined) response.set('Warning', `299 isocenter "${faultText(fault)}; the parts before it are listed"`);
  response.status(fault !== undefined && answer.status === 200 ? 202 : answer.status);
  response.set('Content-Type', offer.value.type).end(offer.value.type === XML ? nativeXml(answer.body) : dicomJsonText(answer.body));
}

/** What is left of a refused body is read and thrown away, so that the client sees the answer; a long rest is cut off. */
function drain(request: Request, response: Response): void {
  let left = MOST_DRAINED;
  response.set('Connection', 'close');
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.socket.destroy();
  });
  request.resume();
}

type UploadFault = MultipartFault | 'CLIENT_GONE' | 'TOO_LARGE';

interface UploadRequest {
  readonly boundary: string;
  /** Parts are metadata and bulk data, not files. */
  readonly metadata: boolean;
  readonly study: string | undefined;
  readonly remoteAddress: string;
}

class Upload {
  readonly #groupId = randomUid();
  readonly #options: StowOptions;
  readonly #reader: MultipartReader;
  readonly #finishing: Promise<PartOutcome>[] = [];
  readonly #metadata: StowMetadata | undefined;
  #current: StowPart | undefined;
  #wait: Promise<void> | undefined;

  constructor(options: StowOptions, { boundary, metadata, study, remoteAddress }: UploadRequest) {
    this.#options = options;
    const { receiver, aeTitle } = options;
    receiver.opened({ groupId: this.#groupId, traceId: this.#groupId, protocol: 'stow', callingAe: 'STOW-RS', calledAe: aeTitle, remoteAddress });
    this.#metadata = metadata ? new StowMetadata(receiver, this.#groupId, study) : undefined;
    this.#reader = new MultipartReader(boundary, {
      begin: (headers) => {
        if (this.#metadata !== undefined) this.#metadata.begin(headers);
        else this.#current = new StowPart(receiver, this.#groupId, study, headers.get('content-type') ?? '');
      },
      bytes: (chunk) => (this.#metadata === undefined ? this.#pass(this.#current?.write(chunk)) : this.#metadata.bytes(chunk)),
      end: () => {
        if (this.#current !== undefined) this.#finishing.push(this.#current.finish());
        this.#current = undefined;
      },
    });
  }

  /** Reads the body to its end; the socket is paused while intake asks for it. */
  async read(body: Request): Promise<UploadFault | undefined> {
    try {
      for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        const fault = this.#reader.push(chunk);
        if (fault !== undefined) return fault;
        if (this.#metadata?.tooLarge === true) return 'TOO_LARGE';
        await this.#wait;
        this.#wait = undefined;
        if (this.#finishing.length >= PARTS_IN_FLIGHT) await this.#finishing.at(-PARTS_IN_FLIGHT);
      }
    } catch {
      return 'CLIENT_GONE';
    }
    return this.#reader.finish();
  }

  async finish(fault: UploadFault | undefined): Promise<PartOutcome[]> {
    this.#current?.abandon();
    // Metadata without all of their bulk data would be other instances than were meant.
    const stored = fault === undefined ? await this.#metadata?.store() : undefined;
    const outcomes = [...(await Promise.all(this.#finishing)), ...(stored ?? [])];
    await this.#options.receiver.settle(this.#groupId, fault === undefined ? 'released' : 'aborted', AbortSignal.timeout(60_000));
    return outcomes;
  }

  #pass(wait: Promise<void> | undefined): void {
    if (wait !== undefined) this.#wait = this.#wait === undefined ? wait : Promise.all([this.#wait, wait]).then(() => undefined);
  }
}

function faultText(fault: UploadFault): string {
  const texts: Record<UploadFault, string> = {
    NO_BOUNDARY_FOUND: 'the body does not contain the boundary that Content-Type names',
    HEADERS_TOO_LONG: 'the headers of a part are too long',
    MALFORMED_HEADER: 'the headers of a part are malformed',
    TOO_MANY_PARTS: 'the body has too many parts',
    TRUNCATED: 'the body ends before its closing boundary',
    CLIENT_GONE: 'the client went away',
    TOO_LARGE: 'metadata and bulk data are too large; send application/dicom, which is streamed',
  };
  return texts[fault];
}
