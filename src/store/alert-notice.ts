import type { Tx } from './database.ts';

/** An open alert as the notifier decides on it. */
export interface OpenAlert {
  readonly id: number;
  readonly kind: string;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly raised_at: Date;
  readonly acknowledged_at: Date | null;
  /** Channels that have a notice of it already. */
  readonly channels: readonly string[];
}

const open = {
  name: 'notice_open_alerts',
  text: `select a.id, a.kind, a.severity, a.raised_at, a.acknowledged_at, (select coalesce(array_agg(n.channel), '{}') from alert_notice n where n.alert_id = a.id) as channels
         from alert a where a.resolved_at is null order by a.id limit $1`,
};

export async function openAlertsForNotice(tx: Tx, limit: number): Promise<OpenAlert[]> {
  return tx.query<OpenAlert>(open, [limit]);
}

const insert = {
  name: 'notice_insert',
  text: 'insert into alert_notice (alert_id, channel, reason, next_attempt_at) values ($1, $2, $3, $4) on conflict do nothing',
};

export async function insertNotice(tx: Tx, alertId: number, channel: string, reason: 'raised' | 'escalated', at: Date): Promise<void> {
  await tx.execute(insert, [alertId, channel, reason, at]);
}

/** A notice to be told now, with its alert. */
export interface DueNotice {
  readonly alert_id: number;
  readonly channel: string;
  readonly reason: 'raised' | 'escalated';
  readonly attempts: number;
  readonly kind: string;
  readonly severity: string;
  readonly message: string;
  readonly advice: string;
  readonly study_instance_uid: string | null;
  readonly raised_at: Date;
  readonly occurrences: number;
}

// Due ones are pushed ahead by the claim, so that a second gateway process does not tell them too and a crash repeats them.
const claim = {
  name: 'notice_claim',
  text: `with due as (select n.alert_id, n.channel from alert_notice n where n.state = 'waiting' and n.next_attempt_at <= $1 order by n.next_attempt_at limit $3 for update skip locked),
         taken as (update alert_notice n set attempts = n.attempts + 1, next_attempt_at = $2 from due where n.alert_id = due.alert_id and n.channel = due.channel
                   returning n.alert_id, n.channel, n.reason, n.attempts)
         select t.*, a.kind, a.severity, a.message, a.advice, a.study_instance_uid, a.raised_at, a.occurrences from taken t join alert a on a.id = t.alert_id order by t.alert_id`,
};

/** @param again  when they are due again if nobody says what became of them */
export async function claimNotices(tx: Tx, now: Date, again: Date, limit: number): Promise<DueNotice[]> {
  return tx.query<DueNotice>(claim, [now, again, limit]);
}

const told = { name: 'notice_told', text: `update alert_notice set state = 'told', told_at = $3, last_failure = null where alert_id = $1 and channel = $2` };
const failed = { name: 'notice_failed', text: `update alert_notice set state = case when $4::timestamptz is null then 'given-up' else 'waiting' end, next_attempt_at = coalesce($4, next_attempt_at), last_failure = $3 where alert_id = $1 and channel = $2` };

export async function markTold(tx: Tx, notice: DueNotice, at: Date): Promise<void> {
  await tx.execute(told, [notice.alert_id, notice.channel, at]);
}

/** `retryAt` null: given up. */
export async function markNotTold(tx: Tx, notice: DueNotice, failure: string, retryAt: Date | null): Promise<void> {
  await tx.execute(failed, [notice.alert_id, notice.channel, failure, retryAt]);
}

const acknowledge = { name: 'alert_acknowledge', text: 'update alert set acknowledged_at = coalesce(acknowledged_at, $3), acknowledged_by = coalesce(acknowledged_by, $2) where id = $1 and resolved_at is null' };

/** Somebody has seen it: nobody else is told. False: no such open alert. */
export async function acknowledgeAlert(tx: Tx, id: number, by: string, at: Date): Promise<boolean> {
  return (await tx.execute(acknowledge, [id, by, at])) === 1;
}

const close = { name: 'alert_close', text: 'update alert set resolved_at = $3, acknowledged_at = coalesce(acknowledged_at, $3), acknowledged_by = coalesce(acknowledged_by, $2) where id = $1 and resolved_at is null' };

/** A person says that its cause is gone. It is raised anew if it is not. False: no such open alert. */
export async function closeAlert(tx: Tx, id: number, by: string, at: Date): Promise<boolean> {
  return (await tx.execute(close, [id, by, at])) === 1;
}
