import type { Circuit } from '../../domain/circuit.ts';
import { circuitSentence, type DeliveryFailure } from '../../domain/delivery.ts';
import { raiseAlert, resolveAlert } from '../../store/alert.ts';
import type { Tx } from '../../store/database.ts';
import { circuitClosed, circuitOpened } from '../../store/destination-state.ts';
import { explainNextWaiting, explainWaiting, hurryOutbox } from '../../store/outbox.ts';

export interface CircuitChange {
  readonly destination: string;
  readonly before: Circuit;
  readonly after: Circuit;
  /** What opened it; null when nothing failed. */
  readonly failure: DeliveryFailure | null;
  readonly at: Date;
}

/** Writes down that a destination is no longer sent to, is still dead, or is back; nothing when neither changed. */
export async function recordCircuit(tx: Tx, change: CircuitChange): Promise<void> {
  const { destination, before, after, failure, at } = change;
  if (failure !== null && after.state === 'open' && after.openings !== before.openings) {
    const probeAt = new Date(after.probeAt);
    const sentence = circuitSentence(destination, failure.message, probeAt);
    await circuitOpened(tx, destination, sentence, probeAt, at);
    if (before.state === 'closed') await explainWaiting(tx, destination, circuitSentence(destination, failure.message));
    await explainNextWaiting(tx, destination, sentence);
    await raiseAlert(tx, {
      kind: 'DESTINATION_DOWN',
      severity: 'warning',
      dedupeKey: downAlertKey(destination),
      message: sentence,
      advice: 'Nothing is lost: deliveries wait and go on by themselves once it answers. See that it runs, can be reached from here, and accepts our credentials.',
      detail: { destination, code: failure.code },
      at,
    });
  } else if (after.state === 'closed' && before.state === 'open') {
    await circuitClosed(tx, destination, at);
    await hurryOutbox(tx, destination, at);
    await resolveAlert(tx, downAlertKey(destination), at);
  }
}

function downAlertKey(destination: string): string {
  return `destination-down:${destination}`;
}
