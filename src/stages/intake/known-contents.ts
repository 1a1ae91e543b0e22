import { within } from '../../foundation/deadline.ts';
import type { Database } from '../../store/database.ts';
import { contentsOfSeries } from '../../store/instance.ts';

export interface Content {
  readonly length: number;
  readonly crc32: number;
}

export interface KnownContentsOptions {
  readonly database: Database;
  /** Most SOP Instances remembered; default 50,000. */
  readonly maxInstances?: number;
}

const MAX_SERIES = 2_000;
const MAX_PER_SERIES = 5_000;
const LOOKUP_MS = 250;

/**
 * What is served under a SOP Instance UID, as far as this process knows: what it stored lately, and what the index holds of the series
 * that arrive now. Bounded and only a help: it lets a second content be refused before the answer. Who misses it here is seen by the
 * indexer.
 */
export class KnownContents {
  readonly #options: KnownContentsOptions;
  readonly #contents = new Map<string, Content>();
  readonly #series = new Map<string, Promise<void>>();

  constructor(options: KnownContentsOptions) {
    this.#options = options;
  }

  get(sopInstanceUid: string): Content | undefined {
    return this.#contents.get(sopInstanceUid);
  }

  remember(sopInstanceUid: string, content: Content): void {
    // Re-inserted, so that the map's order is that of use.
    this.#contents.delete(sopInstanceUid);
    this.#contents.set(sopInstanceUid, content);
    trim(this.#contents, this.#options.maxInstances ?? 50_000);
  }

  forget(sopInstanceUid: string, content: Content): void {
    if (this.#contents.get(sopInstanceUid) === content) this.#contents.delete(sopInstanceUid);
  }

  /** Asks the index once per series what it holds; returns nothing when that was done before. Bounded wait, never rejects. */
  learnSeries(seriesInstanceUid: string): Promise<void> | undefined {
    const known = this.#series.get(seriesInstanceUid);
    if (known !== undefined) {
      this.#series.delete(seriesInstanceUid);
      this.#series.set(seriesInstanceUid, known);
      return undefined;
    }
    // A failure is not repeated for each image: while PostgreSQL is away none of them must wait, and the indexer looks again anyhow.
    const lookup = within(this.#lookUp(seriesInstanceUid), LOOKUP_MS, 'the look-up of a series').catch(() => undefined);
    this.#series.set(seriesInstanceUid, lookup);
    trim(this.#series, MAX_SERIES);
    return lookup;
  }

  async #lookUp(seriesInstanceUid: string): Promise<void> {
    const rows = await contentsOfSeries(this.#options.database, seriesInstanceUid, MAX_PER_SERIES);
    for (const row of rows) {
      if (!this.#contents.has(row.sop_instance_uid)) this.remember(row.sop_instance_uid, { length: row.data_length, crc32: row.crc32 });
    }
  }
}

function trim(map: Map<string, unknown>, most: number): void {
  while (map.size > most) map.delete(map.keys().next().value!);
}
