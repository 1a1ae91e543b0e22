import type { Tx } from './database.ts';

export interface DestinationState {
  readonly destination: string;
  readonly circuit: 'closed' | 'open';
  readonly reason: string | null;
  readonly probe_at: Date | null;
  readonly open_since: Date | null;
  readonly last_answer_at: Date | null;
  readonly changed_at: Date;
}

const open = {
  name: 'destination_open',
  text: `insert into destination_state (destination, circuit, reason, probe_at, open_since, changed_at) values ($1, 'open', $2, $3, $4, $4)
         on conflict (destination) do update set circuit = 'open', reason = excluded.reason, probe_at = excluded.probe_at, changed_at = excluded.changed_at,
           open_since = coalesce(destination_state.open_since, excluded.open_since)`,
};

export async function circuitOpened(tx: Tx, destination: string, reason: string, probeAt: Date, at: Date): Promise<void> {
  await tx.execute(open, [destination, reason, probeAt, at]);
}

const close = {
  name: 'destination_close',
  text: `insert into destination_state (destination, circuit, last_answer_at, changed_at) values ($1, 'closed', $2, $2)
         on conflict (destination) do update set circuit = 'closed', reason = null, probe_at = null, open_since = null, last_answer_at = excluded.last_answer_at, changed_at = excluded.changed_at`,
};

export async function circuitClosed(tx: Tx, destination: string, at: Date): Promise<void> {
  await tx.execute(close, [destination, at]);
}

const all = { name: 'destination_all', text: 'select destination, circuit, reason, probe_at, open_since, last_answer_at, changed_at from destination_state order by destination' };

export async function destinationStates(tx: Tx): Promise<DestinationState[]> {
  return tx.query<DestinationState>(all);
}
