import type { FileSystemFacts } from './file-system.ts';

/** `low`: take no new senders. `full`: take no new objects. */
export type SpaceState = 'ample' | 'low' | 'full';

export interface DiskSpaceOptions {
  readonly facts: () => Promise<FileSystemFacts>;
  readonly lowBytes: number;
  readonly fullBytes: number;
  readonly onChange: (state: SpaceState, freeBytes: number) => void;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Watches the free space of the store. Leaves `low` or `full` by itself when space returns (a quarter above the mark, so that it does
 * not flutter). A write that failed for want of space counts as `full` until a look at the file system says otherwise.
 */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  readonly #timer: NodeJS.Timeout;
  #state: SpaceState = 'ample';
  #freeBytes = 0;
  #looking: Promise<void> | undefined;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  get state(): SpaceState {
    return this.#state;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Looks now. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** A write found no space. */
  sawNoSpace(): void {
    this.#become('full');
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #lookOnce(): Promise<void> {
    const { freeBytes } = await this.#options.facts().catch(() => ({ freeBytes: this.#freeBytes }));
    this.#freeBytes = freeBytes;
    const { lowBytes, fullBytes } = this.#options;
    const margin = this.#state === 'ample' ? 1 : 1.25;
    const fullMargin = this.#state === 'full' ? 1.25 : 1;
    this.#become(freeBytes < fullBytes * fullMargin ? 'full' : freeBytes < lowBytes * margin ? 'low' : 'ample');
  }

  #become(state: SpaceState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onChange(state, this.#freeBytes);
  }
}
