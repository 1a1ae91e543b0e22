import type { Tx } from './database.ts';

/** What the gateway knows of one study, for the ledger. */
export interface LedgerStudyRow {
  readonly study_instance_uid: string;
  readonly state: string;
  readonly hold_reason: string | null;
  readonly revision: number;
  readonly instance_count: number;
  readonly first_received_at: Date;
  readonly last_received_at: Date;
  readonly completed_at: Date | null;
  readonly quarantined: number;
}

const study = {
  name: 'ledger_study',
  text: `select s.study_instance_uid, s.state, s.hold_reason, s.revision, s.instance_count, s.first_received_at, s.last_received_at, s.completed_at,
           (select count(*) from quarantine q where q.study_instance_uid = s.study_instance_uid and q.decided_at is null) as quarantined
         from study s where s.study_instance_uid = $1`,
};

export async function ledgerStudy(tx: Tx, studyInstanceUid: string): Promise<LedgerStudyRow | undefined> {
  return (await tx.query<LedgerStudyRow>(study, [studyInstanceUid]))[0];
}

/** One object: an original that was received, or a result that was produced. */
export interface LedgerObjectRow {
  readonly purpose: 'forward' | 'result';
  /** Of `instance` for originals, of `result_object` for results; deliveries refer to it. */
  readonly id: number;
  readonly sop_instance_uid: string | null;
  /** `structured-report`, `fhir-bundle` …; null for originals. */
  readonly role: string | null;
  /** The run that produced it; null for originals. */
  readonly job_id: number | null;
  readonly model: string | null;
  /** Originals: acknowledged. Results: produced. */
  readonly at: Date;
  /** Its bytes were read again and digested. */
  readonly digested: boolean;
  /** Ids of the runs that had it as input. */
  readonly used_by: readonly number[];
}

const objects = {
  name: 'ledger_objects',
  text: `select 'forward' as purpose, i.id, i.sop_instance_uid, null as role, null::bigint as job_id, null as model, i.received_at as at, i.sha256 is not null as digested,
           (select coalesce(json_agg(j.id order by j.id), '[]') from inference_job j where j.study_instance_uid = $1 and j.input->'instances' ? i.sop_instance_uid) as used_by
         from instance i join series r on r.id = i.series_id join study s on s.id = r.study_id
         where s.study_instance_uid = $1 and i.origin = 'received' and i.state = 'active'
         union all
         select 'result', o.id, o.sop_instance_uid, o.role, o.job_id, j.model_id, o.created_at, true, '[]'::json
         from result_object o join inference_job j on j.id = o.job_id where o.study_instance_uid = $1
           and (o.media_type <> 'application/dicom' or o.instance_id is not null or exists (select 1 from outbox_message m where m.result_object_id = o.id))
         order by 1, 2 limit $2`,
};

export async function ledgerObjects(tx: Tx, studyInstanceUid: string, limit: number): Promise<LedgerObjectRow[]> {
  return tx.query<LedgerObjectRow>(objects, [studyInstanceUid, limit]);
}

/** One object on its way to one destination. */
export interface LedgerDeliveryRow {
  readonly id: number;
  readonly destination: string;
  readonly kind: string;
  readonly purpose: 'forward' | 'result';
  readonly object_id: number;
  readonly state: string;
  readonly attempts: number;
  readonly waiting_for: string | null;
  readonly code: string | null;
  readonly created_at: Date;
  /** When the last attempt began; null = nothing has left yet. */
  readonly sent_at: Date | null;
  readonly delivered_at: Date | null;
  readonly proven_at: Date | null;
}

const deliveries = {
  name: 'ledger_deliveries',
  text: `select m.id, m.destination, m.kind, m.purpose, coalesce(m.instance_id, m.result_object_id) as object_id, m.state, m.attempts, m.waiting_for, m.last_failure->>'code' as code,
           m.created_at, (select max(a.started_at) from delivery_attempt a where a.message_id = m.id) as sent_at, m.delivered_at, m.proven_at
         from outbox_message m where m.study_instance_uid = $1 order by m.destination, m.id limit $2`,
};

export async function ledgerDeliveries(tx: Tx, studyInstanceUid: string, limit: number): Promise<LedgerDeliveryRow[]> {
  return tx.query<LedgerDeliveryRow>(deliveries, [studyInstanceUid, limit]);
}

/** What a destination answered for and did not prove yet. */
export interface UnprovenCount {
  readonly destination: string;
  readonly count: number;
  readonly since: Date;
}

const unproven = {
  name: 'ledger_unproven',
  text: `select destination, count(*) as count, min(delivered_at) as since from outbox_message where state = 'delivered' and destination = any($1) group by destination order by destination`,
};

/** Of those destinations that can prove: what is delivered and not proven, and since when. */
export async function unprovenByDestination(tx: Tx, destinations: readonly string[]): Promise<UnprovenCount[]> {
  return destinations.length === 0 ? [] : tx.query<UnprovenCount>(unproven, [[...destinations]]);
}
