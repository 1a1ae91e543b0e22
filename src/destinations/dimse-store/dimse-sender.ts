import type { AcceptedClass } from '../../domain/ladder.ts';

/**
 * C-STORE to a peer, as the dimse-store destination needs it: one association for a batch, one status per instance.
 * Implemented in dimse-peers-sender.ts.
 */
export interface DimseSender {
  /** Throws a GatewayError when no association came about; what happened to an instance on it is its result. */
  store(request: DimseStoreRequest, signal: AbortSignal): Promise<readonly DimseStoreResult[]>;
  /** Asks for a presentation context of each SOP class in an association that stores nothing. Throws as `store` does. */
  probe(peer: string, sopClassUids: readonly string[], signal: AbortSignal): Promise<readonly AcceptedClass[]>;
}

export interface DimseStoreRequest {
  /** AE title of one of `dimse.peers`. */
  readonly peer: string;
  readonly instances: readonly DimseInstance[];
  readonly timeoutMs: number;
}

export interface DimseInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly length: number;
  dataSet(): AsyncIterable<Uint8Array>;
}

export type DimseStoreResult =
  /** Status of the C-STORE-RSP, PS3.4 §B.2.3, with its comment. */
  | { readonly kind: 'answered'; readonly status: number; readonly comment: string | undefined }
  /** The peer accepted no presentation context for this SOP class and transfer syntax. */
  | { readonly kind: 'not-accepted' }
  /** Never sent: the association ended before its turn. */
  | { readonly kind: 'not-sent'; readonly message: string }
  /** Sent, at least in part, and no answer. */
  | { readonly kind: 'unanswered'; readonly message: string };
