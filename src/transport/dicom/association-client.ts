import { randomUUID } from 'node:crypto';
import type { Clock } from '../../foundation/clock.ts';
import { GatewayError } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../../standards/dicom/implementation.ts';
import { commandFields, priorities } from '../../standards/dimse/command.ts';
import { type AcceptedContext, grantedContexts } from '../../standards/upper-layer/negotiation.ts';
import { type AssociateAc, type AssociateRj, type AssociateRq, type AsyncOperations, dicomApplicationContext, type ExtendedNegotiation, type RoleSelection, type UserIdentity } from '../../standards/upper-layer/pdu.ts';
import { rejectionName } from '../../standards/upper-layer/reject-reasons.ts';
import type { AssociationTimes } from './activity-watch.ts';
import { Association, type AssociationUser, stackOf } from './association.ts';
import type { AssociationEnd } from './association-end.ts';
import { defaultLimits, defaultTimes } from './association-server.ts';
import { openSocket } from './client-socket.ts';
import type { DataSetBytes, DimseResponse, DimseService, OutgoingRequest } from './dimse-service.ts';
import { DimseSession } from './dimse-session.ts';
import { byteSource } from './shared-buffer-socket.ts';
import type { ClientTls } from './tls-options.ts';

export interface AssociationRequest {
  readonly host: string;
  readonly port: number;
  readonly calledAe: string;
  readonly callingAe: string;
  /** At most 128; ids are given here. */
  readonly contexts: readonly { readonly abstractSyntax: string; readonly transferSyntaxes: readonly string[] }[];
  readonly tls?: ClientTls;
  readonly roles?: readonly RoleSelection[];
  readonly userIdentity?: UserIdentity;
  readonly extended?: readonly ExtendedNegotiation[];
  /** Window to offer, as PS3.7 §D.3.3.3 counts; none is offered when left out. */
  readonly asyncOperations?: AsyncOperations;
  /** Services for requests of the peer on this association (C-STORE of a C-GET, N-EVENT-REPORT). */
  readonly services?: readonly DimseService[];
  /** Longest P-DATA-TF body we take, bytes. */
  readonly maxPduLength?: number;
  readonly times?: Partial<AssociationTimes>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface StoreRequest {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** Of `dataSet`; a context with exactly this one must have been accepted. */
  readonly transferSyntaxUid: string;
  /** The data set alone, without preamble and file meta information. */
  readonly dataSet: DataSetBytes;
  readonly moveOriginator?: { readonly aeTitle: string; readonly messageId: number };
}

/** An association we asked for. */
export interface ClientAssociation {
  readonly contexts: ReadonlyMap<number, AcceptedContext>;
  /** Requests that may wait for their answers at a time; 0 = any. */
  readonly maxInvoked: number;
  /** Aborts when the association ends. */
  readonly signal: AbortSignal;
  /** The accepted context for a SOP class, in a given transfer syntax if told. */
  contextFor(abstractSyntax: string, transferSyntaxUid?: string): AcceptedContext | undefined;
  invoke(request: OutgoingRequest, signal: AbortSignal): Promise<DimseResponse>;
  /** C-ECHO; the status of the answer. */
  cEcho(signal: AbortSignal): Promise<number>;
  /**
   * C-STORE; the answer, whatever its status. Errors: `DIMSE_NO_CONTEXT` (permanent); `DIMSE_ASSOCIATION_LOST`, `DIMSE_TIMEOUT` (ambiguous:
   * the peer may have the instance).
   */
  cStore(request: StoreRequest, signal: AbortSignal): Promise<DimseResponse>;
  /** Releases; aborts when `signal` comes first. Never rejects: all answers are here already. */
  release(signal: AbortSignal): Promise<void>;
  abort(detail: string): void;
}

/**
 * Connects, and negotiates an association.
 *
 * Errors (GatewayError): `DIMSE_CONNECT_FAILED` transient · `DIMSE_TLS_FAILED` permanent · `DIMSE_ASSOCIATION_REJECTED` transient or permanent,
 * as the peer says, with result, source and reason in the context · `DIMSE_ASSOCIATION_LOST` transient · `DIMSE_TIMEOUT` transient.
 */
export async function openAssociation(request: AssociationRequest, signal: AbortSignal): Promise<ClientAssociation> {
  if (request.contexts.length > 128) throw new RangeError('an association has at most 128 presentation contexts');
  const socket = await openSocket(request, signal);
  const client = new Client(request);
  const association = new Association(
    {
      source: byteSource(socket),
      limits: { maxPDataLength: request.maxPduLength ?? defaultLimits.maxPduLength, maxAssociateLength: defaultLimits.maxAssociateLength },
      times: { ...defaultTimes, ...request.times },
      clock: request.clock,
      onDefect: (error) => request.log.error('association.defect', { peer: request.calledAe, error: stackOf(error) }),
      request: client.rq,
    },
    client,
  );
  await client.establish(association, signal);
  return client;
}

class Client implements AssociationUser, ClientAssociation {
  readonly rq: AssociateRq;
  readonly #request: AssociationRequest;
  readonly #answered: Promise<AssociateAc | AssociateRj | AssociationEnd>;
  #answer!: (answer: AssociateAc | AssociateRj | AssociationEnd) => void;
  #association!: Association;
  #session!: DimseSession;
  #hasEnded = false;
  #wakeRelease: () => void = () => {};
  #maxInvoked = 1;

