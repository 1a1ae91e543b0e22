/** One finished metadata answer; `packed` is its gzip form, made when the first client takes it so. */
export interface KnownMetadata {
  readonly text: Buffer;
  packed?: Buffer;
}

/** Finished metadata answers, the last used ones, up to a number of bytes. Keys name a version: what changes is never asked for again. */
export class MetadataCache {
  readonly #most: number;
  readonly #known = new Map<string, KnownMetadata>();
  #bytes = 0;

  constructor(mostBytes = 128 << 20) {
    this.#most = mostBytes;
  }

  /** Bytes of the largest answer that is kept. */
  get largest(): number {
    return this.#most / 4;
  }

  get(key: string): KnownMetadata | undefined {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, known);
    return known;
  }

  put(key: string, text: Buffer): void {
    this.#forget(key);
    this.#known.set(key, { text });
    this.#bytes += text.length;
    for (const oldest of this.#known.keys()) {
      if (this.#bytes <= this.#most) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    this.#known.delete(key);
    this.#bytes -= known.text.length;
  }
}
