import type { Clock } from '../../foundation/clock.ts';
import type { Log } from '../../foundation/log.ts';
import { raiseAlert, resolveAlert } from '../../store/alert.ts';
import type { Database } from '../../store/database.ts';
import type { SpaceState } from '../../store/segments/disk-space.ts';

const RETRY_MS = 5_000;

/** Keeps the alert about the free space of the store as the disk is; a database that is away (it may sit on the same disk) hears of it later. */
export class SpaceAlert {
  readonly #database: Database;
  readonly #writer: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #wanted: SpaceState = 'ample';
  #told: SpaceState = 'ample';
  #freeBytes = 0;
  #telling = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: { readonly database: Database; readonly writer: string; readonly clock: Clock; readonly log: Log }) {
    this.#database = options.database;
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  become(state: SpaceState, freeBytes: number): void {
    const level = state === 'ample' ? 'info' : 'error';
    this.#log[level]('store.space', { writer: this.#writer, state, freeBytes });
    this.#wanted = state;
    this.#freeBytes = freeBytes;
    void this.#tell();
  }

  stop(): void {
    clearTimeout(this.#retry);
  }

  async #tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    try {
      while (this.#told !== this.#wanted) {
        const state = this.#wanted;
        await this.#record(state);
        this.#told = state;
      }
    } catch {
      this.#retry = setTimeout(() => void this.#tell(), RETRY_MS);
      this.#retry.unref();
    } finally {
      this.#telling = false;
    }
  }

  async #record(state: SpaceState): Promise<void> {
    const at = new Date(this.#clock.now());
    const dedupeKey = `store-space:${this.#writer}`;
    if (state === 'ample') return resolveAlert(this.#database, dedupeKey, at);
    await raiseAlert(this.#database, {
      kind: 'STORE_SPACE', severity: 'critical', dedupeKey, at,
      message: state === 'low' ? 'little space is left for images: new associations are rejected' : 'no space is left for images: they are refused (A700)',
      advice: 'free space on the volume of dataDir, or move it to a larger one; intake goes on by itself when there is space again',
      detail: { state, freeBytes: this.#freeBytes },
    });
  }
}
