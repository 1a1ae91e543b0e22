import type { Clock } from '../foundation/clock.ts';
import type { RunTiming } from './series-input.ts';

type Lap = 'readMs' | 'prepareMs' | 'inferMs' | 'measureMs';

/** Times the steps of one run. */
export class StopWatch {
  readonly #clock: Clock;
  readonly #began: number;
  #last: number;
  readonly #laps: Record<Lap, number> = { readMs: 0, prepareMs: 0, inferMs: 0, measureMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#began = clock.monotonic();
    this.#last = this.#began;
  }

  lap(name: Lap): void {
    const now = this.#clock.monotonic();
    this.#laps[name] += now - this.#last;
    this.#last = now;
  }

  timing(windows: number): RunTiming {
    return { ...this.#laps, totalMs: this.#clock.monotonic() - this.#began, windows, peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024) };
  }
}
