/**
 * Deadlines for many short calls under one outer signal. One listener on the outer signal and one timer per running call, both taken away
 * again: thousands of calls a second go through here, and AbortSignal.timeout would keep each of theirs until it fires.
 */
export class CallDeadlines {
  readonly #outer: AbortSignal;
  readonly #running = new Set<AbortController>();
  readonly #stop = (): void => {
    for (const controller of this.#running) controller.abort(this.#outer.reason);
  };

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener('abort', this.#stop, { once: true });
  }

  /** Runs `work` with a signal that aborts after `ms`, or when the outer one does. */
  async run<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new DOMException(`${ms} ms are over`, 'TimeoutError')), ms);
    if (this.#outer.aborted) controller.abort(this.#outer.reason);
    this.#running.add(controller);
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(timer);
      this.#running.delete(controller);
    }
  }

  /** No calls follow. */
  close(): void {
    this.#outer.removeEventListener('abort', this.#stop);
  }
}
