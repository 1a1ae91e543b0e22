import type { Failure } from '../foundation/errors.ts';

/**
 * What one destination said about one object. `delivered`: the peer answered for it; `proven`: it also said that it keeps it
 * (a commitment, or a write that is durable by its own rules).
 */
export type DeliveryOutcome = DeliverySuccess | DeliveryFailure;

export interface DeliverySuccess {
  readonly kind: 'delivered';
  readonly proven: boolean;
  /** The peer's own code: HTTP status, DIMSE status. */
  readonly status: string;
  /** The peer had it already: a repeat after "sent, no answer". */
  readonly alreadyThere?: boolean;
  /** Warnings, ids the peer gave. No patient data. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface DeliveryFailure {
  readonly kind: 'failed';
  readonly failure: Failure;
  /** Stable, upper-case; listed in docs/errors.md. */
  readonly code: string;
  /** One sentence for people, without patient data. */
  readonly message: string;
  readonly status?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** False: the peer is well and refuses this object alone; the circuit stays closed. */
  readonly peerIsAtFault: boolean;
  /** What a person needs to see: an OperationOutcome, failure reasons. Kept in the attempt, never logged. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Facts of a message that decide what `waiting_for` says. */
export interface Waiting {
  readonly destination: string;
  readonly message: string;
  readonly attempt: number;
  readonly until: Date;
}

/** Why it waits and what ends it: one sentence, shown on the page, in the ledger and in alerts. */
export function waitingSentence(waiting: Waiting): string {
  return `${waiting.destination}: ${waiting.message}; attempt ${waiting.attempt + 1} follows at ${moment(waiting.until)}`;
}

/** The same for messages that are not tried while the destination's circuit is open; without `probeAt` it stays true until the circuit closes. */
export function circuitSentence(destination: string, message: string, probeAt?: Date): string {
  const probe = probeAt === undefined ? 'a probe goes out now and then' : `the next probe is at ${moment(probeAt)}`;
  return `${destination} is not being sent to: ${message}; ${probe}, the rest follows when it succeeds`;
}

function moment(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
