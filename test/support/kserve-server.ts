import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface KserveServer {
  readonly url: string;
  /** Answers all that follows with this status instead; null = as it should. */
  fail(status: number | null): void;
  /** Authorization of the last request; undefined when it had none. */
  lastAuthorization(): string | undefined;
  close(): Promise<void>;
}

/** A small KServe v2 server (HTTP, binary tensors) that runs one ONNX network of one input and one output, FP32. */
export async function startKserveServer(modelName: string, weights: Buffer): Promise<KserveServer> {
  const session = await InferenceSession.create(weights, { intraOpNumThreads: 1 });
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  let failure: number | null = null;
  let authorization: string | undefined;
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: Buffer; headerLength?: number }> => {
    authorization = request.headers.authorization;
    if (failure !== null) return { status: failure, body: Buffer.from('{"error":"told to fail"}') };
    if (request.url === `/v2/models/${modelName}`)
      return { status: 200, body: Buffer.from(JSON.stringify({ name: modelName, inputs: [{ name: input, datatype: 'FP32', shape: [-1, 1, -1, -1, -1] }], outputs: [{ name: output, datatype: 'FP32', shape: [] }] })) };
    if (request.url !== `/v2/models/${modelName}/infer`) return { status: 404, body: Buffer.from('{"error":"no such model"}') };
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const split = Number(request.headers['inference-header-content-length']);
    const { inputs } = JSON.parse(body.subarray(0, split).toString()) as { inputs: { shape: number[] }[] };
    const values = new Float32Array(Uint8Array.from(body.subarray(split)).buffer);
    const tensor = (await session.run({ [input]: new Tensor('float32', values, inputs[0]!.shape) }))[output]!;
    const bytes = Buffer.from((tensor.data as Float32Array).buffer);
    const json = Buffer.from(JSON.stringify({ model_name: modelName, outputs: [{ name: output, datatype: 'FP32', shape: tensor.dims, parameters: { binary_data_size: bytes.length } }] }));
    return { status: 200, body: Buffer.concat([json, bytes]), headerLength: json.length };
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { status, body, headerLength } = await answer(request);
    response.writeHead(status, headerLength === undefined ? {} : { 'inference-header-content-length': headerLength });
    response.end(body);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lastAuthorization: () => authorization,
    fail: (status) => (failure = status),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await session.release();
    },
  };
}
