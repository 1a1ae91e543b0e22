import type { Tx } from './database.ts';

/** One thing that happened, for the audit log. Written in the transaction of its effect; the chain is added later (audit-chain.ts). */
export interface AuditEvent {
  readonly at: Date;
  /** AE title, user or component. */
  readonly actor: string;
  /** `association.rejected`, `instance.stored`, `job.done` … */
  readonly action: string;
  /** PS3.15 §A.5.2 Event Outcome Indicator: 0 success, 4 minor, 8 serious, 12 major failure. */
  readonly outcome: 0 | 4 | 8 | 12;
  readonly objectType?: string;
  readonly objectId?: string;
  readonly studyInstanceUid?: string | null;
  readonly detail?: Readonly<Record<string, unknown>>;
}

const insert = {
  name: 'audit_insert',
  text: `insert into audit_event (occurred_at, actor, action, outcome, object_type, object_id, study_instance_uid, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

export async function recordAudit(tx: Tx, event: AuditEvent): Promise<void> {
  await tx.execute(insert, [
    event.at, event.actor, event.action, event.outcome, event.objectType ?? null, event.objectId ?? null, event.studyInstanceUid ?? null, JSON.stringify(event.detail ?? {}),
  ]);
}
