import { GatewayError } from './errors.ts';

/** Resolves after `ms`, or rejects at once when `signal` aborts. Timers do not keep the process alive. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const timer = setTimeout(done, ms);
    timer.unref();
    function done(): void {
      signal?.removeEventListener('abort', cancelled);
      resolve();
    }
    function cancelled(): void {
      clearTimeout(timer);
      reject(abortReason(signal!));
    }
    signal?.addEventListener('abort', cancelled, { once: true });
  });
}

/** Waits for `promise` at most `ms`; later it rejects with code `DEADLINE`. The work itself is not cancelled: pass it a signal too. */
export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new GatewayError('DEADLINE', `${what} took longer than ${ms} ms`, { failure: 'ambiguous' })), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new GatewayError('ABORTED', 'cancelled', { failure: 'transient' });
}
