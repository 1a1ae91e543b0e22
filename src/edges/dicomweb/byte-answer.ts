import type { Request, Response } from 'express';
import { refuse, send } from './http-answer.ts';

/** Bytes that can be read by range. */
export interface ByteSource {
  readonly length: number;
  /** `start` included, `end` excluded. */
  read(start: number, end: number): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Sends bytes as one body; a single byte range is honoured (RFC 9110 §14.2: 206, 416), several count as none. */
export async function sendBytes(request: Request, response: Response, type: string, bytes: ByteSource): Promise<void> {
  const range = rangeOf(request.get('range'), bytes.length);
  response.set({ 'Accept-Ranges': 'bytes', 'Content-Type': type });
  if (range === 'beyond') {
    response.set('Content-Range', `bytes */${bytes.length}`);
    return refuse(response, 416, `there are ${bytes.length} bytes`);
  }
  const { start, end } = range ?? { start: 0, end: bytes.length };
  if (range !== undefined) response.status(206).set('Content-Range', `bytes ${start}-${end - 1}/${bytes.length}`);
  response.set('Content-Length', String(end - start));
  for await (const piece of bytes.read(start, end)) await send(response, piece);
  response.end();
}

function rangeOf(header: string | undefined, length: number): { readonly start: number; readonly end: number } | 'beyond' | undefined {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (found === null || (found[1] === '' && found[2] === '')) return undefined;
  const [from, to] = [found[1]!, found[2]!];
  if (from === '') return Number(to) === 0 ? 'beyond' : { start: Math.max(0, length - Number(to)), end: length };
  const start = Number(from);
  const end = to === '' ? length : Math.min(length, Number(to) + 1);
  if (start >= length) return 'beyond';
  return end > start ? { start, end } : undefined;
}
