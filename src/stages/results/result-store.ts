import type { Tx } from '../../store/database.ts';

/** A finished object to store: the data set without preamble and File Meta Information. */
export interface ResultInstance {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly bytes: Uint8Array;
}

/** An object whose bytes are durable and which no query shows yet. */
export interface DurableResult {
  /** Makes it visible, in the transaction that ends the job. The id of its row in `instance`. */
  index(tx: Tx, traceId: string, at: Date): Promise<number>;
}

/** The segment store as results need it. */
export interface ResultStore {
  /** Resolves when the bytes would survive a power cut. The same object again is fine. */
  append(instance: ResultInstance): Promise<DurableResult>;
}
