import type { Tx } from './database.ts';

export interface RerunJob {
  readonly id: number;
  readonly job_key: string;
  readonly model_id: string;
  readonly model_version: string;
  readonly revision: number;
}

const last = {
  name: 'rerun_last',
  text: `select distinct on (model_id) id, model_id, state from inference_job where study_instance_uid = $1 and ($2::text is null or model_id = $2) order by model_id, id desc`,
};

/** The last run of each model on a study, or of the one named. */
export async function lastRuns(tx: Tx, studyInstanceUid: string, modelId: string | null): Promise<{ id: number; model_id: string; state: string }[]> {
  return tx.query(last, [studyInstanceUid, modelId]);
}

const insert = {
  name: 'rerun_insert',
  text: `insert into inference_job (job_key, trace_id, study_id, study_instance_uid, series_instance_uid, rule, model_id, model_version, model_digest,
           priority, input, input_digest, eligibility, deliver, state, not_before, created_at, revision, predecessor_id)
         select $2, j.trace_id, j.study_id, j.study_instance_uid, j.series_instance_uid, j.rule, j.model_id, coalesce(m.version, j.model_version), coalesce(m.digest, j.model_digest),
           j.priority, j.input, j.input_digest, j.eligibility, j.deliver, 'queued', $3, $3,
           1 + (select count(*) from inference_job p where p.study_id = j.study_id and p.model_id = j.model_id),
           (select p.id from inference_job p where p.study_id = j.study_id and p.model_id = j.model_id and p.state = 'done' order by p.id desc limit 1)
         from inference_job j left join lateral (select version, digest from model where model_id = j.model_id and state = 'active' order by changed_at desc limit 1) m on true
         where j.id = $1 and not exists (select 1 from inference_job a where a.study_id = j.study_id and a.model_id = j.model_id and a.state in ('queued', 'running'))
         on conflict do nothing
         returning id, job_key, model_id, model_version, revision`,
};
const workitem = {
  name: 'rerun_workitem',
  text: `insert into ups_workitem (workitem_uid, job_id, state, attributes, created_at, changed_at)
         select $3, $2, 'SCHEDULED', w.attributes - array['00741002', '00741216'], $4, $4 from ups_workitem w where w.job_id = $1 on conflict do nothing`,
};

/**
 * Queues the images of an earlier run once more, for the version of the model that is active now (the same one when none is): the next
 * revision, whose results replace those of the last. Undefined: a run of this model on this study waits or works already.
 *
 * @param jobKey, workitemUid  of the new run
 */
export async function insertRerun(tx: Tx, jobId: number, jobKey: string, workitemUid: string, at: Date): Promise<RerunJob | undefined> {
  const [row] = await tx.query<RerunJob>(insert, [jobId, jobKey, at]);
  // PS3.4 Table CC.2.5-3: progress (0074,1002) and the performed procedure (0074,1216) belong to the run that made them.
  if (row !== undefined) await tx.execute(workitem, [jobId, row.id, workitemUid, at]);
  return row;
}

const letGo = { name: 'rerun_release', text: `update inference_job set state = 'queued', not_before = $2 where id = $1 and state = 'held' returning id, job_key, model_id, model_version, revision, study_instance_uid` };
const stop = {
  name: 'rerun_cancel',
  text: `update inference_job set state = 'cancelled', finished_at = $2, lease_owner = null, lease_until = null, failure = '{"code":"CANCELLED","failure":"permanent","message":"cancelled by a person"}'
         where id = $1 and state in ('queued', 'running', 'held') returning id, job_key, model_id, model_version, revision, study_instance_uid`,
};

/** A held run goes into the queue, or a run that is not finished is cancelled. Undefined: it is in no such state. */
export async function decideRun(tx: Tx, jobId: number, decision: 'release' | 'cancel', at: Date): Promise<(RerunJob & { readonly study_instance_uid: string }) | undefined> {
  return (await tx.query<RerunJob & { study_instance_uid: string }>(decision === 'release' ? letGo : stop, [jobId, at]))[0];
}
