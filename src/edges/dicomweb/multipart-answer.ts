import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import { send } from './http-answer.ts';

/** Writes a multipart/related answer part by part (RFC 2387); chunked, as fast as the client takes it. */
export class MultipartAnswer {
  readonly #response: Response;
  readonly #type: string;
  readonly #boundary = `isocenter-${randomBytes(12).toString('hex')}`;
  #begun = false;

  /** @param type  media type of the parts, for `type="…"` */
  constructor(response: Response, type: string) {
    this.#response = response;
    this.#type = type;
  }

  /** Sends one part. The status and headers of the answer leave with the first. */
  async part(headers: Readonly<Record<string, string>>, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    this.#begin();
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    await send(this.#response, `--${this.#boundary}\r\n${lines}\r\n`);
    for await (const piece of pieces) await send(this.#response, piece);
    await send(this.#response, '\r\n');
  }

  async end(): Promise<void> {
    this.#begin();
    await send(this.#response, `--${this.#boundary}--`);
    this.#response.end();
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#response.set('Content-Type', `multipart/related; type="${this.#type}"; boundary=${this.#boundary}`);
  }
}
