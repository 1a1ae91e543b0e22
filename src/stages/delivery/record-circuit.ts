import type { Circuit } from '../../domain/circuit.ts';
import { raiseAlert, resolveAlert } from '../../store/alert.ts';
import type { Tx } from '../../store/database.ts';
import { circuitClosed, circuitOpened } from '../../store/destination-state.ts';
import { explainWaiting, hurryOutbox } from '../../store/outbox.ts';

export interface CircuitChange {
  readonly destination: string;
  readonly before: Circuit;
  readonly after: Circuit;
  /** Why it is open and until when. */
  readonly sentence: string;
  /** Code of the failure that opened it. */
  readonly code: string;
  readonly at: Date;
}

/** Writes down that a destination is no longer sent to, is still dead, or is back; nothing when neither changed. */
export async function recordCircuit(tx: Tx, change: CircuitChange): Promise<void> {
  const { destination, before, after, sentence, code, at } = change;
  if (after.state === 'open' && after.openings !== before.openings) {
    await circuitOpened(tx, destination, sentence, new Date(after.probeAt), at);
    await explainWaiting(tx, destination, sentence);
    await raiseAlert(tx, {
      kind: 'DESTINATION_DOWN',
      severity: 'warning',
      dedupeKey: downAlertKey(destination),
      message: sentence,
      advice: 'Nothing is lost: deliveries wait and go on by themselves once it answers. See that it runs, can be reached from here, and accepts our credentials.',
      detail: { destination, code },
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
