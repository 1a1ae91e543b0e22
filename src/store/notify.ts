import type { Tx } from './database.ts';

/** Wake-up hints between processes. Nothing depends on one arriving: whoever listens also polls. */
export type Channel = 'isocenter_study' | 'isocenter_job' | 'isocenter_outbox' | 'isocenter_page' | 'isocenter_model';

const send = { name: 'notify_send', text: 'select pg_notify($1, $2)' };

/** Reaches the listeners when the transaction commits. */
export async function notify(tx: Tx, channel: Channel, payload: string): Promise<void> {
  await tx.query(send, [channel, payload]);
}
