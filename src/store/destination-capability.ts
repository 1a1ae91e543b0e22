import type { Tx } from './database.ts';

/** What a destination said of one SOP class. */
export interface LearnedCapability {
  readonly destination: string;
  readonly sop_class_uid: string;
  readonly accepted: boolean;
  readonly learned_from: 'association' | 'answer';
  readonly learned_at: Date;
}

const learn = {
  name: 'capability_learn',
  text: `insert into destination_capability (destination, sop_class_uid, accepted, learned_from, learned_at)
         select $1, c.sop_class_uid, c.accepted, $3, $4 from json_to_recordset($2::json) c(sop_class_uid text, accepted boolean)
         on conflict (destination, sop_class_uid) do update set accepted = excluded.accepted, learned_from = excluded.learned_from, learned_at = excluded.learned_at`,
};

/** Notes what an association or an answer has said; the last word counts. */
export async function learnCapabilities(
  tx: Tx, destination: string, said: readonly { readonly sopClassUid: string; readonly accepted: boolean }[], from: LearnedCapability['learned_from'], at: Date,
): Promise<void> {
  if (said.length === 0) return;
  await tx.execute(learn, [destination, JSON.stringify(said.map(({ sopClassUid, accepted }) => ({ sop_class_uid: sopClassUid, accepted }))), from, at]);
}

const known = {
  name: 'capability_known',
  text: `select destination, sop_class_uid, accepted, learned_from, learned_at from destination_capability where destination = any($1)`,
};

export async function capabilitiesOf(tx: Tx, destinations: readonly string[]): Promise<LearnedCapability[]> {
  return tx.query<LearnedCapability>(known, [[...destinations]]);
}

const ofMessages = {
  name: 'capability_of_messages',
  text: `select distinct m.destination, r.sop_class_uid from outbox_message m join result_object r on r.id = m.result_object_id
         where m.id = any($1) and m.steps_down and r.sop_class_uid is not null`,
};

/** SOP classes of these messages, as far as the ladder sent them. */
export async function laddered(tx: Tx, messageIds: readonly number[]): Promise<{ destination: string; sop_class_uid: string }[]> {
  return tx.query(ofMessages, [[...messageIds]]);
}
