import type { Tx } from './database.ts';

/** Counts for the page and /metrics, each taken from the rows it stands for. */
export interface OverviewRow {
  readonly studies_receiving: number;
  readonly studies_complete: number;
  readonly studies_held: number;
  readonly instances_received: number;
  readonly instances_quarantined: number;
  readonly jobs_queued: number;
  readonly jobs_running: number;
  readonly jobs_done: number;
  readonly jobs_failed: number;
  readonly jobs_held: number;
  readonly deliveries_pending: number;
  readonly deliveries_sending: number;
  readonly deliveries_delivered: number;
  readonly deliveries_proven: number;
  readonly deliveries_dead: number;
  readonly alerts_open: number;
  readonly oldest_undelivered_at: Date | null;
}

const overview = {
  name: 'overview',
  text: `select
    (select count(*) from study where state = 'receiving') as studies_receiving,
    (select count(*) from study where state = 'complete') as studies_complete,
    (select count(*) from study where state = 'held') as studies_held,
    (select coalesce(sum(instance_count), 0) from study)::bigint as instances_received,
    (select count(*) from quarantine where decided_at is null) as instances_quarantined,
    j.*, o.*,
    (select count(*) from alert where resolved_at is null) as alerts_open
    from (select count(*) filter (where state = 'queued') as jobs_queued, count(*) filter (where state = 'running') as jobs_running,
            count(*) filter (where state = 'done') as jobs_done, count(*) filter (where state = 'failed') as jobs_failed, count(*) filter (where state = 'held') as jobs_held
          from inference_job) j,
         (select count(*) filter (where state = 'pending') as deliveries_pending, count(*) filter (where state = 'sending') as deliveries_sending,
            count(*) filter (where state = 'delivered') as deliveries_delivered, count(*) filter (where state = 'proven') as deliveries_proven,
            count(*) filter (where state = 'dead') as deliveries_dead, min(created_at) filter (where state in ('pending', 'sending')) as oldest_undelivered_at
          from outbox_message) o`,
};

export async function readOverview(tx: Tx): Promise<OverviewRow> {
  return (await tx.query<OverviewRow>(overview))[0]!;
}

export interface StudyLine {
  readonly study_instance_uid: string;
  readonly patient_name: string | null;
  readonly patient_id: string | null;
  readonly study_date: string | null;
  readonly study_description: string | null;
  readonly accession_number: string | null;
  readonly modalities: readonly string[];
  readonly state: string;
  readonly hold_reason: string | null;
  readonly revision: number;
  readonly instance_count: number;
  readonly first_received_at: Date;
  readonly last_received_at: Date;
  readonly completed_at: Date | null;
  readonly jobs: readonly { readonly model: string; readonly state: string; readonly progress: number; readonly note: string | null; readonly summary: string | null }[];
  readonly deliveries: Readonly<Record<string, number>>;
}

const LINE = `select s.study_instance_uid, s.patient_name, s.patient_id, s.study_date, s.study_description, s.accession_number, s.state, s.hold_reason, s.revision,
    s.instance_count, s.first_received_at, s.last_received_at, s.completed_at,
    (select coalesce(array_agg(distinct r.modality) filter (where r.modality is not null), '{}') from series r where r.study_id = s.id) as modalities,
    (select coalesce(jsonb_agg(jsonb_build_object('model', j.model_id, 'state', j.state, 'progress', j.progress, 'note', j.progress_note, 'summary', coalesce(j.outcome->>'summary', j.failure->>'message')) order by j.id), '[]')
       from inference_job j where j.study_id = s.id) as jobs,
    (select coalesce(jsonb_object_agg(d.state, d.n), '{}') from (select state, count(*) as n from outbox_message o where o.study_instance_uid = s.study_instance_uid group by state) d) as deliveries
  from study s`;

const recent = { name: 'overview_studies', text: `${LINE} order by s.last_received_at desc limit $1` };
const one = { name: 'overview_study', text: `${LINE} where s.study_instance_uid = $1` };

/** The studies that received images last, newest first. */
export async function recentStudies(tx: Tx, limit: number): Promise<StudyLine[]> {
  return tx.query<StudyLine>(recent, [limit]);
}

export async function studyLine(tx: Tx, studyInstanceUid: string): Promise<StudyLine | undefined> {
  return (await tx.query<StudyLine>(one, [studyInstanceUid]))[0];
}

export interface ResultLine {
  readonly role: string;
  readonly media_type: string;
  readonly sop_instance_uid: string | null;
  readonly series_instance_uid: string | null;
  readonly length: number;
  readonly sha256: string;
  readonly created_at: Date;
  readonly job_id: number;
}

const results = {
  name: 'overview_results',
  text: `select role, media_type, sop_instance_uid, series_instance_uid, length, sha256, created_at, job_id from result_object
         where study_instance_uid = $1 and not (media_type = 'application/dicom' and instance_id is null) order by id`,
};

/** Without the renditions that are kept for the case that a destination refuses a better one. */
export async function resultsOfStudy(tx: Tx, studyInstanceUid: string): Promise<ResultLine[]> {
  return tx.query<ResultLine>(results, [studyInstanceUid]);
}

export interface DeliveryLine {
  readonly id: number;
  readonly destination: string;
  readonly kind: string;
  readonly purpose: string;
  readonly state: string;
  readonly object: string | null;
  readonly attempts: number;
  readonly next_attempt_at: Date;
  readonly waiting_for: string | null;
  readonly last_failure: Readonly<Record<string, unknown>> | null;
  /** Which step of the ladder (report, overlay, picture, document) the destination got, and why; null for originals and what is no DICOM. */
  readonly rung: string | null;
  readonly rung_reason: string | null;
  readonly created_at: Date;
  readonly delivered_at: Date | null;
  readonly proven_at: Date | null;
}

const deliveries = {
  name: 'overview_deliveries',
  text: `select o.id, o.destination, o.kind, o.purpose, o.state, coalesce(r.role, i.sop_instance_uid) as object, o.attempts, o.next_attempt_at, o.waiting_for, o.last_failure, o.rung, o.rung_reason,
           o.created_at, o.delivered_at, o.proven_at
         from outbox_message o left join result_object r on r.id = o.result_object_id left join instance i on i.id = o.instance_id
         where o.study_instance_uid = $1 order by o.id limit $2`,
};

export async function deliveriesOfStudy(tx: Tx, studyInstanceUid: string, limit: number): Promise<DeliveryLine[]> {
  return tx.query<DeliveryLine>(deliveries, [studyInstanceUid, limit]);
}
