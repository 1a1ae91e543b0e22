import { MultipartReader } from '../../src/standards/dicomweb/multipart-reader.ts';
import assert from 'node:assert/strict';

export interface ReceivedPart {
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Buffer;
}

/** The parts of a multipart answer of status 200 or 206. */
export async function partsOf(response: Response): Promise<ReceivedPart[]> {
  const body = new Uint8Array(await response.arrayBuffer());
  assert.ok(response.status === 200 || response.status === 206, `status ${response.status}: ${Buffer.from(body.subarray(0, 200)).toString()}`);
  const boundary = /boundary="?([^";]+)/.exec(response.headers.get('content-type') ?? '')![1]!;
  const parts: { headers: ReadonlyMap<string, string>; chunks: Buffer[] }[] = [];
  const reader = new MultipartReader(boundary, { begin: (headers) => void parts.push({ headers, chunks: [] }), bytes: (chunk) => void parts.at(-1)!.chunks.push(Buffer.from(chunk)), end: () => undefined });
  assert.equal(reader.push(body) ?? reader.finish(), undefined);
  return parts.map(({ headers, chunks }) => ({ headers, bytes: Buffer.concat(chunks) }));
}
