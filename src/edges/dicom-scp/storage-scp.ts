import { commandFields } from '../../standards/dimse/command.ts';
import { statuses } from '../../standards/dimse/statuses.ts';
import { preferSendersBytes } from '../../standards/upper-layer/negotiation.ts';
import type { IncomingInstance, InstanceReceiver, StoreOutcome } from '../../stages/intake/receive-instance.ts';
import type { AssociationEnd } from '../../transport/dicom/association-end.ts';
import type { AssociationFacts, DataSetSink, DimseRequest, DimseService } from '../../transport/dicom/dimse-service.ts';
import type { RightsOf } from './ae-rights.ts';
import { storeResponse } from './dimse-status.ts';
import { isStorageClass, isStoredTransferSyntax } from './storage-classes.ts';

export interface StorageScpOptions {
  readonly receiver: InstanceReceiver;
  /** Private transfer syntaxes to take besides the known ones. */
  readonly moreTransferSyntaxes?: readonly string[];
  readonly rightsOf: RightsOf;
  /** The first C-STORE of an association came in. */
  readonly began?: (facts: AssociationFacts) => void;
  /** An instance was refused; `status` is what the peer heard. */
  readonly refused?: (facts: AssociationFacts, sopInstanceUid: string, status: number) => void;
}

/**
 * Storage SCP, PS3.4 Annex B: streams the data set of each C-STORE to the receiver, in the transfer syntax it came in, and answers when
 * the receiver says that it is durable. Several instances of one association may be waiting; each answer leaves when it is ready.
 */
export class StorageScp implements DimseService {
  readonly name = 'storage';
  readonly commands = [commandFields.cStoreRq];
  /** Who retrieves by C-GET takes the SCP role for the sub-operations (PS3.7 §D.3.3.4). */
  readonly requestorRoles = { scu: true, scp: true };
  readonly #options: StorageScpOptions;
  /** Associations whose group is open at the receiver. */
  readonly #groups = new Set<string>();

  constructor(options: StorageScpOptions) {
    this.#options = options;
  }

  serves(abstractSyntax: string): boolean {
    return isStorageClass(abstractSyntax);
  }

  chooseTransferSyntax(proposed: readonly string[]): string | undefined {
    return preferSendersBytes(proposed, (uid) => isStoredTransferSyntax(uid, this.#options.moreTransferSyntaxes));
  }

  handle(request: DimseRequest): DataSetSink | undefined {
    const { affectedSopClassUid: sopClassUid, affectedSopInstanceUid: sopInstanceUid, hasDataSet } = request.command;
    const mayStore = this.#options.rightsOf(request.association.facts.callingAe).mayStore;
    const problem = mayStore ? problemOf(sopClassUid, sopInstanceUid, hasDataSet) : { status: statuses.notAuthorized, comment: 'this AE may not store' };
    if (problem !== undefined) return this.#refuse(request, problem);
    const groupId = request.association.facts.id;
    this.#open(request.association.facts);
    const instance = this.#options.receiver.begin({
      groupId,
      sopClassUid: sopClassUid!,
      sopInstanceUid: sopInstanceUid!,
      transferSyntaxUid: request.context.transferSyntax,
    });
    return new InstanceSink(instance, (outcome) => this.#answer(request, outcome));
  }

  /** Before A-RELEASE-RP: who has finished sending can query. */
  async releasing(facts: AssociationFacts, signal: AbortSignal): Promise<void> {
    if (this.#groups.delete(facts.id)) await this.#options.receiver.settle(facts.id, 'released', signal);
  }

  ended(facts: AssociationFacts, _end: AssociationEnd): void {
    if (this.#groups.delete(facts.id)) void this.#options.receiver.settle(facts.id, 'aborted', new AbortController().signal);
  }

  #open(facts: AssociationFacts): void {
    if (this.#groups.has(facts.id)) return;
    this.#groups.add(facts.id);
    this.#options.began?.(facts);
    this.#options.receiver.opened({
      groupId: facts.id,
      traceId: facts.id,
      protocol: 'dimse',
      callingAe: facts.callingAe,
      calledAe: facts.calledAe,
      remoteAddress: facts.peer.address,
    });
  }

  #answer(request: DimseRequest, outcome: StoreOutcome): void {
    const response = storeResponse(outcome);
    void request.respond(response);
    if (outcome.kind === 'refused') this.#refusedAs(request, response.status);
  }

  /** Refuses without asking the receiver, once the data set has passed: senders do not look for an answer before. */
  #refuse(request: DimseRequest, problem: Problem): DataSetSink | undefined {
    const answer = (): void => {
      void request.respond({ status: problem.status, errorComment: problem.comment });
      this.#refusedAs(request, problem.status);
    };
    if (request.command.hasDataSet) return { write: () => undefined, end: answer, abandon() {} };
    answer();
    return undefined;
  }

  #refusedAs(request: DimseRequest, status: number): void {
    this.#options.refused?.(request.association.facts, request.command.affectedSopInstanceUid ?? '', status);
  }
}

interface Problem {
  readonly status: number;
  readonly comment: string;
}

function problemOf(sopClassUid: string | undefined, sopInstanceUid: string | undefined, hasDataSet: boolean): Problem | undefined {
  if (sopClassUid === undefined || !looksLikeUid(sopClassUid)) return { status: statuses.noSuchSopClass, comment: 'Affected SOP Class UID is missing or invalid' };
  if (sopInstanceUid === undefined || !looksLikeUid(sopInstanceUid)) return { status: statuses.invalidSopInstance, comment: 'Affected SOP Instance UID is missing or invalid' };
  return hasDataSet ? undefined : { status: statuses.mistypedArgument, comment: 'C-STORE without a data set' };
}

/** Digits and dots, 1–64 of them. Leading zeros of components break PS3.5 §9.1 but are sent by real devices and do no harm. */
function looksLikeUid(text: string): boolean {
  return text.length <= 64 && /^\d[\d.]*$/.test(text);
}

class InstanceSink implements DataSetSink {
  readonly #instance: IncomingInstance;
  readonly #answer: (outcome: StoreOutcome) => void;

  constructor(instance: IncomingInstance, answer: (outcome: StoreOutcome) => void) {
    this.#instance = instance;
    this.#answer = answer;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    return this.#instance.write(chunk);
  }

  end(): void {
    // `finish` never rejects; the second handler keeps a broken promise of it from ending the process, and the sender from waiting for ever.
    this.#instance.finish().then(this.#answer, () => this.#answer({ kind: 'refused', reason: 'processing-failure', comment: 'unexpected error' }));
  }

  abandon(): void {
    this.#instance.abandon();
  }
}
