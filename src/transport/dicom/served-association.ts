import { randomUUID } from 'node:crypto';
import type { Clock } from '../../foundation/clock.ts';
import type { Log } from '../../foundation/log.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../../standards/dicom/implementation.ts';
import { type ContextPolicy, type Negotiated, negotiateContexts, negotiateWindow } from '../../standards/upper-layer/negotiation.ts';
import { type AssociateAc, type AssociateRq, dicomApplicationContext } from '../../standards/upper-layer/pdu.ts';
import { type Rejection, rejections } from '../../standards/upper-layer/reject-reasons.ts';
import type { AssociationTimes } from './activity-watch.ts';
import { Association, type AssociationUser, stackOf } from './association.ts';
import type { AssociationEnd } from './association-end.ts';
import type { AssociationFacts, DimseService, PeerFacts } from './dimse-service.ts';
import { DimseSession } from './dimse-session.ts';
import type { ByteSource } from './shared-buffer-socket.ts';

/** What the acceptor's policy says to an A-ASSOCIATE-RQ. */
export type Admission =
  | { readonly kind: 'accept'; readonly userIdentityResponse?: Uint8Array }
  | { readonly kind: 'reject'; readonly rejection: Rejection };

/** Calls at the turns of an association's life; none of them may throw. */
export interface AssociationLifecycle {
  /** Who may talk. May look things up; the peer waits meanwhile. */
  admit(request: AssociateRq, peer: PeerFacts): Admission | Promise<Admission>;
  rejected?(request: AssociateRq, peer: PeerFacts, rejection: Rejection): void;
  /** A connection broke the protocol (or TLS) before it came to an A-ASSOCIATE-RQ we could judge. Silent and closed ones are not told. */
  connectionFailed?(remoteAddress: string, detail: string): void;
  opened?(facts: AssociationFacts): void;
  /** The peer asked for release and all its operations are answered; A-RELEASE-RP leaves when the promise settles. */
  releasing?(facts: AssociationFacts, signal: AbortSignal): Promise<void>;
  ended?(facts: AssociationFacts, end: AssociationEnd): void;
}

export interface ServedAssociationOptions {
  readonly source: ByteSource;
  readonly peer: PeerFacts;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: AssociationTimes;
  readonly maxPduLength: number;
  readonly maxAssociateLength: number;
  readonly maxOperations: number;
  readonly services: readonly DimseService[];
  readonly lifecycle: AssociationLifecycle;
  /** Asked after `admit`: takes a slot for the caller, or says why not. The slot is given back by `release`. */
  readonly takeSlot: (callingAe: string) => Rejection | undefined;
  readonly releaseSlot: (callingAe: string) => void;
}

/** The acceptor's side of one association: admission, negotiation, services, release. */
export class ServedAssociation implements AssociationUser {
  readonly association: Association;
  readonly #options: ServedAssociationOptions;
  #request: AssociateRq | undefined;
  #session: DimseSession | undefined;
  #slot: string | undefined;
  #isReleasing = false;
  readonly #connectedAt: number;
  #requestedAt = 0;

  constructor(options: ServedAssociationOptions) {
    this.#options = options;
    this.#connectedAt = options.clock.now();
    this.association = new Association(
      {
        source: options.source,
        limits: { maxPDataLength: options.maxPduLength, maxAssociateLength: options.maxAssociateLength },
        times: options.times,
        clock: options.clock,
        onDefect: (error) => options.log.error('association.defect', { address: options.peer.address, error: stackOf(error) }),
      },
      this,
    );
  }

  get isEstablished(): boolean {
    return this.#session !== undefined;
  }

