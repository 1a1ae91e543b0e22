/**
 * A circuit breaker per destination: after several failures in a row nothing is sent but one probe now and then, so that a dead peer
 * costs no more than that and a recovering one is not overrun. Pure; times in ms since the epoch.
 */
export interface Circuit {
  readonly state: 'closed' | 'open';
  /** Failures in a row. */
  readonly failures: number;
  /** How often it was found still broken; lengthens the wait. */
  readonly openings: number;
  /** Not before this moment is a probe sent; 0 when closed. */
  readonly probeAt: number;
}

export interface CircuitPolicy {
  readonly failuresToOpen: number;
  readonly baseMs: number;
  readonly capMs: number;
}

export const defaultCircuitPolicy: CircuitPolicy = { failuresToOpen: 3, baseMs: 5_000, capMs: 5 * 60_000 };

export const closedCircuit: Circuit = { state: 'closed', failures: 0, openings: 0, probeAt: 0 };

/** The peer answered: a refusal of one message is an answer too. */
export function afterAnswer(): Circuit {
  return closedCircuit;
}

/**
 * The peer could not be reached, did not answer, or said that it cannot work now.
 *
 * @param retryAfterMs what the peer asked for: opens at once, for at least that long
 */
export function afterFailure(circuit: Circuit, now: number, random: number, retryAfterMs?: number, policy: CircuitPolicy = defaultCircuitPolicy): Circuit {
  const failures = circuit.failures + 1;
  if (failures < policy.failuresToOpen && retryAfterMs === undefined) return { ...circuit, failures };
  const openings = circuit.openings + 1;
  const full = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(openings - 1, 30));
  const wait = Math.max(full / 2 + (full / 2) * random, retryAfterMs ?? 0);
  return { state: 'open', failures, openings, probeAt: now + Math.round(wait) };
}

/** How many messages may leave now: all while closed; one probe at a time when the wait of an open circuit is over. */
export function admission(circuit: Circuit, now: number): 'all' | 'probe' | 'none' {
  if (circuit.state === 'closed') return 'all';
  return now >= circuit.probeAt ? 'probe' : 'none';
}
