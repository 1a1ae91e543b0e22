import type { Socket } from 'node:net';
import { assertNever } from '../../foundation/errors.ts';
import type { Clock } from '../../foundation/clock.ts';
import { type Abort, abortReasons, type AssociateAc, type AssociateRj, type AssociateRq, type ControlPdu, type PduFault } from '../../standards/upper-layer/pdu.ts';
import { PduDecoder, type PduLimits, type PduSink } from '../../standards/upper-layer/pdu-decoder.ts';
import { encodePdu } from '../../standards/upper-layer/pdu-encoder.ts';
import { rejections } from '../../standards/upper-layer/reject-reasons.ts';
import { type Action, type MachineFacts, step } from '../../standards/upper-layer/state-machine.ts';
import type { UpperLayerEvent, UpperLayerState } from '../../standards/upper-layer/state-table.ts';
import { type Activity, ActivityWatch, type AssociationTimes } from './activity-watch.ts';
import type { AssociationEnd } from './association-end.ts';
import type { ByteSource } from './shared-buffer-socket.ts';
import { SocketFlow } from './socket-flow.ts';

/** Where in our code it happened; our own assertions hold no data of the peer. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The service user above one association. `ended` is called exactly once, and nothing after it. */
export interface AssociationUser {
  associateRequested(request: AssociateRq): void;
  associateAnswered(answer: AssociateAc | AssociateRj): void;
  /** See PduSink.fragment. */
  fragment(contextId: number, control: number, bytes: Uint8Array, ends: boolean): void;
  releaseRequested(): void;
  /** Work is being done for the peer; silence is no idleness then. */
  isBusy(): boolean;
  ended(end: AssociationEnd): void;
}

export interface AssociationOptions {
  readonly source: ByteSource;
  readonly limits: PduLimits;
  readonly times: AssociationTimes;
  readonly clock: Clock;
  /** Told of a mistake of ours that ended the association. */
  readonly onDefect: (error: unknown) => void;
  /** Present for the side that asks; sent once the transport is connected. */
  readonly request?: AssociateRq;
}

/**
 * Drives one Upper Layer association over a socket: bytes become events, the state machine's actions become bytes, timers and calls of the
 * user. Holds no policy.
 */
export class Association implements PduSink {
  readonly #socket: Socket;
  readonly #flow: SocketFlow;
  readonly #decoder: PduDecoder;
  readonly #times: AssociationTimes;
  readonly #watch: ActivityWatch;
  readonly #request: AssociateRq | undefined;
  readonly #defect: (error: unknown) => void;
  readonly #facts: { -readonly [Key in keyof MachineFacts]: MachineFacts[Key] };
  readonly #user: AssociationUser;
  #state: UpperLayerState = 'Sta1';
  #artim: NodeJS.Timeout | undefined;
  #takesFragments = false;
  #end: AssociationEnd | undefined;
  #isOverTold = false;
  #lossDetail = 'the peer closed the connection';

  constructor(options: AssociationOptions, user: AssociationUser) {
    this.#socket = options.source.socket;
    this.#times = options.times;
    this.#watch = new ActivityWatch(options.times, options.clock);
    this.#defect = options.onDefect;
    this.#request = options.request;
    this.#user = user;
    this.#facts = { isRequestor: options.request !== undefined, isAcceptable: true };
    this.#decoder = new PduDecoder(options.limits, this);
    this.#flow = new SocketFlow(this.#socket, { holdsOnStall: options.request === undefined, drained: () => this.#watch.touch() });
    this.#listen(options.source);
    this.#fire(this.#facts.isRequestor ? 'Evt1' : 'Evt5');
  }

  get state(): UpperLayerState {
    return this.#state;
  }

  /** P-DATA may be sent. */
  get canSend(): boolean {
    return this.#state === 'Sta6' || this.#state === 'Sta8';
  }

