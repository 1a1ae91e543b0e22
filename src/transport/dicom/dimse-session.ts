import type { Log } from '../../foundation/log.ts';
import { GatewayError } from '../../foundation/errors.ts';
import { type Command, commandFields, isResponse, responseTo } from '../../standards/dimse/command.ts';
import { MessageAssembler, type MessageSink } from '../../standards/dimse/message-assembler.ts';
import { statuses, statusKind } from '../../standards/dimse/statuses.ts';
import type { AcceptedContext } from '../../standards/upper-layer/negotiation.ts';
import type { Association } from './association.ts';
import type { AssociationFacts, DataSetSink, DimseRequest, DimseResponse, DimseService, OutgoingRequest, PeerAssociation, ResponseFields, DataSetBytes } from './dimse-service.ts';
import { MessageSender } from './message-sender.ts';
import { OutgoingOperations } from './outgoing-operations.ts';

export interface DimseSessionOptions {
  readonly association: Association;
  readonly facts: AssociationFacts;
  /** Longest P-DATA-TF the peer takes; 0 = any. */
  readonly peerMaxLength: number;
  readonly services: readonly DimseService[];
  /** Requests of the peer that may wait for their answer at a time; 0 = any. More than these stop the reading, they are not refused. */
  readonly maxPerformed: number;
  readonly log: Log;
}

/**
 * The DIMSE messages of one established association, both ways and for both sides: requests of the peer go to the services, responses
 * to whoever invoked the operation.
 */
export class DimseSession implements MessageSink, PeerAssociation {
  readonly facts: AssociationFacts;
  readonly #association: Association;
  readonly #services: readonly DimseService[];
  readonly #maxPerformed: number;
  readonly #log: Log;
  readonly #assembler = new MessageAssembler(this);
  readonly #sender: MessageSender;
  readonly #outgoing: OutgoingOperations;
  readonly #open = new Set<Operation>();
  readonly #ended = new AbortController();
  #sink: DataSetSink | undefined;
  #isHolding = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: DimseSessionOptions) {
    this.facts = options.facts;
    this.#association = options.association;
    this.#services = options.services;
    this.#maxPerformed = options.maxPerformed;
    this.#log = options.log;
    this.#sender = new MessageSender(options.association, options.peerMaxLength);
    this.#outgoing = new OutgoingOperations(this.#sender);
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Requests of the peer that have not got their last response. */
  get openOperations(): number {
    return this.#open.size;
  }

  /** A message has begun and not ended. */
  get isMidMessage(): boolean {
    return !this.#assembler.isBetweenMessages;
  }

  /** Work of ours, or an answer the caller waits for under a deadline of its own: silence of the peer is in order. */
  isBusy(): boolean {
    return (this.#open.size > 0 && this.#sink === undefined) || this.#outgoing.count > 0;
  }

  fragment(contextId: number, control: number, bytes: Uint8Array, ends: boolean): void {
    if (!this.facts.contexts.has(contextId)) return this.fault('P-DATA on a context that was not accepted');
    this.#assembler.fragment(contextId, control, bytes, ends);
  }

  /** Settles when no request of the peer waits for an answer, and what was answered is handed to the socket. */
  async idle(): Promise<void> {
    while (this.#open.size > 0 && !this.signal.aborted) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    await this.#sender.settled();
  }

  /** The association is over; called once. */
  end(detail: string): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.abandon();
    const lost = new GatewayError('DIMSE_ASSOCIATION_LOST', `the association ended: ${detail}`, { failure: 'ambiguous' });
    this.#outgoing.fail(lost);
    for (const operation of this.#open) operation.stop(lost);
    this.#open.clear();
    this.#ended.abort(lost);
    this.#wakeIdle();
  }

  invoke(request: OutgoingRequest, signal?: AbortSignal): Promise<DimseResponse> {
    return this.#outgoing.invoke(request, signal);
  }

  abort(detail: string): void {
    this.#association.abort(detail);
  }

  cork(): void {
    this.#association.cork();
  }

  uncork(): void {
    this.#association.uncork();
  }

  // ---- MessageSink

  command(contextId: number, command: Command): void {
    const context = this.facts.contexts.get(contextId)!;
    if (isResponse(command.field)) this.#sink = this.#outgoing.responded(contextId, command);
    else if (command.field === commandFields.cCancelRq) this.#cancel(command);
    else this.#request(context, command);
  }

  data(bytes: Uint8Array): void {
    const wait = this.#sink?.write(bytes);
    if (wait !== undefined) this.#association.holdUntil(wait);
  }

  dataEnd(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end();
  }

  fault(detail: string): void {
    this.#association.abort(detail);
  }

  // ---- requests of the peer

  #request(context: AcceptedContext, command: Command): void {
    const operation = new Operation(this, context, command);
    const isRepeated = this.#open.size > 0 && [...this.#open].some((other) => other.command.messageId === command.messageId);
    this.#open.add(operation);
    this.#holdWhenFull();
    // PS3.7 §C.5: the message id is that of an operation that still runs.
    if (isRepeated) return this.#refuse(operation, statuses.duplicateInvocation);
    const service = this.#services.find((candidate) => candidate.commands.includes(command.field) && candidate.serves(context.abstractSyntax));
    if (service === undefined) return this.#refuse(operation, statuses.unrecognizedOperation);
    try {
      const sink = service.handle(operation);
      this.#sink = command.hasDataSet ? sink ?? dropped : undefined;
    } catch (error) {
      this.#log.error('dimse.handler-failed', { service: service.name, association: this.facts.id, error: String(error) });
      this.#refuse(operation, statuses.processingFailure);
    }
  }

  /** Answers when the data set has passed: many senders do not look for an answer before they have sent it. */
  #refuse(operation: Operation, status: number): void {
    const answer = (): void => void operation.respond({ status });
    if (!operation.command.hasDataSet) return answer();
    this.#sink = { write: () => undefined, end: answer, abandon() {} };
  }

