import { type CellAction, events, states, transitionRows, type UpperLayerEvent, type UpperLayerState } from './state-table.ts';

/** What the driver is to do, in order. The bytes and primitives belong to the event; the machine only says which. */
export type Action =
  | 'connect-transport'
  | 'accept-transport'
  | 'close-transport'
  | 'start-artim'
  | 'stop-artim'
  | 'send-associate-rq'
  | 'send-associate-ac'
  | 'send-associate-rj'
  /** Reject as the service provider (ACSE): protocol version not supported. */
  | 'send-provider-rj'
  | 'send-p-data'
  | 'send-release-rq'
  | 'send-release-rp'
  /** A-ABORT with source 0, service-user. */
  | 'send-user-abort'
  /** A-ABORT with source 2, service-provider; the reason belongs to the event. */
  | 'send-provider-abort'
  | 'indicate-associate'
  | 'confirm-accept'
  | 'confirm-reject'
  | 'indicate-p-data'
  | 'indicate-release'
  | 'confirm-release'
  /** A-ABORT or A-P-ABORT indication, as the source field of the received PDU says. */
  | 'indicate-abort'
  | 'indicate-provider-abort';

export interface Step {
  readonly next: UpperLayerState;
  readonly actions: readonly Action[];
}

/** What two cells of the table ask about. */
export interface MachineFacts {
  /** We asked for the association (AR-8 takes sides by it). */
  readonly isRequestor: boolean;
  /** The A-ASSOCIATE-RQ of this event speaks a protocol version the service provider supports (AE-6). */
  readonly isAcceptable: boolean;
}

/**
 * One step of the Upper Layer protocol machine, PS3.8 §9.2, Table 9-10.
 *
 * Pure: returns what to do, does nothing. A PDU that is unexpected in `state` yields the abort action of its cell (AA-1, AA-6, AA-7
 * or AA-8); a blank cell can only be reached by our own mistake and throws.
 */
export function step(state: UpperLayerState, event: UpperLayerEvent, facts: MachineFacts): Step {
  const action = cells[event][state];
  if (action === undefined) throw new Error(`upper layer: ${event} cannot happen in ${state}`);
  if (action === 'AE-6' && !facts.isAcceptable) return rejected;
  if (action === 'AR-8') return facts.isRequestor ? requestorCollision : acceptorCollision;
  return steps[action];
}

/** The action of a cell by its name in the standard, undefined for a blank one. */
export function cellOf(state: UpperLayerState, event: UpperLayerEvent): CellAction | undefined {
  return cells[event][state];
}

/** PS3.8 §9.2.1, Tables 9-6 (AE), 9-7 (DT), 9-8 (AR), 9-9 (AA). */
const steps: Readonly<Record<Exclude<CellAction, 'AR-8'>, Step>> = {
  'AE-1': { next: 'Sta4', actions: ['connect-transport'] },
  'AE-2': { next: 'Sta5', actions: ['send-associate-rq'] },
  'AE-3': { next: 'Sta6', actions: ['confirm-accept'] },
  'AE-4': { next: 'Sta1', actions: ['confirm-reject', 'close-transport'] },
  'AE-5': { next: 'Sta2', actions: ['accept-transport', 'start-artim'] },
  'AE-6': { next: 'Sta3', actions: ['stop-artim', 'indicate-associate'] },
  'AE-7': { next: 'Sta6', actions: ['send-associate-ac'] },
  'AE-8': { next: 'Sta13', actions: ['send-associate-rj', 'start-artim'] },
  'DT-1': { next: 'Sta6', actions: ['send-p-data'] },
  'DT-2': { next: 'Sta6', actions: ['indicate-p-data'] },
  'AR-1': { next: 'Sta7', actions: ['send-release-rq'] },
  'AR-2': { next: 'Sta8', actions: ['indicate-release'] },
  'AR-3': { next: 'Sta1', actions: ['confirm-release', 'close-transport'] },
  'AR-4': { next: 'Sta13', actions: ['send-release-rp', 'start-artim'] },
  'AR-5': { next: 'Sta1', actions: ['stop-artim'] },
  'AR-6': { next: 'Sta7', actions: ['indicate-p-data'] },
  'AR-7': { next: 'Sta8', actions: ['send-p-data'] },
  'AR-9': { next: 'Sta11', actions: ['send-release-rp'] },
  'AR-10': { next: 'Sta12', actions: ['confirm-release'] },
  'AA-1': { next: 'Sta13', actions: ['send-user-abort', 'start-artim'] },
  'AA-2': { next: 'Sta1', actions: ['stop-artim', 'close-transport'] },
  'AA-3': { next: 'Sta1', actions: ['indicate-abort', 'close-transport'] },
  'AA-4': { next: 'Sta1', actions: ['indicate-provider-abort'] },
  'AA-5': { next: 'Sta1', actions: ['stop-artim'] },
  'AA-6': { next: 'Sta13', actions: [] },
  'AA-7': { next: 'Sta13', actions: ['send-provider-abort'] },
  'AA-8': { next: 'Sta13', actions: ['send-provider-abort', 'indicate-provider-abort', 'start-artim'] },
};

/** AE-6, "otherwise". */
const rejected: Step = { next: 'Sta13', actions: ['stop-artim', 'send-provider-rj', 'start-artim'] };
const requestorCollision: Step = { next: 'Sta9', actions: ['indicate-release'] };
const acceptorCollision: Step = { next: 'Sta10', actions: ['indicate-release'] };

type Cells = Readonly<Record<UpperLayerEvent, Readonly<Record<UpperLayerState, CellAction | undefined>>>>;

const cells = Object.fromEntries(
  events.map((event) => {
    const row = transitionRows[event].trim().split(/\s+/);
    return [event, Object.fromEntries(states.map((state, column) => [state, row[column] === '-' ? undefined : row[column]]))];
  }),
) as Cells;
