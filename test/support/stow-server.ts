import { createHash } from 'node:crypto';
import { readPart10 } from '../../src/standards/dicom/part10.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { startHttpServer, type RunningHttpServer } from '../../src/transport/http/http-server.ts';

export interface CannedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A small, strict STOW-RS service: every fault of the request is an assertion of the test that sent it. */
export interface StowServer {
  readonly url: string;
  readonly port: number;
  /** SOP Instance UID → SHA-256 of the whole part, as stored first. */
  readonly stored: ReadonlyMap<string, string>;
  /** What was wrong with requests. */
  readonly complaints: readonly string[];
  readonly requests: number;
  /** Given instead of the next answers, in order. */
  readonly canned: CannedAnswer[];
  stop(): Promise<void>;
}

export async function startStowServer(): Promise<StowServer> {
  const stored = new Map<string, string>();
  const complaints: string[] = [];
  const canned: CannedAnswer[] = [];
  let requests = 0;
  const server: RunningHttpServer = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    handler: (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => {
        requests += 1;
        const answer = canned.shift();
        if (answer !== undefined) {
          response.writeHead(answer.status, { ...answer.headers }).end(answer.body ?? '');
          return;
        }
        const items = take(Buffer.concat(chunks), request.headers, stored, complaints);
        const body = JSON.stringify({ '00081199': { vr: 'SQ', Value: items }, '00081198': { vr: 'SQ' } });
        response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(body);
      });
    },
  });
  return {
    url: `${server.url}/dicom-web/studies`, port: server.port, stored, complaints, canned,
    get requests() {
      return requests;
    },
    stop: () => server.stop(0),
  };
}

function take(body: Buffer, headers: Readonly<Record<string, string | string[] | undefined>>, stored: Map<string, string>, complaints: string[]): object[] {
  const contentType = String(headers['content-type']);
  const boundary = /^multipart\/related; type="application\/dicom"; boundary=([\w-]+)$/.exec(contentType)?.[1];
  if (boundary === undefined) complaints.push(`content type ${contentType}`);
  if (headers['content-length'] !== String(body.length)) complaints.push('content length');
  return parts(body, boundary ?? '', complaints).map((part) => {
    const end = part.indexOf('\r\n\r\n');
    const content = part.subarray(end + 4);
    const read = readPart10(content);
    // As strict as Orthanc 1.10: a parameter behind the media type, and the part is not taken.
    if (part.subarray(0, end).toString() !== 'Content-Type: application/dicom') complaints.push('headers of a part');
    if (!read.ok) {
      complaints.push(`a part is no DICOM file: ${read.fault.code}`);
      return {};
    }
    const uid = read.value.dataSet.string(tags.SOPInstanceUID) ?? '';
    if (read.value.fileMeta.string(tags.MediaStorageSOPInstanceUID) !== uid) complaints.push('file meta names another instance');
    const digest = createHash('sha256').update(content).digest('hex');
    if ((stored.get(uid) ?? digest) !== digest) complaints.push('a repeat with other bytes');
    stored.set(uid, digest);
    return { '00081150': { vr: 'UI', Value: [read.value.dataSet.string(tags.SOPClassUID)] }, '00081155': { vr: 'UI', Value: [uid] } };
  });
}

/** RFC 2046 §5.1.1: each delimiter is preceded by CRLF (but the first), the last one ends with two dashes. */
function parts(body: Buffer, boundary: string, complaints: string[]): Buffer[] {
  const found: Buffer[] = [];
  const delimiter = Buffer.from(`--${boundary}`);
  if (!body.subarray(0, delimiter.length).equals(delimiter)) complaints.push('does not begin with the boundary');
  if (!body.subarray(-delimiter.length - 4).equals(Buffer.from(`--${boundary}--\r\n`))) complaints.push('does not end with the closing boundary');
  let at = 0;
  for (;;) {
    const next = body.indexOf(Buffer.from(`\r\n--${boundary}`), at + 1);
    if (next === -1) return found;
    found.push(body.subarray(at + delimiter.length + 2, next));
    at = next + 2;
  }
}
