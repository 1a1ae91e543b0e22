import { Buffer } from 'node:buffer';
import { GatewayError } from '../../foundation/errors.ts';
import { type Command, commandFields } from '../../standards/dimse/command.ts';
import { statusKind, statuses } from '../../standards/dimse/statuses.ts';
import type { DataSetSink, DimseResponse, OutgoingRequest } from './dimse-service.ts';
import type { MessageSender } from './message-sender.ts';

/** Longest data set of a response that is collected (identifiers, N-GET attributes). */
const maxResponseBytes = 64 * 1_048_576;

/** The operations we invoked on one association and that wait for their last response. */
export class OutgoingOperations {
  readonly #sender: MessageSender;
  readonly #waiting = new Map<number, Waiting>();
  #lastMessageId = 0;
  #isOver = false;

  constructor(sender: MessageSender) {
    this.#sender = sender;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** Sends a request and gives its last response; `signal` sends C-CANCEL for C-FIND, C-GET and C-MOVE, and rejects at once. */
  async invoke(request: OutgoingRequest, signal?: AbortSignal): Promise<DimseResponse> {
    // Nothing of it was sent: trying again on another association is safe.
    if (this.#isOver || !this.#sender.canSend) throw new GatewayError('DIMSE_ASSOCIATION_LOST', 'the association is over', { failure: 'transient' });
    signal?.throwIfAborted();
    const messageId = this.#freeMessageId();
    const waiting = new Waiting(request);
    this.#waiting.set(messageId, waiting);
    const cancel = (): void => {
      this.#cancel(messageId, request);
      waiting.reject(signal!.reason);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const command: Command = { ...request.command, messageId, hasDataSet: request.dataSet !== undefined };
      // The peer may answer before all is sent (a refusal); both outcomes count, the first failure wins.
      const [response] = await Promise.all([waiting.response, this.#sender.send(request.contextId, command, request.dataSet)]);
      return response;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#waiting.delete(messageId);
    }
  }

  /** A response came in; the sink takes its data set, if it has one. Responses nobody waits for are dropped. */
  responded(contextId: number, command: Command): DataSetSink | undefined {
    const waiting = this.#waiting.get(command.messageIdRespondedTo ?? -1);
    const status = command.status ?? statuses.processingFailure;
    if (!command.hasDataSet) {
      waiting?.take({ command, status, contextId });
      return undefined;
    }
    return collector((dataSet) => waiting?.take({ command, status, contextId, ...(dataSet === undefined ? {} : { dataSet }) }));
  }

  /** The association is over: nobody gets an answer any more. */
  fail(reason: GatewayError): void {
    this.#isOver = true;
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
  }

  #cancel(messageId: number, request: OutgoingRequest): void {
    const { field } = request.command;
    if (field !== commandFields.cFindRq && field !== commandFields.cGetRq && field !== commandFields.cMoveRq) return;
    // PS3.7 §9.3.2.3: C-CANCEL has no answer of its own.
    void this.#sender.send(request.contextId, { field: commandFields.cCancelRq, messageIdRespondedTo: messageId, hasDataSet: false })?.catch(() => {});
  }

  #freeMessageId(): number {
    do this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1;
    while (this.#waiting.has(this.#lastMessageId));
    return this.#lastMessageId;
  }
}

class Waiting {
  readonly response: Promise<DimseResponse>;
  readonly #request: OutgoingRequest;
  #resolve!: (response: DimseResponse) => void;
  #reject!: (reason: unknown) => void;

  constructor(request: OutgoingRequest) {
    this.#request = request;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A rejection that comes while the request is still being sent is reported by the one who awaits both.
    this.response.catch(() => {});
  }

  take(response: DimseResponse): void {
    if (statusKind(response.status) === 'pending') this.#request.onPending?.(response);
    else this.#resolve(response);
  }

  reject(reason: unknown): void {
    this.#reject(reason instanceof Error ? reason : new GatewayError('DIMSE_CANCELLED', 'the operation was cancelled', { failure: 'ambiguous' }));
  }
}

function collector(done: (dataSet: Uint8Array | undefined) => void): DataSetSink {
  const parts: Uint8Array[] = [];
  let length = 0;
  return {
    write(chunk) {
      length += chunk.length;
      if (length <= maxResponseBytes) parts.push(Uint8Array.from(chunk));
      return undefined;
    },
    end: () => done(length <= maxResponseBytes ? Buffer.concat(parts) : undefined),
    abandon() {},
  };
}
