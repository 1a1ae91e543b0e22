import type { Worker } from 'node:worker_threads';
import { fault, type Result } from '../foundation/result.ts';
import type { CodecAnswer, CodecRequest } from './codec-worker.ts';
import { codecFault, type CodecFault, type DecodedFrame, type EncodedFrame } from './frame.ts';
import { startThread } from './worker-thread.ts';

export interface CodecPoolLimits {
  /** Worker threads at most; they start when needed and do not keep the process alive. */
  readonly workers: number;
  /** Frames that may wait; one more is refused with LIMIT. */
  readonly maxWaiting: number;
  /** Milliseconds one frame may take; then its worker is killed. */
  readonly timeoutMs: number;
  /** JavaScript heap of one worker, in MB. WebAssembly memory is bounded by the frame shape, which is checked before decoding. */
  readonly heapMb: number;
}

export const defaultCodecPoolLimits: CodecPoolLimits = { workers: 2, maxWaiting: 256, timeoutMs: 30_000, heapMb: 1024 };

type CodecResult = CodecAnswer['result'];
type Ask = { readonly kind: 'decode'; readonly frame: EncodedFrame } | { readonly kind: 'encode'; readonly frame: DecodedFrame; readonly transferSyntaxUid: string };

/** A question that waits for a worker. */
interface PendingTask {
  readonly ask: Ask;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: CodecResult) => void;
}

/**
 * Runs codecs in worker threads. A frame that hangs or crashes its worker costs that frame alone: the worker is replaced, the others
 * go on. Nothing ever rejects; see CodecFault.
 */
export class CodecPool {
  readonly #limits: CodecPoolLimits;
  readonly #waiting: PendingTask[] = [];
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  #nextId = 1;
  #closed = false;

  constructor(limits: Partial<CodecPoolLimits> = {}) {
    this.#limits = { ...defaultCodecPoolLimits, ...limits };
  }

  decode(frame: EncodedFrame, signal?: AbortSignal): Promise<Result<DecodedFrame, CodecFault>> {
    return this.#enqueue({ kind: 'decode', frame }, signal) as Promise<Result<DecodedFrame, CodecFault>>;
  }

  encode(frame: DecodedFrame, transferSyntaxUid: string, signal?: AbortSignal): Promise<Result<Uint8Array, CodecFault>> {
    return this.#enqueue({ kind: 'encode', frame, transferSyntaxUid }, signal) as Promise<Result<Uint8Array, CodecFault>>;
  }

  /** Ends all workers; what waits or runs is CANCELLED. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#waiting.splice(0)) task.resolve(cancelled());
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #enqueue(ask: Ask, signal: AbortSignal | undefined): Promise<CodecResult> {
    if (this.#closed || signal?.aborted === true) return Promise.resolve(cancelled());
    if (this.#waiting.length >= this.#limits.maxWaiting) return Promise.resolve(fault(codecFault('LIMIT', 'too many frames wait for a codec')));
    return new Promise((resolve) => {
      this.#waiting.push({ ask, signal, resolve });
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? this.#spawn();
      if (worker === undefined) return;
      const task = this.#waiting.shift()!;
      if (task.signal?.aborted === true) {
        this.#idle.push(worker);
        task.resolve(cancelled());
      } else this.#run(worker, task);
    }
  }

  #spawn(): Worker | undefined {
    if (this.#all.size >= this.#limits.workers) return undefined;
    const worker = startThread(import.meta.url, './codec-worker', { resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMb } });
    worker.unref();
    this.#all.add(worker);
    worker.on('error', () => undefined); // `exit` follows and says what to do
    worker.once('exit', () => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#startNext();
    });
    return worker;
  }

  #run(worker: Worker, task: PendingTask): void {
    const id = this.#nextId++;
    worker.ref();
    const finish = (result: CodecResult, alive: boolean): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      task.signal?.removeEventListener('abort', onAbort);
      if (alive) {
        worker.unref();
        this.#idle.push(worker);
      } else void worker.terminate();
      task.resolve(result);
      this.#startNext();
    };
    const onMessage = (answer: CodecAnswer): void => {
      if (answer.id === id) finish(answer.result, true);
    };
    const onExit = (): void => finish(this.#closed ? cancelled() : fault(codecFault('CRASH', 'the codec ended its worker')), false);
    const onAbort = (): void => finish(cancelled(), false);
    const timer = setTimeout(() => finish(fault(codecFault('LIMIT', `took longer than ${this.#limits.timeoutMs} ms`)), false), this.#limits.timeoutMs);
    worker.on('message', onMessage);
    worker.once('exit', onExit);
    task.signal?.addEventListener('abort', onAbort, { once: true });
    const request = requestOf(id, task.ask);
    worker.postMessage(request, [bytesOf(request).buffer as ArrayBuffer]);
  }
}

/** With its bytes copied: a view is cloned with all the memory behind it, which may be a whole file. */
function requestOf(id: number, ask: Ask): CodecRequest {
  if (ask.kind === 'decode') return { id, kind: 'decode', frame: { ...ask.frame, bytes: Uint8Array.from(ask.frame.bytes) } };
  return { id, kind: 'encode', transferSyntaxUid: ask.transferSyntaxUid, frame: { ...ask.frame, pixels: Uint8Array.from(ask.frame.pixels) } };
}

function bytesOf(request: CodecRequest): Uint8Array {
  return request.kind === 'decode' ? request.frame.bytes : request.frame.pixels;
}

function cancelled(): { readonly ok: false; readonly fault: CodecFault } {
  return fault(codecFault('CANCELLED', 'nobody waits for it any more'));
}
