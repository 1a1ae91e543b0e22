import { parentPort } from 'node:worker_threads';
import { decodePlain } from './decode-plain.ts';
import { decodeWasm } from './decode-wasm.ts';
import { encodePlain } from './encode-plain.ts';
import { encodeWasm } from './encode-wasm.ts';
import { codecFault, type CodecFault, type DecodedFrame, type EncodedFrame } from './frame.ts';
import type { Result } from '../foundation/result.ts';

/** What a worker is asked, and what it answers with the same id. */
export type CodecRequest =
  | { readonly id: number; readonly kind: 'decode'; readonly frame: EncodedFrame }
  | { readonly id: number; readonly kind: 'encode'; readonly frame: DecodedFrame; readonly transferSyntaxUid: string };
export interface CodecAnswer {
  readonly id: number;
  readonly result: Result<DecodedFrame | Uint8Array, CodecFault>;
}

parentPort?.on('message', (request: CodecRequest) => {
  void answer(request);
});

async function answer(request: CodecRequest): Promise<void> {
  let result: CodecAnswer['result'];
  try {
    result = request.kind === 'decode' ? (decodePlain(request.frame) ?? (await decodeWasm(request.frame))) : (encodePlain(request.frame, request.transferSyntaxUid) ?? (await encodeWasm(request.frame, request.transferSyntaxUid)));
  } catch (thrown) {
    result = { ok: false, fault: codecFault('CRASH', thrown instanceof Error ? thrown.name : 'the codec threw') };
  }
  parentPort?.postMessage({ id: request.id, result } satisfies CodecAnswer, transferable(result));
}

/** Memory that can be given away instead of copied: a buffer that the pixels fill alone. */
function transferable(result: CodecAnswer['result']): ArrayBuffer[] {
  if (!result.ok) return [];
  const bytes = result.value instanceof Uint8Array ? result.value : result.value.pixels;
  return bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.length ? [bytes.buffer] : [];
}