  constructor(request: AssociationRequest) {
    this.#request = request;
    this.rq = requestPdu(request);
    this.#answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  get contexts(): ReadonlyMap<number, AcceptedContext> {
    return this.#session.facts.contexts;
  }

  get maxInvoked(): number {
    return this.#maxInvoked;
  }

  get signal(): AbortSignal {
    return this.#session.signal;
  }

  async establish(association: Association, signal: AbortSignal): Promise<void> {
    this.#association = association;
    const giveUp = (): void => association.abort('the caller gave up');
    signal.addEventListener('abort', giveUp, { once: true });
    association.transportConnected();
    const answer = await this.#answered;
    signal.removeEventListener('abort', giveUp);
    if ('how' in answer) throw this.#notEstablished(answer, signal);
    if (answer.type === 'associate-rj') throw this.#rejected(answer);
  }

  contextFor(abstractSyntax: string, transferSyntaxUid?: string): AcceptedContext | undefined {
    for (const context of this.contexts.values()) {
      if (context.abstractSyntax === abstractSyntax && (transferSyntaxUid === undefined || context.transferSyntax === transferSyntaxUid)) return context;
    }
    return undefined;
  }

  invoke(request: OutgoingRequest, signal: AbortSignal): Promise<DimseResponse> {
    return this.#session.invoke(request, signal);
  }

  async cEcho(signal: AbortSignal): Promise<number> {
    const sopClass = '1.2.840.10008.1.1';
    const contextId = this.#contextId(sopClass, undefined);
    const response = await this.#orAbort(signal, this.invoke({ contextId, command: { field: commandFields.cEchoRq, affectedSopClassUid: sopClass } }, signal));
    return response.status;
  }

