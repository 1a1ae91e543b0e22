import type { Tx } from './database.ts';

export interface Alert {
  /** One of docs/errors.md. */
  readonly kind: string;
  readonly severity: 'info' | 'warning' | 'critical';
  /** One open alert per cause: a repeat counts up instead of adding a row. */
  readonly dedupeKey: string;
  readonly studyInstanceUid?: string | null;
  /** One sentence, no patient data. */
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

const raise = {
  name: 'alert_raise',
  text: `insert into alert (kind, severity, dedupe_key, study_instance_uid, message, advice, detail, raised_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (dedupe_key) where resolved_at is null
         do update set occurrences = alert.occurrences + 1, message = excluded.message, detail = excluded.detail`,
};

export async function raiseAlert(tx: Tx, alert: Alert): Promise<void> {
  await tx.execute(raise, [alert.kind, alert.severity, alert.dedupeKey, alert.studyInstanceUid ?? null, alert.message, alert.advice, JSON.stringify(alert.detail ?? {}), alert.at]);
}

const resolve = { name: 'alert_resolve', text: 'update alert set resolved_at = $2 where dedupe_key = $1 and resolved_at is null' };

/** The cause is gone. */
export async function resolveAlert(tx: Tx, dedupeKey: string, at: Date): Promise<void> {
  await tx.execute(resolve, [dedupeKey, at]);
}

export interface AlertRow {
  readonly id: number;
  readonly kind: string;
  readonly severity: string;
  readonly study_instance_uid: string | null;
  readonly message: string;
  readonly advice: string;
  readonly raised_at: Date;
  readonly occurrences: number;
  readonly acknowledged_at: Date | null;
  readonly resolved_at: Date | null;
}

const open = {
  name: 'alert_open',
  text: `select id, kind, severity, study_instance_uid, message, advice, raised_at, occurrences, acknowledged_at, resolved_at
         from alert where resolved_at is null order by raised_at desc limit $1`,
};

export async function openAlerts(tx: Tx, limit: number): Promise<AlertRow[]> {
  return tx.query<AlertRow>(open, [limit]);
}

const isOpenStatement = { name: 'alert_is_open', text: 'select 1 from alert where dedupe_key = $1 and resolved_at is null' };

/** Whether an alert of this cause is open: a watch that finds the same each time need not count it up. */
export async function isAlertOpen(tx: Tx, dedupeKey: string): Promise<boolean> {
  return (await tx.query(isOpenStatement, [dedupeKey])).length > 0;
}
