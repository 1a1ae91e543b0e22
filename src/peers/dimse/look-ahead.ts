/** Reads an iterable a bounded number of items ahead of its consumer. */
export class LookAhead<T> {
  readonly #source: AsyncIterator<T> | Iterator<T>;
  readonly #limit: number;
  readonly #waiting: T[] = [];
  #isDone = false;

  constructor(items: AsyncIterable<T> | Iterable<T>, limit: number) {
    this.#source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    this.#limit = limit;
  }

  /** The next item, which stays; undefined at the end. */
  async peek(): Promise<T | undefined> {
    await this.#fill(1);
    return this.#waiting[0];
  }

  take(): T | undefined {
    return this.#waiting.shift();
  }

  /** The next items, which stay, at most `limit` of them. */
  async ahead(): Promise<readonly T[]> {
    await this.#fill(this.#limit);
    return this.#waiting;
  }

  /** The consumer wants no more. */
  async close(): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    await this.#source.return?.();
  }

  async #fill(count: number): Promise<void> {
    while (!this.#isDone && this.#waiting.length < count) {
      const { done, value } = await this.#source.next();
      if (done === true) this.#isDone = true;
      else this.#waiting.push(value);
    }
  }
}
