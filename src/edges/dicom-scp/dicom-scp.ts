import type { Clock } from '../../foundation/clock.ts';
import type { Log } from '../../foundation/log.ts';
import { rejections } from '../../standards/upper-layer/reject-reasons.ts';
import type { InstanceReceiver } from '../../stages/intake/receive-instance.ts';
import type { AssociationTimes } from '../../transport/dicom/activity-watch.ts';
import { type AssociationEnd, endDetail } from '../../transport/dicom/association-end.ts';
import { type AssociationListener, AssociationServer, type AssociationServerLimits } from '../../transport/dicom/association-server.ts';
import type { AssociationFacts, DimseService } from '../../transport/dicom/dimse-service.ts';
import type { AssociationLifecycle } from '../../transport/dicom/served-association.ts';
import type { ServerTls } from '../../transport/dicom/tls-options.ts';
import { admit, type AdmissionPolicy } from './admission.ts';
import { everyRight, type RightsOf } from './ae-rights.ts';
import { StorageScp } from './storage-scp.ts';
import { verificationScp } from './verification-scp.ts';

/** What happened at the DICOM port, for the audit log. No patient data in it. */
export type DicomScpEvent =
  | { readonly kind: 'association-opened'; readonly associationId: string; readonly callingAe: string; readonly calledAe: string; readonly remoteAddress: string; readonly isTls: boolean; readonly contexts: number; readonly times: AssociationFacts['times'] }
  /** Its first C-STORE came in. */
  | { readonly kind: 'storing-began'; readonly associationId: string; readonly callingAe: string }
  | { readonly kind: 'association-rejected'; readonly reason: string; readonly callingAe: string; readonly calledAe: string; readonly remoteAddress: string }
  /** Ended otherwise than by release. */
  | { readonly kind: 'association-aborted'; readonly associationId: string; readonly callingAe: string; readonly calledAe: string; readonly remoteAddress: string; readonly how: string; readonly detail: string }
  /** A connection that broke the protocol, or TLS, before it asked for an association. */
  | { readonly kind: 'connection-failed'; readonly callingAe: ''; readonly remoteAddress: string; readonly detail: string }
  | { readonly kind: 'instance-refused'; readonly associationId: string; readonly callingAe: string; readonly remoteAddress: string; readonly sopInstanceUid: string; readonly status: number };

export interface DicomScpOptions {
  readonly listeners: readonly AssociationListener[];
  readonly admission: AdmissionPolicy;
  readonly receiver: InstanceReceiver;
  /** Unless told, every AE that is admitted may store. */
  readonly rightsOf?: RightsOf;
  /** Services besides verification and storage (query/retrieve, commitment, …); asked first. */
  readonly services?: readonly DimseService[];
  readonly moreTransferSyntaxes?: readonly string[];
  /** False = reject new associations as transient (temporary congestion), for example when the disk is nearly full. */
  readonly hasRoom?: () => boolean;
  readonly audit?: (event: DicomScpEvent) => void;
  readonly limits?: Partial<AssociationServerLimits>;
  readonly times?: Partial<AssociationTimes>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The DICOM port of the gateway. */
export class DicomScp {
  readonly #server: AssociationServer;
  readonly #storage: StorageScp;
  readonly #options: DicomScpOptions;

  constructor(options: DicomScpOptions) {
    this.#options = options;
    const { receiver, moreTransferSyntaxes } = options;
    this.#storage = new StorageScp({
      receiver,
      rightsOf: options.rightsOf ?? (() => everyRight),
      ...(moreTransferSyntaxes === undefined ? {} : { moreTransferSyntaxes }),
      began: (facts) => options.audit?.({ kind: 'storing-began', associationId: facts.id, callingAe: facts.callingAe }),
      refused: (facts, sopInstanceUid, status) => this.#refused(facts, sopInstanceUid, status),
    });
    this.#server = new AssociationServer({
      listeners: options.listeners,
      services: [...(options.services ?? []), verificationScp, this.#storage],
      lifecycle: this.#lifecycle(),
      clock: options.clock,
      log: options.log,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.times === undefined ? {} : { times: options.times }),
    });
  }

  get ports(): readonly number[] {
    return this.#server.ports;
  }

  get associations(): number {
    return this.#server.associations;
  }

  get connections(): number {
    return this.#server.connections;
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  /** New associations are rejected as transient; open ones go on. */
  quiesce(): void {
    this.#server.quiesce();
  }

  /** Waits for open associations at most `deadlineMs`, then aborts them and closes. */
  stop(deadlineMs: number): Promise<void> {
    return this.#server.stop(AbortSignal.timeout(deadlineMs));
  }

  /** New certificates for the TLS listener with this index. */
  reloadTls(listener: number, tls: ServerTls): void {
    this.#server.reloadTls(listener, tls);
  }

  #lifecycle(): AssociationLifecycle {
    const { admission, audit, hasRoom } = this.#options;
    return {
      admit: async (request, peer) => {
        const decision = await admit(admission, request, peer);
        const isFull = decision.kind === 'accept' && hasRoom !== undefined && !hasRoom();
        return isFull ? { kind: 'reject', rejection: rejections.temporaryCongestion } : decision;
      },
      rejected: (request, peer, rejection) => {
        audit?.({ kind: 'association-rejected', reason: rejection.name, callingAe: request.callingAe, calledAe: request.calledAe, remoteAddress: peer.address });
      },
      connectionFailed: (remoteAddress, detail) => audit?.({ kind: 'connection-failed', callingAe: '', remoteAddress, detail }),
      opened: (facts) => audit?.({ kind: 'association-opened', ...who(facts), isTls: facts.peer.isTls, contexts: facts.contexts.size, times: facts.times }),
      releasing: (facts, signal) => this.#storage.releasing(facts, signal),
      ended: (facts, end) => this.#ended(facts, end),
    };
  }

  #ended(facts: AssociationFacts, end: AssociationEnd): void {
    this.#storage.ended(facts, end);
    if (end.how !== 'released') this.#options.audit?.({ kind: 'association-aborted', ...who(facts), how: end.how, detail: endDetail(end) });
  }

  #refused(facts: AssociationFacts, sopInstanceUid: string, status: number): void {
    const { associationId, callingAe, remoteAddress } = who(facts);
    this.#options.audit?.({ kind: 'instance-refused', associationId, callingAe, remoteAddress, sopInstanceUid, status });
  }
}

function who(facts: AssociationFacts): { associationId: string; callingAe: string; calledAe: string; remoteAddress: string } {
  return { associationId: facts.id, callingAe: facts.callingAe, calledAe: facts.calledAe, remoteAddress: facts.peer.address };
}
