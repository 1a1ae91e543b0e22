import type { DataSetSink } from './dimse-service.ts';

/** Identifiers and attribute lists are small; what is longer than this is none. */
const MAX_BYTES = 1 << 20;

/** Gathers a small data set (an identifier, an attribute list); `whole` is called once with it, or with undefined when it is too long. */
export class GatheredDataSet implements DataSetSink {
  readonly #whole: (bytes: Uint8Array | undefined) => void;
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(whole: (bytes: Uint8Array | undefined) => void, limit = MAX_BYTES) {
    this.#whole = whole;
    this.#limit = limit;
  }

  write(chunk: Uint8Array): undefined {
    this.#length += chunk.length;
    if (this.#length <= this.#limit) this.#chunks.push(Buffer.from(chunk));
    return undefined;
  }

  end(): void {
    this.#whole(this.#length <= this.#limit ? Buffer.concat(this.#chunks) : undefined);
  }

  abandon(): void {
    this.#chunks.length = 0;
  }
}
