import type { Request, Response } from 'express';
import type { Database } from '../../store/database.ts';

const HEARTBEAT_MS = 15_000;
const MOST_LISTENERS = 200;

/** One server-sent event stream for all pages: `study` events with the Study Instance UID that changed. Hints; the page re-reads. */
export class EventStream {
  readonly name = 'event-stream';
  readonly #database: Database;
  readonly #listeners = new Set<Response>();
  #stopListening: (() => Promise<void>) | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async start(): Promise<void> {
    for (const channel of ['isocenter_page', 'isocenter_study'] as const) {
      const stop = this.#database.listen(channel, (uid) => this.#send(`event: study\ndata: ${JSON.stringify({ studyInstanceUid: uid })}\n\n`));
      const before = this.#stopListening;
      this.#stopListening = async () => {
        await before?.();
        await stop();
      };
    }
    // Proxies cut silent streams; a comment line keeps them open.
    this.#heartbeat = setInterval(() => this.#send(': still here\n\n'), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#stopListening?.();
    for (const listener of this.#listeners) listener.end();
    this.#listeners.clear();
  }

  /** GET /api/events. */
  readonly handler = (_request: Request, response: Response): void => {
    if (this.#listeners.size >= MOST_LISTENERS) {
      response.status(503).json({ error: 'TOO_MANY_LISTENERS', message: 'too many pages listen; close some' });
      return;
    }
    response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    response.write('retry: 2000\n\n');
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
  };

  /** A reader that does not keep up is dropped; it reconnects and reads afresh. */
  #send(text: string): void {
    for (const listener of this.#listeners) {
      if (!listener.write(text)) {
        this.#listeners.delete(listener);
        listener.end();
      }
    }
  }
}
