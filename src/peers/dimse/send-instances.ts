import { asGatewayError, GatewayError } from '../../foundation/errors.ts';
import type { AsyncOperations } from '../../standards/upper-layer/pdu.ts';
import { type ClientAssociation, openAssociation } from '../../transport/dicom/association-client.ts';
import type { DataSetBytes } from '../../transport/dicom/dimse-service.ts';
import { CallDeadlines } from './call-deadline.ts';
import { addressed, type CallContext, type DimsePeer } from './dimse-peer.ts';
import { LookAhead } from './look-ahead.ts';

export interface OutgoingInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** The data set alone, in that transfer syntax. */
  readonly bytes: DataSetBytes;
}

export type SendOutcome =
  /** Status of the C-STORE-RSP, PS3.4 §B.2.3, with its Error Comment. */
  | { readonly kind: 'answered'; readonly status: number; readonly comment: string | undefined }
  /** The peer accepted no presentation context for this SOP class and transfer syntax. */
  | { readonly kind: 'not-accepted' }
  /** Not a byte of it left: no association came about any more. */
  | { readonly kind: 'not-sent'; readonly message: string }
  /** Sent, at least in part, and no answer: the peer may have it. */
  | { readonly kind: 'unanswered'; readonly message: string };

export interface SendOptions extends CallContext {
  /** Called for each instance as soon as it is known what became of it; `index` counts from 0 in the order of `items`. */
  readonly onOutcome?: (item: OutgoingInstance, outcome: SendOutcome, index: number) => void;
  /** Longest wait for the answer to one instance, sending included, milliseconds. */
  readonly timeoutMs?: number;
  /** Window to offer; several instances are then under way when the peer grants it. */
  readonly asyncOperations?: AsyncOperations;
}

/** Instances looked at ahead to choose presentation contexts. Their bytes may be in memory, so not too many. */
const lookAheadItems = 64;
const maxContexts = 128;
/** New associations after lost ones, without a single answer in between. */
const maxLosses = 2;
const releaseMs = 10_000;

/**
 * C-STOREs instances to a peer, in order, on as few associations as their SOP classes and transfer syntaxes need: contexts are proposed for
 * the instances ahead, and a new association is made when one comes that the present one has no context for (PS3.8: at most 128).
 *
 * @returns the outcome of each item, in their order. Errors: those of `openAssociation`, for the first one only; later ones are outcomes.
 */
export async function sendInstances(peer: DimsePeer, items: AsyncIterable<OutgoingInstance> | Iterable<OutgoingInstance>, options: SendOptions): Promise<readonly SendOutcome[]> {
  const sending = new Sending(peer, new LookAhead(items, lookAheadItems), options);
  try {
    return await sending.run();
  } finally {
    await sending.close();
  }
}

class Sending {
  readonly #peer: DimsePeer;
  readonly #items: LookAhead<OutgoingInstance>;
  readonly #options: SendOptions;
  readonly #deadlines: CallDeadlines;
  readonly #outcomes: SendOutcome[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #association: ClientAssociation | undefined;
  #proposed = new Set<string>();
  #losses = 0;
  #dead: string | undefined;

  constructor(peer: DimsePeer, items: LookAhead<OutgoingInstance>, options: SendOptions) {
    this.#peer = peer;
    this.#items = items;
    this.#options = options;
    this.#deadlines = new CallDeadlines(options.signal);
  }

  async run(): Promise<readonly SendOutcome[]> {
    for (let index = 0; ; index += 1) {
      const item = await this.#items.peek();
      if (item === undefined) break;
      const association = await this.#associationFor(item, index);
      this.#items.take();
      if (association === undefined) this.#set(index, item, { kind: 'not-sent', message: this.#dead ?? 'the peer ended the association' });
      else await this.#start(association, item, index);
    }
    await Promise.all(this.#underWay);
    return this.#outcomes;
  }

  async close(): Promise<void> {
    await this.#items.close();
    const association = this.#association;
    this.#association = undefined;
    if (association !== undefined) await this.#deadlines.run(releaseMs, (signal) => association.release(signal));
    this.#deadlines.close();
  }

  /** The association to send the item on; a new one when there is none or it has no context for the item. */
  async #associationFor(item: OutgoingInstance, index: number): Promise<ClientAssociation | undefined> {
    if (this.#dead !== undefined) return undefined;
    const isOpen = this.#association !== undefined && !this.#association.signal.aborted;
    if (isOpen && this.#proposed.has(keyOf(item))) return this.#association;
    await Promise.all(this.#underWay);
    if (!isOpen && this.#association !== undefined) this.#losses += 1;
    if (this.#losses > maxLosses) {
      this.#dead = 'the peer ended the association again and again';
      return undefined;
    }
    const finished = this.#association;
    if (finished !== undefined) await this.#deadlines.run(releaseMs, (signal) => finished.release(signal));
    return this.#open(index === 0);
  }

  async #open(isFirst: boolean): Promise<ClientAssociation | undefined> {
    const ahead = await this.#items.ahead();
    const combinations = new Map<string, OutgoingInstance>();
    for (const item of ahead) {
      if (combinations.size < maxContexts) combinations.set(keyOf(item), combinations.get(keyOf(item)) ?? item);
    }
    const contexts = [...combinations.values()].map((item) => ({ abstractSyntax: item.sopClassUid, transferSyntaxes: [item.transferSyntaxUid] }));
    const { asyncOperations } = this.#options;
    const request = { ...addressed(this.#peer, this.#options), contexts, ...(asyncOperations === undefined ? {} : { asyncOperations }) };
    try {
      this.#association = await this.#timed((signal) => openAssociation(request, signal));
      this.#proposed = new Set(combinations.keys());
      return this.#association;
    } catch (error) {
      if (isFirst) throw error;
      this.#association = undefined;
      this.#dead = asGatewayError(error).message;
      return undefined;
    }
  }

  async #start(association: ClientAssociation, item: OutgoingInstance, index: number): Promise<void> {
    const sent = this.#store(association, item).then((outcome) => {
      this.#underWay.delete(sent);
      return this.#set(index, item, outcome);
    });
    this.#underWay.add(sent);
    const limit = association.maxInvoked === 0 ? lookAheadItems : association.maxInvoked;
    while (this.#underWay.size >= limit) await Promise.race(this.#underWay);
  }

  async #store(association: ClientAssociation, item: OutgoingInstance): Promise<SendOutcome> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, bytes } = item;
    try {
      const response = await this.#timed((signal) => association.cStore({ sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet: bytes }, signal));
      this.#losses = 0;
      return { kind: 'answered', status: response.status, comment: response.command.errorComment };
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'DIMSE_NO_CONTEXT') return { kind: 'not-accepted' };
      const { failure, message } = asGatewayError(error);
      return { kind: failure === 'ambiguous' ? 'unanswered' : 'not-sent', message };
    }
  }

  #set(index: number, item: OutgoingInstance, outcome: SendOutcome): void {
    this.#outcomes[index] = outcome;
    this.#options.onOutcome?.(item, outcome, index);
  }

  #timed<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#deadlines.run(this.#options.timeoutMs ?? 60_000, work);
  }
}

function keyOf(item: OutgoingInstance): string {
  return `${item.sopClassUid} ${item.transferSyntaxUid}`;
}
