import type { Worker } from 'node:worker_threads';
import { codecFault, type CodecFault } from '../codecs/frame.ts';
import { startThread } from '../codecs/worker-thread.ts';
import { fault, type Result } from '../foundation/result.ts';
import type { RenderAnswer, RenderRequest } from './render-worker.ts';

export interface RenderLimits {
  readonly workers: number;
  /** Pictures that may wait; one more is refused with LIMIT. */
  readonly maxWaiting: number;
  /** Milliseconds one picture may take; then its worker is killed. */
  readonly timeoutMs: number;
  /** JavaScript heap of one worker, MB. */
  readonly heapMb: number;
}

const defaults: RenderLimits = { workers: 2, maxWaiting: 128, timeoutMs: 30_000, heapMb: 1024 };

interface Waiting {
  readonly request: RenderRequest;
  readonly resolve: (result: Result<Uint8Array, CodecFault>) => void;
}

/**
 * Decodes, renders and compresses pictures in worker threads. A picture that hangs or crashes its worker costs that picture alone.
 * Never rejects; see CodecFault.
 */
export class RenderPool {
  readonly #limits: RenderLimits;
  readonly #waiting: Waiting[] = [];
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  #nextId = 1;

  constructor(limits: Partial<RenderLimits> = {}) {
    this.#limits = { ...defaults, ...limits };
  }

  render(request: RenderRequest): Promise<Result<Uint8Array, CodecFault>> {
    if (this.#waiting.length >= this.#limits.maxWaiting) return Promise.resolve(fault(codecFault('LIMIT', 'too many pictures wait')));
    return new Promise((resolve) => {
      this.#waiting.push({ request, resolve });
      this.#next();
    });
  }

  /** Ends the workers; what runs is answered with CRASH. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? this.#spawn();
      if (worker === undefined) return;
      this.#run(worker, this.#waiting.shift()!);
    }
  }

  #spawn(): Worker | undefined {
    if (this.#all.size >= this.#limits.workers) return undefined;
    const worker = startThread(import.meta.url, './render-worker', { resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMb } });
    worker.unref();
    this.#all.add(worker);
    worker.on('error', () => undefined); // `exit` follows and says what to do
    worker.once('exit', () => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#next();
    });
    return worker;
  }

  #run(worker: Worker, { request, resolve }: Waiting): void {
    const id = this.#nextId++;
    worker.ref();
    const finish = (result: Result<Uint8Array, CodecFault>, alive: boolean): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      if (alive) {
        worker.unref();
        this.#idle.push(worker);
      } else void worker.terminate();
      resolve(result);
      this.#next();
    };
    const onMessage = (answer: RenderAnswer): void => {
      if (answer.id === id) finish(answer.result, true);
    };
    const onExit = (): void => finish(fault(codecFault('CRASH', 'the renderer ended its worker')), false);
    const timer = setTimeout(() => finish(fault(codecFault('LIMIT', `took longer than ${this.#limits.timeoutMs} ms`)), false), this.#limits.timeoutMs);
    worker.on('message', onMessage);
    worker.once('exit', onExit);
    const bytes = Uint8Array.from(request.frame.bytes);
    worker.postMessage({ id, request: { ...request, frame: { ...request.frame, bytes } } }, [bytes.buffer]);
  }
}

let shared: RenderPool | undefined;

/** The pool of this process, made on first use. */
export function sharedRenderPool(): RenderPool {
  shared ??= new RenderPool();
  return shared;
}
