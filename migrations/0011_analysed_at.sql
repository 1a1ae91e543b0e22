-- When the model first answered for this job. Results carry it as the end of the run, so that a repeat after a crash makes the same bytes.
alter table inference_job add column analysed_at timestamptz;
