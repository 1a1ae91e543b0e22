-- Instances that were rejected (IOCM, IHE RAD TF-2 §4.66) stay stored and are served no more; HTTP answers 410 for them.
alter table instance drop constraint instance_state_check;
alter table instance add constraint instance_state_check check (state in ('active', 'duplicate', 'superseded', 'rejected'));
create index instance_rejected on instance (series_id) where state = 'rejected';           -- 410 instead of 404

-- Answers of Storage Commitment over the web (PS3.18 §13), so that a requester can ask again.
create table web_commitment (
  transaction_uid   text primary key,
  result            text not null,                     -- DICOM JSON
  created_at        timestamptz not null
);
