import { alignedMemory } from './aligned-memory.ts';

/** A piece of page-aligned memory, as O_DIRECT wants it. */
export type Block = Buffer;

export const BLOCK_BYTES = 64 * 1024;
const BLOCKS_PER_MEMORY = 128;

/** `room`: the budget has room again. `stuck`: nothing under way is sure to give any; whoever waits must write its own bytes out. */
export type RoomAnswer = 'room' | 'stuck';

/**
 * Memory for instances on their way to disk: aligned blocks of 64 KiB, reused.
 *
 * `take` always succeeds, so that bytes already read from a socket have a place; `isOver` says that the budget is used and the
 * sockets must wait. What is taken beyond the budget is bounded by one read per association.
 */
export class BlockPool {
  readonly #budgetBlocks: number;
  readonly #free: Block[] = [];
  #taken = 0;
  #waiting: ((answer: RoomAnswer) => void)[] = [];

  constructor(budgetBytes: number) {
    this.#budgetBlocks = Math.max(4, Math.floor(budgetBytes / BLOCK_BYTES));
  }

  get takenBytes(): number {
    return this.#taken * BLOCK_BYTES;
  }

  get isOver(): boolean {
    return this.#taken > this.#budgetBlocks;
  }

  take(): Block {
    if (this.#free.length === 0) this.#grow();
    this.#taken += 1;
    return this.#free.pop()!;
  }

  give(blocks: readonly Block[]): void {
    for (const block of blocks) this.#free.push(block);
    this.#taken -= blocks.length;
    if (!this.isOver) this.#wake('room');
  }

  /** Resolves once the budget has room, or when the pool is told that nothing will give any. */
  room(): Promise<RoomAnswer> {
    if (!this.isOver) return Promise.resolve('room');
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Nothing is being written: those that wait must help themselves. */
  stuck(): void {
    if (this.isOver) this.#wake('stuck');
  }

  #wake(answer: RoomAnswer): void {
    for (const wake of this.#waiting.splice(0)) wake(answer);
  }

  #grow(): void {
    // Few and large: each WebAssembly memory reserves gigabytes of address space as a guard.
    const memory = alignedMemory(BLOCKS_PER_MEMORY * BLOCK_BYTES);
    for (let i = BLOCKS_PER_MEMORY - 1; i >= 0; i -= 1) this.#free.push(Buffer.from(memory, i * BLOCK_BYTES, BLOCK_BYTES));
  }
}