  associateRequested(request: AssociateRq): void {
    this.#request = request;
    this.#requestedAt = this.#options.clock.now();
    this.#admit(request).catch((error: unknown) => {
      this.#options.log.error('association.admission-failed', { error: String(error) });
      this.#reject(request, rejections.temporaryCongestion);
    });
  }

  associateAnswered(): void {}

  fragment(contextId: number, control: number, bytes: Uint8Array, ends: boolean): void {
    this.#session?.fragment(contextId, control, bytes, ends);
  }

  isBusy(): boolean {
    return this.#isReleasing || (this.#session?.isBusy() ?? true);
  }

  releaseRequested(): void {
    const session = this.#session;
    if (session === undefined) return;
    // Nothing may follow A-RELEASE-RQ (Sta8), so what is missing will never come.
    if (session.isMidMessage) return this.association.abort('release in the middle of a message');
    this.#release(session).catch((error: unknown) => {
      this.#options.log.error('association.release-failed', { association: session.facts.id, error: String(error) });
      this.association.answerRelease();
    });
  }

  ended(end: AssociationEnd): void {
    const session = this.#session;
    this.#session = undefined;
    if (this.#slot !== undefined) this.#options.releaseSlot(this.#slot);
    this.#slot = undefined;
    session?.end(end.how);
    this.#log(end, session?.facts.id);
    if (session !== undefined) this.#options.lifecycle.ended?.(session.facts, end);
    else this.#endedEarly(end);
  }

  #endedEarly(end: AssociationEnd): void {
    const { lifecycle, peer } = this.#options;
    if (end.how === 'aborted-by-us') lifecycle.connectionFailed?.(peer.address, end.detail);
    // The provider itself rejects before there is a request to hand on (AE-6).
    else if (end.how === 'rejected' && this.#request === undefined) lifecycle.connectionFailed?.(peer.address, rejections.protocolVersion.name);
  }

  async #admit(request: AssociateRq): Promise<void> {
    const { lifecycle, peer } = this.#options;
    if (request.applicationContext !== dicomApplicationContext) return this.#reject(request, rejections.applicationContext);
    const identity = request.user.userIdentity;
    const facts: PeerFacts = identity === undefined ? peer : { ...peer, userIdentity: identity };
    const admission = await lifecycle.admit(request, facts);
    if (this.association.state !== 'Sta3') return;
    if (admission.kind === 'reject') return this.#reject(request, admission.rejection);
    const refusal = this.#options.takeSlot(request.callingAe);
    if (refusal !== undefined) return this.#reject(request, refusal);
    this.#slot = request.callingAe;
    this.#accept(request, facts, admission.userIdentityResponse);
  }

  #accept(request: AssociateRq, peer: PeerFacts, userIdentityResponse: Uint8Array | undefined): void {
    const { services, maxOperations, log, lifecycle } = this.#options;
    const negotiated = negotiateContexts(request.contexts, request.user.roles ?? [], policyOf(services));
    const window = negotiateWindow(request.user.asyncOperations, { invoked: maxOperations, performed: 1 });
    const answer = this.#answer(request, negotiated, {
      ...(window === undefined ? {} : { asyncOperations: window }),
      ...(userIdentityResponse === undefined ? {} : { userIdentityResponse }),
    });
    const facts: AssociationFacts = { id: randomUUID(), callingAe: request.callingAe, calledAe: request.calledAe, peer, request, contexts: negotiated.accepted, times: { connectedAt: this.#connectedAt, requestedAt: this.#requestedAt, acceptedAt: this.#options.clock.now() } };
    this.#session = new DimseSession({
      association: this.association,
      facts,
      // PS3.8 §D.1.1 wants the item; 16 KiB is what every peer that forgot it can take.
      peerMaxLength: request.user.maxLength ?? 16_384,
      services,
      maxPerformed: window?.invoked ?? 1,
      log,
    });
    lifecycle.opened?.(facts);
    this.association.accept(answer);
  }

  #answer(request: AssociateRq, negotiated: Negotiated, extra: Partial<AssociateAc['user']>): AssociateAc {
    const { services, maxPduLength } = this.#options;
    const extended = (request.user.extended ?? []).flatMap((proposal) => {
      const bytes = services.find((service) => service.serves(proposal.sopClassUid))?.answerExtended?.(proposal);
      return bytes === undefined ? [] : [{ sopClassUid: proposal.sopClassUid, bytes }];
    });
    return {
      type: 'associate-ac',
      protocolVersion: 1,
      // PS3.8 §9.3.3: the titles are sent back as they came; they are not tested by the requestor.
      calledAe: request.calledAe,
      callingAe: request.callingAe,
      applicationContext: dicomApplicationContext,
      contexts: negotiated.results,
      user: { maxLength: maxPduLength, implementationClassUid: IMPLEMENTATION_CLASS_UID, implementationVersionName: IMPLEMENTATION_VERSION_NAME, roles: negotiated.roles, extended, ...extra },
    };
  }

  #reject(request: AssociateRq, rejection: Rejection): void {
    if (this.association.state !== 'Sta3') return;
    this.#options.lifecycle.rejected?.(request, this.#options.peer, rejection);
    this.association.reject({ type: 'associate-rj', result: rejection.result, source: rejection.source, reason: rejection.reason });
  }

  async #release(session: DimseSession): Promise<void> {
    this.#isReleasing = true;
    await session.idle();
    if (!session.signal.aborted) await this.#options.lifecycle.releasing?.(session.facts, session.signal);
    this.association.answerRelease();
  }

  #log(end: AssociationEnd, id: string | undefined): void {
    const { log, peer } = this.#options;
    const who = { association: id, address: peer.address, callingAe: this.#request?.callingAe };
    if (end.how === 'released' || end.how === 'rejected' || id === undefined) log.debug('association.ended', { ...who, ...end });
    else log.warn('association.aborted', { ...who, ...end });
  }
}

function policyOf(services: readonly DimseService[]): ContextPolicy {
  const serviceOf = (uid: string): DimseService | undefined => services.find((service) => service.serves(uid));
  return {
    supports: (uid) => serviceOf(uid) !== undefined,
    choose: (uid, proposed) => serviceOf(uid)!.chooseTransferSyntax(proposed, uid),
    roles: (uid) => serviceOf(uid)?.requestorRoles ?? { scu: true, scp: false },
  };
}