  #cancel(command: Command): void {
    for (const operation of this.#open) {
      if (operation.command.messageId === command.messageIdRespondedTo) operation.cancel();
    }
  }

  /** Called by an operation. */
  answer(operation: Operation, fields: ResponseFields, dataSet: DataSetBytes | undefined): Promise<void> | undefined {
    if (!this.#open.has(operation)) return undefined;
    const response: Command = { ...responseTo(operation.command), ...fields, hasDataSet: dataSet !== undefined };
    const sent = this.#sender.send(operation.context.id, response, dataSet);
    if (statusKind(fields.status) !== 'pending') this.#close(operation);
    // A response that cannot be sent means that the association is over, and its end is told to everyone by other ways.
    return sent?.catch((error: unknown) => this.#log.debug('dimse.response-not-sent', { association: this.facts.id, error: String(error) }));
  }

  #close(operation: Operation): void {
    this.#open.delete(operation);
    if (this.#isHolding && !this.#isFull) {
      this.#isHolding = false;
      this.#association.unhold();
    }
    if (this.#open.size === 0) this.#wakeIdle();
  }

  get #isFull(): boolean {
    // One more than the window: a peer without a window may still have to send C-CANCEL.
    return this.#maxPerformed !== 0 && this.#open.size > this.#maxPerformed;
  }

  #holdWhenFull(): void {
    if (this.#isHolding || !this.#isFull) return;
    this.#isHolding = true;
    this.#association.hold();
  }

  #wakeIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const wake of waiting) wake();
  }
}

/** One request and what has become of it. */
class Operation implements DimseRequest {
  readonly command: Command;
  readonly context: AcceptedContext;
  readonly #session: DimseSession;
  /** Made when asked for: most operations never need it. */
  #controller: AbortController | undefined;
  #stopped: unknown;
  #isCancelled = false;

  constructor(session: DimseSession, context: AcceptedContext, command: Command) {
    this.#session = session;
    this.context = context;
    this.command = command;
  }

  get association(): PeerAssociation {
    return this.#session;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#stopped !== undefined) this.#controller.abort(this.#stopped);
    return this.#controller.signal;
  }

  respond(fields: ResponseFields, dataSet?: DataSetBytes): Promise<void> | undefined {
    return this.#session.answer(this, fields, dataSet);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.stop(new GatewayError('DIMSE_CANCELLED', 'the peer cancelled the operation', { failure: 'permanent' }));
  }

  stop(reason: unknown): void {
    this.#stopped ??= reason;
    this.#controller?.abort(reason);
  }
}

/** For data sets nobody asked for. */
const dropped: DataSetSink = { write: () => undefined, end() {}, abandon() {} };
