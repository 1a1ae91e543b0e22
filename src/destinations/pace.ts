import { z } from 'zod';
import { delay } from '../foundation/deadline.ts';
import type { DicomPayload } from './destination.ts';

/** Bandwidth limit of a destination that takes images. */
export const paceShape = {
  maxKilobitsPerSecond: z.int().min(8).max(100_000_000).optional().describe('Most bandwidth for images to it, all its exchanges together, kbit/s; none when absent'),
} as const;

export interface PaceTime {
  /** Monotonic, milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

const realTime: PaceTime = { now: () => performance.now(), sleep: (ms) => delay(ms) };
const SLICE = 16 * 1024;

/** Lets bytes through at a rate, over all exchanges of one destination together. No burst: a pause gives no credit. */
export class Pace {
  readonly #bytesPerMs: number;
  readonly #time: PaceTime;
  #freeAt = 0;

  constructor(kilobitsPerSecond: number, time: PaceTime = realTime) {
    this.#bytesPerMs = kilobitsPerSecond / 8;
    this.#time = time;
  }

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of source) {
      for (let at = 0; at < piece.length; at += SLICE) {
        const slice = piece.subarray(at, at + SLICE);
        const now = this.#time.now();
        const wait = this.#freeAt - now;
        this.#freeAt = Math.max(now, this.#freeAt) + slice.length / this.#bytesPerMs;
        if (wait > 0) await this.#time.sleep(wait);
        yield slice;
      }
    }
  }
}

/** The payloads with their bytes held to the rate; as they are when there is no limit. */
export function paced(payloads: readonly DicomPayload[], pace: Pace | undefined): readonly DicomPayload[] {
  return pace === undefined ? payloads : payloads.map((payload) => ({ ...payload, dataSet: () => pace.through(payload.dataSet()) }));
}

export function paceOf(kilobitsPerSecond: number | undefined): Pace | undefined {
  return kilobitsPerSecond === undefined ? undefined : new Pace(kilobitsPerSecond);
}
