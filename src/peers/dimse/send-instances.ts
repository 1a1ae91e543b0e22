import { asGatewayError } from '../../foundation/errors.ts';
import { explicitVrLittleEndian, implicitVrLittleEndian } from '../../standards/upper-layer/negotiation.ts';
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
  /** The same in one of the given transfer syntaxes; asked when the peer did not accept the one it has. Undefined = in none of them. */
  readonly reencode?: (acceptable: readonly string[]) => Promise<{ readonly transferSyntaxUid: string; readonly bytes: DataSetBytes } | undefined>;
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
  /** Who asked for this by C-MOVE, and in which message; told to the peer in each C-STORE (PS3.7 §9.1.1.1). */
  readonly moveOriginator?: { readonly aeTitle: string; readonly messageId: number };
  /** Once it aborts no further instance is begun; those under way are finished. */
  readonly noMore?: AbortSignal;
}

/** Instances looked at ahead to choose presentation contexts. Their bytes may be in memory, so not too many. */
const lookAheadItems = 64;
const maxContexts = 128;
/** Offered beside the stored transfer syntax where the caller can re-encode, in contexts of their own: the peer accepts one each. */
const fallbacks: readonly string[] = [explicitVrLittleEndian, implicitVrLittleEndian];
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
      if (item === undefined || this.#options.noMore?.aborted === true) break;
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
    const proposed = new Set<string>();
    const contexts = new Map<string, { abstractSyntax: string; transferSyntaxes: string[] }>();
    for (const item of ahead) {
      const wanted = new Set([item.transferSyntaxUid, ...(item.reencode === undefined ? [] : fallbacks)].map((syntax) => `${item.sopClassUid} ${syntax}`));
      if ([...wanted].filter((key) => !contexts.has(key)).length > maxContexts - contexts.size) break;
      proposed.add(keyOf(item));
      for (const key of wanted) contexts.set(key, contexts.get(key) ?? { abstractSyntax: item.sopClassUid, transferSyntaxes: [key.slice(item.sopClassUid.length + 1)] });
    }
    const { asyncOperations } = this.#options;
    const request = { ...addressed(this.#peer, this.#options), contexts: [...contexts.values()], ...(asyncOperations === undefined ? {} : { asyncOperations }) };
    try {
      this.#association = await this.#timed((signal) => openAssociation(request, signal));
      this.#proposed = proposed;
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
    const { sopClassUid, sopInstanceUid } = item;
    const { moveOriginator } = this.#options;
    try {
      const encoded = await acceptedEncoding(association, item);
      if (encoded === undefined) return { kind: 'not-accepted' };
      const request = { sopClassUid, sopInstanceUid, transferSyntaxUid: encoded.transferSyntaxUid, dataSet: encoded.bytes, ...(moveOriginator === undefined ? {} : { moveOriginator }) };
      const response = await this.#timed((signal) => association.cStore(request, signal));
      this.#losses = 0;
      return { kind: 'answered', status: response.status, comment: response.command.errorComment };
    } catch (error) {
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

/** As it is when the peer takes that, else re-encoded where the caller can. */
async function acceptedEncoding(association: ClientAssociation, item: OutgoingInstance): Promise<{ readonly transferSyntaxUid: string; readonly bytes: DataSetBytes } | undefined> {
  if (association.contextFor(item.sopClassUid, item.transferSyntaxUid) !== undefined) return item;
  const acceptable = [...association.contexts.values()].filter((context) => context.abstractSyntax === item.sopClassUid).map((context) => context.transferSyntax);
  return acceptable.length === 0 ? undefined : item.reencode?.(acceptable);
}

function keyOf(item: OutgoingInstance): string {
  return `${item.sopClassUid} ${item.transferSyntaxUid}`;
}
