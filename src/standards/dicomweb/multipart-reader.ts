/**
 * Splits a multipart/related body (RFC 2046 §5.1, RFC 2387) as it streams in. Holds no part: only the headers of the current one and
 * as many bytes as a delimiter is long.
 */
export interface PartSink {
  /** A part begins. Header names are in lower case. */
  begin(headers: ReadonlyMap<string, string>): void;
  /** Bytes of the part, valid until the call returns. */
  bytes(chunk: Uint8Array): void;
  end(): void;
}

export interface MultipartLimits {
  readonly maxHeaderBytes: number;
  readonly maxParts: number;
}

export type MultipartFault = 'NO_BOUNDARY_FOUND' | 'HEADERS_TOO_LONG' | 'MALFORMED_HEADER' | 'TOO_MANY_PARTS' | 'TRUNCATED';

export const defaultMultipartLimits: MultipartLimits = { maxHeaderBytes: 16_384, maxParts: 100_000 };

const CRLF2 = Buffer.from('\r\n\r\n');
// A preamble is text for old mail readers; a body whose first delimiter is not near its start is no multipart body.
const MAX_PREAMBLE = 65_536;

type State = 'preamble' | 'after-delimiter' | 'headers' | 'body' | 'epilogue';

export class MultipartReader {
  readonly #delimiter: Buffer;
  readonly #sink: PartSink;
  readonly #limits: MultipartLimits;
  #state: State = 'preamble';
  #held: Buffer = Buffer.from('\r\n');
  #parts = 0;
  #preamble = 0;

  constructor(boundary: string, sink: PartSink, limits: MultipartLimits = defaultMultipartLimits) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Takes the next bytes of the body. Returns a fault when the body is malformed; then nothing more must be pushed. */
  push(chunk: Uint8Array): MultipartFault | undefined {
    let rest: Buffer = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#held = Buffer.alloc(0);
    for (;;) {
      const step = this.#step(rest);
      if (typeof step === 'string') return step;
      rest = step.rest;
      if (step.needsMore) {
        // The held tail is copied: the caller reuses its buffers.
        this.#held = Buffer.from(rest);
        return undefined;
      }
    }
  }

  /** The body has ended. */
  finish(): MultipartFault | undefined {
    if (this.#state === 'epilogue') return undefined;
    return this.#state === 'preamble' ? 'NO_BOUNDARY_FOUND' : 'TRUNCATED';
  }

  #step(rest: Buffer): { rest: Buffer; needsMore: boolean } | MultipartFault {
    switch (this.#state) {
      case 'preamble': return this.#preambleStep(rest);
      case 'after-delimiter': return this.#afterDelimiter(rest);
      case 'headers': return this.#headers(rest);
      case 'body': return this.#body(rest);
      case 'epilogue': return { rest: Buffer.alloc(0), needsMore: true };
    }
  }

  #preambleStep(rest: Buffer): { rest: Buffer; needsMore: boolean } | MultipartFault {
    const at = rest.indexOf(this.#delimiter);
    if (at < 0) {
      const keep = Math.min(rest.length, this.#delimiter.length - 1);
      this.#preamble += rest.length - keep;
      return this.#preamble > MAX_PREAMBLE ? 'NO_BOUNDARY_FOUND' : { rest: rest.subarray(rest.length - keep), needsMore: true };
    }
    this.#state = 'after-delimiter';
    return { rest: rest.subarray(at + this.#delimiter.length), needsMore: false };
  }

  /** `--` ends the body; else transport padding and CRLF lead to the headers. */
  #afterDelimiter(rest: Buffer): { rest: Buffer; needsMore: boolean } | MultipartFault {
    if (rest.length < 2) return { rest, needsMore: true };
    if (rest[0] === 0x2d && rest[1] === 0x2d) {
      this.#state = 'epilogue';
      return { rest: Buffer.alloc(0), needsMore: true };
    }
    const line = rest.indexOf('\r\n');
    if (line < 0) return rest.length > 256 ? 'MALFORMED_HEADER' : { rest, needsMore: true };
    if (rest.subarray(0, line).toString('latin1').trim() !== '') return 'MALFORMED_HEADER';
    this.#parts += 1;
    if (this.#parts > this.#limits.maxParts) return 'TOO_MANY_PARTS';
    this.#state = 'headers';
    // The line's CRLF stays: a part without headers begins with an empty line.
    return { rest: rest.subarray(line), needsMore: false };
  }

  #headers(rest: Buffer): { rest: Buffer; needsMore: boolean } | MultipartFault {
    const end = rest.indexOf(CRLF2);
    if (end < 0) return rest.length > this.#limits.maxHeaderBytes ? 'HEADERS_TOO_LONG' : { rest, needsMore: true };
    if (end > this.#limits.maxHeaderBytes) return 'HEADERS_TOO_LONG';
    const headers = new Map<string, string>();
    for (const line of rest.subarray(0, end).toString('latin1').split('\r\n').filter((text) => text !== '')) {
      const colon = line.indexOf(':');
      if (colon < 1) return 'MALFORMED_HEADER';
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    this.#state = 'body';
    this.#sink.begin(headers);
    // An empty body may follow at once: its delimiter begins with the CRLF that ended the headers.
    return { rest: rest.subarray(end + 2), needsMore: false };
  }

  #bodyStarted = false;

  #body(rest: Buffer): { rest: Buffer; needsMore: boolean } | MultipartFault {
    const at = rest.indexOf(this.#delimiter);
    const skip = this.#bodyStarted ? 0 : 2;
    if (at >= 0) {
      if (at > skip) this.#sink.bytes(rest.subarray(skip, at));
      this.#bodyStarted = false;
      this.#sink.end();
      this.#state = 'after-delimiter';
      return { rest: rest.subarray(at + this.#delimiter.length), needsMore: false };
    }
    const safe = rest.length - this.#delimiter.length + 1;
    if (safe <= skip) return { rest, needsMore: true };
    this.#sink.bytes(rest.subarray(skip, safe));
    this.#bodyStarted = true;
    return { rest: rest.subarray(safe), needsMore: true };
  }
}
