/**
 * As much of XMLHttpRequest as dicomweb-client uses, over fetch: what a browser gives it. Install it as a global before the client
 * is imported.
 */
export class FetchXmlHttpRequest {
  onreadystatechange: (() => void) | null = null;
  onloadstart: (() => void) | null = null;
  onloadend: (() => void) | null = null;
  onprogress: ((event: { loaded: number; total: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  responseType = '';
  readyState = 0;
  status = 0;
  statusText = '';
  response: unknown = null;
  responseText = '';
  withCredentials = false;
  readonly upload = {};
  #method = 'GET';
  #url = '';
  readonly #headers = new Headers();
  #answerHeaders = new Headers();

  open(method: string, url: string): void {
    this.#method = method;
    this.#url = url;
    this.readyState = 1;
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.append(name, value);
  }

  getResponseHeader(name: string): string | null {
    return this.#answerHeaders.get(name);
  }

  getAllResponseHeaders(): string {
    return [...this.#answerHeaders].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  abort(): void {
    this.readyState = 0;
  }

  send(body?: Uint8Array | string | null): void {
    this.onloadstart?.();
    this.#exchange(body).catch(() => this.onerror?.());
  }

  async #exchange(body: Uint8Array | string | null | undefined): Promise<void> {
    const answer = await fetch(this.#url, { method: this.#method, headers: this.#headers, ...(body === undefined || body === null ? {} : { body }) });
    this.status = answer.status;
    this.statusText = answer.statusText;
    this.#answerHeaders = answer.headers;
    const bytes = await answer.arrayBuffer();
    const text = this.responseType === 'arraybuffer' ? '' : Buffer.from(bytes).toString('utf8');
    this.responseText = text;
    this.response = this.responseType === 'arraybuffer' ? bytes : this.responseType === 'json' ? (text === '' ? null : (JSON.parse(text) as unknown)) : text;
    this.readyState = 4;
    this.onreadystatechange?.();
    this.onloadend?.();
  }
}
