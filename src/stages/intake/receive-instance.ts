/**
 * The seam between the protocols that bring images (DIMSE, STOW-RS) and intake: bytes go in, a durable answer comes out.
 * Implemented by instance-intake.ts.
 */
export interface InstanceReceiver {
  /** A group of instances begins: an association was accepted, a STOW request came in. Call it once, before the first `begin`. */
  opened(group: ArrivalGroup): void;
  /** Starts one instance of an opened group. Throws nothing; a refusal comes out of `finish`. */
  begin(arrival: InstanceArrival): IncomingInstance;
  /**
   * The group ended. Resolves when its instances are durable and indexed, when the bounded wait is over (PostgreSQL away: they are
   * indexed later) or when `signal` aborts. Never rejects. DIMSE: await it before A-RELEASE-RP.
   */
  settle(groupId: string, how: 'released' | 'aborted', signal: AbortSignal): Promise<void>;
}

export interface ArrivalGroup {
  /** Unique; also the trace id of hops 1–7. */
  readonly groupId: string;
  readonly traceId: string;
  readonly protocol: 'dimse' | 'stow';
  readonly callingAe: string;
  readonly calledAe: string;
  readonly remoteAddress: string;
}

/** As announced in the C-STORE-RQ and its presentation context (STOW-RS: in the file meta information). */
export interface InstanceArrival {
  readonly groupId: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

export interface IncomingInstance {
  /**
   * Takes the bytes of the data set (no preamble, no file meta) in order; copies them before it returns.
   *
   * @returns undefined, or a promise to await before more is read from the socket (back-pressure). The promise never rejects.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Resolves when the bytes are durable (or refused). Never rejects. */
  finish(): Promise<StoreOutcome>;
  /** The peer went away in mid-instance: nothing of it stays visible. */
  abandon(): void;
}

export type StoreOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'duplicate' }
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      /** For Error Comment (0000,0902): at most 64 characters, no patient data. */
      readonly comment: string;
      /** For Offending Element (0000,0901). */
      readonly offendingTag?: number;
    };

/** PS3.4 §B.2.3 and PS3.7 §9.1.1.1.9; the edge maps each to its status. */
export type RefusalReason =
  | 'out-of-resources' // A700
  | 'class-mismatch' // A900
  | 'duplicate-other-content' // A900
  | 'uid-mismatch' // 0117
  | 'cannot-understand' // C000
  | 'truncated' // C001
  | 'missing-uid' // C003
  | 'processing-failure'; // 0110
