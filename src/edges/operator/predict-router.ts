import { Router, type Request, type Response } from 'express';
import { asGatewayError } from '../../foundation/errors.ts';
import type { Result } from '../../foundation/result.ts';
import type { QuickAnswer } from '../../model-runtime/quick-look.ts';
import { parseMediaType } from '../../standards/dicomweb/media-type.ts';
import { MultipartReader } from '../../standards/dicomweb/multipart-reader.ts';

export interface PredictRequest {
  readonly modelId: string;
  /** DICOM files of one series, or pictures. */
  readonly files: readonly Uint8Array[];
  readonly laterality: 'L' | 'R' | undefined;
  readonly view: string | undefined;
}

export interface PredictDependencies {
  /** Runs the model; fault: a sentence about the files. Throws GatewayError. */
  predict(request: PredictRequest, signal: AbortSignal): Promise<Result<QuickAnswer, string>>;
  /** Bytes of one request. */
  readonly maxBytes: number;
}

/**
 * `POST /api/predict/{model}`: a quick look without a PACS; nothing is stored. The body is one file (application/dicom, image/png, image/jpeg) or several as
 * multipart (form-data or related). `?laterality=L|R` and `?view=` say what a bare picture cannot.
 */
export function createPredictRouter(deps: PredictDependencies): Router {
  const router = Router();
  router.post('/:model', (request: Request, response: Response) => {
    answer(deps, request, response).catch((thrown: unknown) => {
      if (response.headersSent) return void response.destroy();
      const error = asGatewayError(thrown);
      refuse(response, STATUS[error.code] ?? (error.failure === 'permanent' ? 422 : 503), error.code, error.message);
    });
  });
  return router;
}

const STATUS: Readonly<Record<string, number>> = { MODEL_UNKNOWN: 404, MODEL_QUARANTINED: 409, MODEL_DEADLINE: 504 };

async function answer(deps: PredictDependencies, request: Request, response: Response): Promise<void> {
  const { laterality, view } = request.query;
  if (laterality !== undefined && laterality !== 'L' && laterality !== 'R') return refuse(response, 400, 'BAD_LATERALITY', 'laterality is L or R');
  const body = await readBody(request, deps.maxBytes);
  if (body === null) return refuse(response, 413, 'TOO_LARGE', `a request may have ${Math.floor(deps.maxBytes / 2 ** 20)} MiB`);
  const files = filesOf(body, request.get('content-type') ?? '');
  if (files === null) return refuse(response, 400, 'BAD_MULTIPART', 'the multipart body cannot be read');
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the caller went away')));
  const result = await deps.predict({ modelId: String(request.params['model']), files, laterality, view: typeof view === 'string' && /^[A-Z ]{1,16}$/.test(view) ? view : undefined }, gone.signal);
  if (!result.ok) return refuse(response, 422, 'UNREADABLE_INPUT', result.fault);
  response.set('Cache-Control', 'no-store').json(result.value);
}

/** Null when it is longer than allowed; the rest is read and dropped, so that the sender hears the answer. */
async function readBody(request: Request, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  return size > maxBytes ? null : Buffer.concat(chunks);
}

function filesOf(body: Buffer, contentType: string): Uint8Array[] | null {
  const media = parseMediaType(contentType);
  if (media?.type.startsWith('multipart/') !== true) return body.length === 0 ? [] : [body];
  const boundary = media.parameters.get('boundary');
  if (boundary === undefined) return null;
  const files: Buffer[][] = [];
  const reader = new MultipartReader(boundary, { begin: () => files.push([]), bytes: (chunk) => files.at(-1)!.push(Buffer.from(chunk)), end: () => undefined });
  if (reader.push(body) !== undefined || reader.finish() !== undefined) return null;
  return files.map((parts) => Buffer.concat(parts)).filter((file) => file.length > 0);
}

function refuse(response: Response, status: number, error: string, message: string): void {
  response.status(status).set('Cache-Control', 'no-store').json({ error, message });
}
