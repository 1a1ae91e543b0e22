import { request } from 'undici';
import type { StowTarget } from './stow-client.ts';

export interface ReadBackObject {
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
}

/** What the service says of objects it answered for. `unknown`: it could not be asked, or does not answer such questions. */
export interface ReadBackAnswer {
  readonly there: ReadonlySet<string>;
  readonly kind: 'answered' | 'unknown';
  readonly message: string;
}

const PAGE = 200;
const MOST_PAGES = 50;
const MAX_PAGE_BYTES = 16 << 20;

/**
 * Asks a DICOMweb service which objects of a study it has now: QIDO-RS, `studies/{uid}/instances` (PS3.18 §10.6), page by page, in a request
 * of its own after the STOW-RS answer. Never rejects.
 *
 * @returns the SOP Instance UIDs it names
 */
export async function instancesAt(target: StowTarget, studyInstanceUid: string, timeoutMs: number, signal: AbortSignal): Promise<ReadBackAnswer> {
  const there = new Set<string>();
  try {
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const url = `${target.url.replace(/\/$/, '')}/${studyInstanceUid}/instances?limit=${PAGE}&offset=${page * PAGE}`;
      const answer = await request(url, {
        method: 'GET', dispatcher: target.dispatcher, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        headers: { ...target.headers, accept: 'application/dicom+json', 'accept-encoding': 'identity' },
      });
      // 204: no matches (PS3.18 §8.3.4.4). 404 is what some answer for a study they do not have.
      if (answer.statusCode === 204 || answer.statusCode === 404) {
        await answer.body.dump();
        break;
      }
      if (answer.statusCode !== 200) {
        await answer.body.dump();
        return { there, kind: 'unknown', message: `QIDO-RS answered HTTP ${answer.statusCode}` };
      }
      const uids = uidsOf(await boundedText(answer.body));
      const before = there.size;
      for (const uid of uids) there.add(uid);
      // A service that knows no paging answers the same again.
      if (uids.length < PAGE || there.size === before) break;
    }
    return { there, kind: 'answered', message: '' };
  } catch (thrown) {
    return { there, kind: 'unknown', message: thrown instanceof Error ? thrown.name : 'no answer' };
  }
}

function uidsOf(text: string): string[] {
  const items = JSON.parse(text) as unknown;
  if (!Array.isArray(items)) return [];
  return (items as Record<string, { readonly Value?: readonly unknown[] } | undefined>[]).flatMap((item) => {
    const uid = item['00080018']?.Value?.[0];
    return typeof uid === 'string' ? [uid] : [];
  });
}

async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > MAX_PAGE_BYTES) throw new Error('answer too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
