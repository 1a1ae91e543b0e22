import { GatewayError, type Failure } from '../foundation/errors.ts';
import type { NetworkAnswer, NetworkStage } from './network-stage.ts';

export interface KserveStageOptions {
  /** Base address of the server, for example `http://triton:8000`. */
  readonly url: string;
  readonly modelName: string;
  /** null = the server's choice. */
  readonly modelVersion: string | null;
  readonly inputTensor: string;
  readonly outputTensors: readonly string[];
  /** Bearer token of the server; null = none. */
  readonly token: string | null;
  /** Longest wait for one answer. */
  readonly timeoutMs: number;
}

/** KServe's binary tensor extension: bytes of JSON before the tensors' bytes. */
const HEADER_LENGTH = 'inference-header-content-length';

/**
 * Opens a network that runs on a server of the KServe v2 protocol (Triton and others) over HTTP with binary tensors.
 *
 * Errors (GatewayError): MODEL_REMOTE_UNAVAILABLE (transient: no answer, or 5xx), MODEL_REMOTE_REFUSED (permanent: 4xx, or an answer that is not
 * the protocol's), MODEL_TENSOR_MISMATCH (permanent: the server's tensors are not the manifest's).
 * Source: KServe Predict Protocol v2; Triton's binary tensor data extension.
 */
export async function openKserveStage(options: KserveStageOptions): Promise<NetworkStage> {
  const version = options.modelVersion === null ? '' : `/versions/${encodeURIComponent(options.modelVersion)}`;
  const address = `${options.url.replace(/\/+$/, '')}/v2/models/${encodeURIComponent(options.modelName)}${version}`;
  const metadata = (await (await ask(address, { method: 'GET', headers: loginOf(options) }, options.timeoutMs)).json()) as { inputs?: readonly TensorMetadata[]; outputs?: readonly TensorMetadata[] };
  requireTensor('input', metadata.inputs ?? [], options.inputTensor);
  for (const name of options.outputTensors) requireTensor('output', metadata.outputs ?? [], name);
  return {
    run: async (input, shape) => {
      const response = await ask(`${address}/infer`, { method: 'POST', ...requestOf(options, input, shape) }, options.timeoutMs);
      return answersOf(response, options.outputTensors);
    },
    release: async () => {},
  };
}

interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
}

interface OutputTensor extends TensorMetadata {
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number };
}

function requestOf(options: KserveStageOptions, input: Float32Array, shape: readonly number[]): { headers: Record<string, string>; body: Uint8Array<ArrayBuffer> } {
  const json = Buffer.from(
    JSON.stringify({
      inputs: [{ name: options.inputTensor, shape, datatype: 'FP32', parameters: { binary_data_size: input.byteLength } }],
      outputs: options.outputTensors.map((name) => ({ name, parameters: { binary_data: true } })),
    }),
  );
  const body = new Uint8Array(json.length + input.byteLength);
  body.set(json);
  body.set(new Uint8Array(input.buffer, input.byteOffset, input.byteLength), json.length);
  return { headers: { ...loginOf(options), 'content-type': 'application/octet-stream', [HEADER_LENGTH]: String(json.length) }, body };
}

function loginOf({ token }: KserveStageOptions): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

async function answersOf(response: Response, outputTensors: readonly string[]): Promise<ReadonlyMap<string, NetworkAnswer>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headerLength = Number(response.headers.get(HEADER_LENGTH) ?? NaN);
  const outputs = Number.isInteger(headerLength) ? outputsOf(bytes.subarray(0, headerLength)) : [];
  let offset = headerLength;
  const answers = new Map<string, NetworkAnswer>();
  for (const output of outputs) {
    const length = output.parameters?.binary_data_size ?? 0;
    if (outputTensors.includes(output.name)) answers.set(output.name, tensorOf(output, bytes, offset, length));
    offset += length;
  }
  const missing = outputTensors.find((name) => !answers.has(name));
  if (missing !== undefined) throw refused(`the answer has no binary tensor ${missing}`);
  return answers;
}

function outputsOf(json: Uint8Array): readonly OutputTensor[] {
  try {
    return (JSON.parse(Buffer.from(json).toString('utf8')) as { outputs?: readonly OutputTensor[] }).outputs ?? [];
  } catch {
    throw refused('the answer is not JSON before its tensors');
  }
}

function tensorOf({ shape, datatype }: OutputTensor, bytes: Uint8Array, offset: number, length: number): NetworkAnswer {
  const count = shape.reduce((product, edge) => product * edge, 1);
  if (datatype !== 'FP32' || length !== count * 4 || offset + length > bytes.length) throw refused(`the answer's tensor is ${datatype} of ${length} bytes for ${count} values`);
  return { values: new Float32Array(bytes.slice(offset, offset + length).buffer), shape };
}

async function ask(address: string, init: RequestInit, timeoutMs: number): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw remoteError('MODEL_REMOTE_UNAVAILABLE', 'the model server does not answer', 'transient', cause);
  }
  if (response.ok) return response;
  await response.body?.cancel();
  if (response.status >= 500) throw remoteError('MODEL_REMOTE_UNAVAILABLE', `the model server answers ${response.status}`, 'transient');
  throw refused(`the model server answers ${response.status}`);
}

function requireTensor(what: string, tensors: readonly TensorMetadata[], wanted: string): void {
  const found = tensors.find((tensor) => tensor.name === wanted);
  if (found?.datatype === 'FP32') return;
  const has = tensors.map((tensor) => `${tensor.name} (${tensor.datatype})`).join(', ');
  throw remoteError('MODEL_TENSOR_MISMATCH', `the server's model has the ${what}(s) ${has}; model.yaml names ${wanted} (FP32)`, 'permanent');
}

function refused(message: string): GatewayError {
  return remoteError('MODEL_REMOTE_REFUSED', message, 'permanent');
}

function remoteError(code: string, message: string, failure: Failure, cause?: unknown): GatewayError {
  return new GatewayError(code, message, { failure, ...(cause === undefined ? {} : { cause }) });
}