  cStore(request: StoreRequest, signal: AbortSignal): Promise<DimseResponse> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet, moveOriginator } = request;
    const command = {
      field: commandFields.cStoreRq,
      affectedSopClassUid: sopClassUid,
      priority: priorities.medium,
      affectedSopInstanceUid: sopInstanceUid,
      ...(moveOriginator === undefined ? {} : { moveOriginatorAe: moveOriginator.aeTitle, moveOriginatorMessageId: moveOriginator.messageId }),
    };
    const send = async (): Promise<DimseResponse> => this.invoke({ contextId: this.#contextId(sopClassUid, transferSyntaxUid), command, dataSet }, signal);
    return this.#orAbort(signal, send());
  }

  async release(signal: AbortSignal): Promise<void> {
    if (this.#hasEnded) return;
    const over = new Promise<void>((resolve) => {
      this.#wakeRelease = resolve;
    });
    const giveUp = (): void => this.#association.abort('the release was not answered');
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    else this.#association.requestRelease();
    await over;
    signal.removeEventListener('abort', giveUp);
  }

  abort(detail: string): void {
    this.#association.abort(detail);
  }

  // ---- AssociationUser

  associateRequested(): void {}

  associateAnswered(answer: AssociateAc | AssociateRj): void {
    if (answer.type === 'associate-ac') this.#open(answer);
    this.#answer(answer);
  }

  fragment(contextId: number, control: number, bytes: Uint8Array, ends: boolean): void {
    this.#session.fragment(contextId, control, bytes, ends);
  }

  releaseRequested(): void {
    if (this.#session.isMidMessage) return this.#association.abort('release in the middle of a message');
    this.#session.idle().finally(() => this.#association.answerRelease()).catch(() => {});
  }

  isBusy(): boolean {
    return this.#session.isBusy();
  }

  ended(end: AssociationEnd): void {
    this.#hasEnded = true;
    this.#answer(end);
    (this.#session as DimseSession | undefined)?.end(end.how);
    this.#wakeRelease();
  }

  #open(answer: AssociateAc): void {
    const request = this.#request;
    const contexts = grantedContexts(this.rq.contexts, { contexts: answer.contexts, roles: answer.user.roles ?? [] });
    const window = request.asyncOperations === undefined ? undefined : answer.user.asyncOperations;
    // Without an answer to the item there is no window: one operation at a time (PS3.7 §D.3.3.3).
    this.#maxInvoked = window?.invoked ?? 1;
    const peer = { address: request.host, port: request.port, localPort: 0, isTls: request.tls !== undefined };
    this.#session = new DimseSession({
      association: this.#association,
      facts: { id: randomUUID(), callingAe: request.callingAe, calledAe: request.calledAe, peer, request: this.rq, contexts },
      peerMaxLength: answer.user.maxLength ?? 16_384,
      services: request.services ?? [],
      maxPerformed: window?.performed ?? 1,
      log: request.log,
    });
  }

  #contextId(abstractSyntax: string, transferSyntaxUid: string | undefined): number {
    const context = this.contextFor(abstractSyntax, transferSyntaxUid);
    if (context !== undefined) return context.id;
    throw new GatewayError('DIMSE_NO_CONTEXT', 'the peer accepted no presentation context for this SOP class and transfer syntax', {
      failure: 'permanent',
      context: { abstractSyntax, transferSyntax: transferSyntaxUid ?? null, calledAe: this.#request.calledAe },
    });
  }

  /** A deadline in mid-message leaves nothing but an abort; the error says which. */
  async #orAbort<T>(signal: AbortSignal, operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#association.abort('a deadline passed');
      throw new GatewayError('DIMSE_TIMEOUT', 'no answer before the deadline', { failure: 'ambiguous', context: this.#who(), cause: error });
    }
  }

  #notEstablished(end: AssociationEnd, signal: AbortSignal): GatewayError {
    if (signal.aborted) return new GatewayError('DIMSE_TIMEOUT', 'no answer to the association request before the deadline', { failure: 'transient', context: this.#who() });
    return new GatewayError('DIMSE_ASSOCIATION_LOST', `the peer ended the connection during negotiation (${end.how})`, { failure: 'transient', context: this.#who() });
  }

  #rejected(answer: AssociateRj): GatewayError {
    const { result, source, reason } = answer;
    return new GatewayError('DIMSE_ASSOCIATION_REJECTED', `the peer rejected the association: ${rejectionName(answer)}`, {
      failure: result === 1 ? 'permanent' : 'transient',
      context: { ...this.#who(), result, source, reason },
    });
  }

  #who(): { host: string; port: number; calledAe: string } {
    const { host, port, calledAe } = this.#request;
    return { host, port, calledAe };
  }
}

function requestPdu(request: AssociationRequest): AssociateRq {
  return {
    type: 'associate-rq',
    protocolVersion: 1,
    calledAe: request.calledAe,
    callingAe: request.callingAe,
    applicationContext: dicomApplicationContext,
    contexts: request.contexts.map((context, index) => ({ id: index * 2 + 1, ...context })),
    user: {
      maxLength: request.maxPduLength ?? defaultLimits.maxPduLength,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      ...(request.roles === undefined ? {} : { roles: request.roles }),
      ...(request.asyncOperations === undefined ? {} : { asyncOperations: request.asyncOperations }),
      ...(request.extended === undefined ? {} : { extended: request.extended }),
      ...(request.userIdentity === undefined ? {} : { userIdentity: request.userIdentity }),
    },
  };
}