  /** The transport is connected (TLS handshake included); requestor only. */
  transportConnected(): void {
    if (this.#state === 'Sta4') this.#fire('Evt2');
  }

  accept(answer: AssociateAc): void {
    if (this.#state !== 'Sta3') return;
    this.#fire('Evt7', { pdu: answer });
    this.#startWatch();
  }

  reject(answer: AssociateRj): void {
    if (this.#state === 'Sta3') this.#fire('Evt8', { pdu: answer });
  }

  /**
   * Sends finished P-DATA-TF PDUs. Nothing happens when the association is over: its user was told by `ended`.
   *
   * @returns a promise to await before sending more, when the peer is slow to read
   */
  sendPData(pdus: Uint8Array | readonly Uint8Array[]): Promise<void> | undefined {
    if (!this.canSend) return undefined;
    this.#fire('Evt9', { bytes: pdus });
    return this.#flow.drained();
  }

  /** What is sent from now on goes out together at `uncork`. Whoever waits for the peer meanwhile must uncork first. */
  cork(): void {
    this.#flow.cork();
  }

  uncork(): void {
    this.#flow.uncork();
  }

  requestRelease(): void {
    if (this.#state === 'Sta6') this.#fire('Evt11');
  }

  answerRelease(): void {
    if (this.#state === 'Sta8' || this.#state === 'Sta9' || this.#state === 'Sta12') this.#fire('Evt14');
  }

  /** A-ABORT of the service user (source 0); `detail` says why, for the log. */
  abort(detail: string): void {
    if (this.#state === 'Sta1' || this.#state === 'Sta2' || this.#state === 'Sta13') return;
    this.#decoder.stop();
    this.#setEnd({ how: 'aborted-by-us', detail });
    this.#fire('Evt15');
  }

  /** Ends the connection without a word, in any state. */
  destroy(detail: string): void {
    this.#lossDetail = detail;
    this.#socket.destroy();
  }

  /** Stops reading from the peer until the promise is settled: back-pressure. */
  holdUntil(ready: Promise<unknown>): void {
    this.#flow.hold();
    const go = (): void => {
      this.#watch.touch();
      this.#flow.unhold();
    };
    ready.then(go, go);
  }

  hold(): void {
    this.#flow.hold();
  }

  unhold(): void {
    this.#watch.touch();
    this.#flow.unhold();
  }

  // ---- PduSink

  pData(): void {
    this.#takesFragments = false;
    this.#watch.pduStarted();
    this.#fire('Evt10');
  }

  fragment(contextId: number, control: number, bytes: Uint8Array, ends: boolean): void {
    if (this.#takesFragments) this.#user.fragment(contextId, control, bytes, ends);
  }

  pdu(pdu: ControlPdu): void {
    switch (pdu.type) {
      case 'associate-rq':
        this.#facts.isAcceptable = (pdu.protocolVersion & 1) === 1;
        return this.#fire('Evt6', { pdu });
      case 'associate-ac':
        return this.#fire('Evt3', { pdu });
      case 'associate-rj':
        return this.#fire('Evt4', { pdu });
      case 'release-rq':
        return this.#fire('Evt12');
      case 'release-rp':
        return this.#fire('Evt13');
      case 'abort':
        return this.#fire('Evt16', { pdu });
      default:
        return assertNever(pdu, 'PDU');
    }
  }

  fault(problem: PduFault): void {
    this.#fire('Evt19', { fault: problem });
  }

  // ---- driver

  #listen(source: ByteSource): void {
    source.receive((chunk) => this.#take(chunk));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#lossDetail = error.code ?? error.name;
    });
    this.#socket.on('end', () => this.#transportClosed());
    this.#socket.on('close', () => {
      this.#transportClosed();
      this.#stopArtim();
    });
  }

  #take(chunk: Uint8Array): void {
    this.#watch.received();
    try {
      this.#decoder.push(chunk);
    } catch (defect) {
      // A mistake of ours, or of a service: it costs this association and no other.
      this.#defect(defect);
      this.#decoder.stop();
      this.destroy('internal error');
    }
  }

  #transportClosed(): void {
    this.#decoder.stop();
    if (this.#state !== 'Sta1') this.#fire('Evt17');
    this.#flow.close();
    this.#closeTransport();
  }

  /** Closes when everything is written, and anyhow when ARTIM is over: a peer that does not read must not keep the socket. */
  #closeTransport(): void {
    if (this.#socket.destroyed) return;
    this.#startArtim();
    this.#socket.destroySoon();
  }

  #fire(event: UpperLayerEvent, context: EventContext = noContext): void {
    const { next, actions } = step(this.#state, event, this.#facts);
    this.#state = next;
    for (const action of actions) this.#perform(action, context, event);
    if (next === 'Sta1' || next === 'Sta13') this.#over();
  }

  #perform(action: Action, context: EventContext, event: UpperLayerEvent): void {
    switch (action) {
      case 'connect-transport':
      case 'accept-transport':
        return undefined; // the socket is handed to us connecting or connected
      case 'close-transport':
        return this.#closeTransport();
      case 'start-artim':
        return this.#startArtim();
      case 'stop-artim':
        return this.#stopArtim();
      case 'send-p-data':
        return this.#flow.write(context.bytes!);
      case 'indicate-p-data':
        this.#takesFragments = true;
        return undefined;
      case 'send-associate-rq':
        return this.#flow.write(encodePdu(this.#request!));
      case 'send-associate-ac':
      case 'send-associate-rj':
        if (action === 'send-associate-rj') this.#setEnd({ how: 'rejected' });
        return this.#flow.write(encodePdu(context.pdu!));
      case 'send-provider-rj':
        this.#setEnd({ how: 'rejected' });
        return this.#flow.write(encodePdu({ type: 'associate-rj', ...rejections.protocolVersion }));
      case 'send-release-rq':
        return this.#flow.write(encodePdu({ type: 'release-rq' }));
      case 'send-release-rp':
        if (this.#state === 'Sta13') this.#setEnd({ how: 'released' });
        return this.#flow.write(encodePdu({ type: 'release-rp' }));
      case 'send-user-abort':
        return this.#sendAbort({ type: 'abort', source: 0, reason: 0 }, context, event);
      case 'send-provider-abort':
        return this.#sendAbort({ type: 'abort', source: 2, reason: context.fault?.reason ?? abortReasons.unexpectedPdu }, context, event);
      case 'indicate-associate':
      case 'indicate-release':
      case 'indicate-abort':
      case 'indicate-provider-abort':
      case 'confirm-accept':
      case 'confirm-reject':
      case 'confirm-release':
        return this.#indicate(action, context);
      default:
        return assertNever(action, 'action');
    }
  }

  #indicate(action: Indication, context: EventContext): void {
    switch (action) {
      case 'indicate-associate':
        return this.#user.associateRequested(context.pdu as AssociateRq);
      case 'confirm-accept':
        this.#startWatch();
        return this.#user.associateAnswered(context.pdu as AssociateAc);
      case 'confirm-reject':
        this.#setEnd({ how: 'rejected' });
        return this.#user.associateAnswered(context.pdu as AssociateRj);
      case 'indicate-release':
        // In a release collision (AR-8) the requestor answers at once, the acceptor after it was answered itself (AR-10).
        if (this.#state === 'Sta9') return this.answerRelease();
        return this.#state === 'Sta8' ? this.#user.releaseRequested() : undefined;
      case 'confirm-release':
        if (this.#state === 'Sta12') return this.answerRelease();
        return this.#setEnd({ how: 'released' });
      case 'indicate-abort': {
        const { source, reason } = context.pdu as Abort;
        return this.#setEnd({ how: 'aborted-by-peer', source, reason });
      }
      case 'indicate-provider-abort':
        return this.#setEnd({ how: 'connection-lost', detail: this.#lossDetail });
      default:
        return assertNever(action, 'action');
    }
  }

  #sendAbort(pdu: Abort, context: EventContext, event: UpperLayerEvent): void {
    this.#decoder.stop();
    this.#setEnd({ how: 'aborted-by-us', detail: context.fault?.detail ?? `unexpected ${context.pdu?.type ?? 'PDU'} (${event})` });
    this.#flow.write(encodePdu(pdu));
  }

  /** The first reason stays: what follows an abort is only its echo. */
  #setEnd(end: AssociationEnd): void {
    this.#end ??= end;
  }

  #over(): void {
    this.#takesFragments = false;
    this.#watch.stop();
    // Whatever else the last chunk holds belongs to no association.
    if (this.#state === 'Sta1') this.#decoder.stop();
    // After our last word the peer must be heard, or its close would never be seen.
    this.#flow.release();
    const end = this.#end ?? { how: 'connection-lost', detail: this.#lossDetail };
    if (this.#isOverTold) return;
    this.#isOverTold = true;
    this.#user.ended(end);
  }

  #startArtim(): void {
    this.#stopArtim();
    this.#artim = setTimeout(() => {
      this.#lossDetail = 'ARTIM expired';
      if (this.#state === 'Sta2' || this.#state === 'Sta13') this.#fire('Evt18');
      this.#socket.destroy();
    }, this.#times.artimMs);
  }

  #stopArtim(): void {
    clearTimeout(this.#artim);
  }

  #startWatch(): void {
    const activity = (): Activity => ({
      isStuckWriting: this.#flow.isWaitingForDrain,
      isHeld: this.#flow.isHeld,
      isBusy: this.#user.isBusy(),
      isBetweenPdus: this.#decoder.isBetweenPdus,
    });
    this.#watch.start(activity, (reason) => this.abort(reason));
  }
}

interface EventContext {
  readonly pdu?: ControlPdu;
  readonly fault?: PduFault;
  readonly bytes?: Uint8Array | readonly Uint8Array[];
}

const noContext: EventContext = {};

type Indication = Exclude<Extract<Action, `indicate-${string}` | `confirm-${string}`>, 'indicate-p-data'>;
