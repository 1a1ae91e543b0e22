import type { Clock } from '../../foundation/clock.ts';

/** All in milliseconds. */
export interface AssociationTimes {
  /** ARTIM of PS3.8 §9.1.5: from the connection to its A-ASSOCIATE-RQ, and from a last word to the close. */
  readonly artimMs: number;
  /** An established association on which nothing happens and nothing is under way is aborted after this. */
  readonly idleMs: number;
  /** A P-DATA-TF that has begun must be complete after this, our own back-pressure not counted. */
  readonly pduMs: number;
}

/** What the watch asks about an association. */
export interface Activity {
  /** What we wrote waits for the peer to read. */
  readonly isStuckWriting: boolean;
  /** We do not read just now, for reasons of our own. */
  readonly isHeld: boolean;
  /** The peer waits for us, or we for it under another deadline. */
  readonly isBusy: boolean;
  readonly isBetweenPdus: boolean;
}

/** Finds established associations on which nothing happens, or too slowly. Looks a few times per period instead of keeping a timer per byte. */
export class ActivityWatch {
  readonly #times: AssociationTimes;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #lastProgress = 0;
  #pduStarted = 0;

  constructor(times: AssociationTimes, clock: Clock) {
    this.#times = times;
    this.#clock = clock;
  }

  /** From now on `stalled` is called, with the reason, when the association makes no headway. */
  start(activity: () => Activity, stalled: (reason: string) => void): void {
    this.touch();
    const period = Math.max(10, Math.min(this.#times.idleMs, this.#times.pduMs) / 4);
    this.#timer = setInterval(() => {
      const reason = this.#reasonToStop(activity());
      if (reason !== undefined) stalled(reason);
    }, period);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Bytes came in. */
  received(): void {
    this.#lastProgress = this.#clock.monotonic();
  }

  pduStarted(): void {
    this.#pduStarted = this.#clock.monotonic();
  }

  /** The time up to now does not count against the peer. */
  touch(): void {
    this.#lastProgress = this.#clock.monotonic();
    this.#pduStarted = this.#lastProgress;
  }

  #reasonToStop({ isStuckWriting, isHeld, isBusy, isBetweenPdus }: Activity): string | undefined {
    const now = this.#clock.monotonic();
    if (isStuckWriting) return now - this.#lastProgress > this.#times.idleMs ? 'the peer does not read' : undefined;
    if (isHeld || (isBusy && isBetweenPdus)) {
      this.touch();
      return undefined;
    }
    if (!isBetweenPdus && now - this.#pduStarted > this.#times.pduMs) return 'a PDU took too long to arrive';
    return now - this.#lastProgress > this.#times.idleMs ? 'idle for too long' : undefined;
  }
}
