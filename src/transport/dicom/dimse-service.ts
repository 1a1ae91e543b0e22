import type { Command } from '../../standards/dimse/command.ts';
import type { AcceptedContext } from '../../standards/upper-layer/negotiation.ts';
import type { AssociateRq, ExtendedNegotiation, UserIdentity } from '../../standards/upper-layer/pdu.ts';

/**
 * A service class the gateway provides. The server asks `serves` and `chooseTransferSyntax` while it negotiates, and calls `handle` for
 * each request of its commands. To add C-FIND, C-MOVE, N-ACTION and the like: implement this and add it to the list of services.
 */
export interface DimseService {
  /** For log and metrics. */
  readonly name: string;
  /** Command fields of the requests this service answers (`commandFields.cFindRq`, …). */
  readonly commands: readonly number[];
  /** The service provides this abstract syntax. Services are asked in order; the first one wins. */
  serves(abstractSyntax: string): boolean;
  /** Picks one of the proposed transfer syntaxes; undefined = none can be used. */
  chooseTransferSyntax(proposed: readonly string[], abstractSyntax: string): string | undefined;
  /** Roles the association requestor may have; unless told, SCU only. */
  readonly requestorRoles?: { readonly scu: boolean; readonly scp: boolean };
  /** Answer to a SOP Class Extended Negotiation item; undefined = none is sent, which means not supported. */
  answerExtended?(proposal: ExtendedNegotiation): Uint8Array | undefined;
  /**
   * Takes one request, when its command set has arrived. Answers with `request.respond`, now or later. When the request has a data set, the
   * returned sink gets its bytes; without a sink they are dropped. What it throws is answered with 0110H.
   */
  handle(request: DimseRequest): DataSetSink | undefined;
}

/** Takes the data set of one message as it streams in. */
export interface DataSetSink {
  /** A view that is valid during the call. A promise stops the reading from the peer until it settles (rejections count as settled). */
  write(chunk: Uint8Array): Promise<unknown> | undefined;
  /** All bytes were written. */
  end(): void;
  /** The association ended before the data set was complete. Nothing is called after it. */
  abandon(): void;
}

/** One request of the peer. */
export interface DimseRequest {
  readonly command: Command;
  readonly context: AcceptedContext;
  readonly association: PeerAssociation;
  /** Aborts when the association ends or the peer cancels this operation (C-CANCEL, see `isCancelled`). */
  readonly signal: AbortSignal;
  readonly isCancelled: boolean;
  /**
   * Sends a response: the fields that the request decides are filled in, `status` and the others come from the caller. A pending status
   * (FF00H, FF01H) keeps the operation open, any other ends it; later responses are dropped, and so are those to a peer that is gone.
   *
   * @returns a promise to await before sending more, when the peer is slow or a data set is on its way
   */
  respond(fields: ResponseFields, dataSet?: DataSetBytes): Promise<void> | undefined;
}

export type ResponseFields = Partial<Omit<Command, 'status' | 'field' | 'hasDataSet' | 'messageIdRespondedTo'>> & { readonly status: number };

/** A data set to send, encoded in the transfer syntax of its context. Chunks must not change until they are sent. */
export type DataSetBytes = Uint8Array | AsyncIterable<Uint8Array>;

/** What is known of an association and its peer. */
export interface AssociationFacts {
  /** Unique for this association, for log, audit and grouping. */
  readonly id: string;
  readonly callingAe: string;
  readonly calledAe: string;
  readonly peer: PeerFacts;
  readonly request: AssociateRq;
  readonly contexts: ReadonlyMap<number, AcceptedContext>;
  /** When the steps to this association were taken, milliseconds since the epoch; for the trace. Absent where we are the requestor. */
  readonly times?: { readonly connectedAt: number; readonly requestedAt: number; readonly acceptedAt: number };
}

/** Who is at the other end of the connection. */
export interface PeerFacts {
  readonly address: string;
  readonly port: number;
  /** Port of ours the connection came in on. */
  readonly localPort: number;
  readonly isTls: boolean;
  /** Present when the peer showed a certificate that one of our authorities signed. */
  readonly certificate?: PeerCertificate;
  /** From the A-ASSOCIATE-RQ. A secret: never log it. */
  readonly userIdentity?: UserIdentity;
}

export interface PeerCertificate {
  readonly commonName: string;
  /** As Node prints it: `DNS:a.example, IP Address:…`; empty when there is none. */
  readonly subjectAltName: string;
  /** SHA-256, upper-case hexadecimal with colons. */
  readonly fingerprint256: string;
}

/** An association as its services see it. */
export interface PeerAssociation {
  readonly facts: AssociationFacts;
  /** Aborts when the association ends, however that happens. */
  readonly signal: AbortSignal;
  /**
   * Sends a request to the peer on this association: sub-operations of C-GET, N-EVENT-REPORT. The message id is given here.
   * Errors: GatewayError `DIMSE_ASSOCIATION_LOST` (ambiguous) when the association ends before the last response.
   */
  invoke(request: OutgoingRequest, signal?: AbortSignal): Promise<DimseResponse>;
  abort(detail: string): void;
  /** Many small responses in a row: from `cork` to `uncork` they are gathered and leave together. Uncork before waiting for the peer. */
  cork(): void;
  uncork(): void;
}

export interface OutgoingRequest {
  readonly contextId: number;
  readonly command: Omit<Command, 'messageId' | 'hasDataSet'>;
  readonly dataSet?: DataSetBytes;
  /** Gets the pending responses (C-FIND, C-MOVE, C-GET); the promise of `invoke` gets the last one. */
  onPending?(response: DimseResponse): void;
}

export interface DimseResponse {
  readonly command: Command;
  readonly status: number;
  readonly contextId: number;
  /** In the transfer syntax of the context. */
  readonly dataSet?: Uint8Array;
}
