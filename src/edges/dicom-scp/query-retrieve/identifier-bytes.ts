import type { DataSetSink } from '../../../transport/dicom/dimse-service.ts';

/** Identifiers are small; what is longer than this is none. */
const MAX_IDENTIFIER_BYTES = 1 << 20;

/** Gathers an identifier; `whole` is called once with it, or with undefined when it is too long. */
export class IdentifierSink implements DataSetSink {
  readonly #whole: (bytes: Uint8Array | undefined) => void;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(whole: (bytes: Uint8Array | undefined) => void) {
    this.#whole = whole;
  }

  write(chunk: Uint8Array): undefined {
    this.#length += chunk.length;
    if (this.#length <= MAX_IDENTIFIER_BYTES) this.#chunks.push(Buffer.from(chunk));
    return undefined;
  }

  end(): void {
    this.#whole(this.#length <= MAX_IDENTIFIER_BYTES ? Buffer.concat(this.#chunks) : undefined);
  }

  abandon(): void {
    this.#chunks.length = 0;
  }
}
