-- The worklist, the index, the outbox and the audit log. States are checked text; each index names the query it serves.
-- Dates and times of DICOM attributes stay text as DICOM writes them (YYYYMMDD sorts); moments of ours are timestamptz.

create extension if not exists pg_trgm;

-- ---------------------------------------------------------------------------------------------------- arrival

-- One association, or one STOW request: the group of instances that arrived together. Its id is the trace id of hops 1-7.
create table arrival_group (
  group_id          text primary key,
  protocol          text not null check (protocol in ('dimse', 'stow')),
  calling_ae        text not null,
  called_ae         text not null,
  remote_address    text not null,
  opened_at         timestamptz not null,
  closed_at         timestamptz,
  outcome           text check (outcome in ('released', 'aborted')),
  instance_count    integer not null default 0
);
create index arrival_group_open on arrival_group (opened_at) where closed_at is null;      -- completeness: is a sender still at it?

-- Which group brought images to which study.
create table arrival_study (
  group_id          text not null,
  study_instance_uid text not null,
  first_at          timestamptz not null,
  last_at           timestamptz not null,
  instance_count    integer not null,
  primary key (group_id, study_instance_uid)
);
create index arrival_study_by_study on arrival_study (study_instance_uid);                 -- trace, completeness

-- ---------------------------------------------------------------------------------------------------- index

create table study (
  id                bigint generated always as identity primary key,
  study_instance_uid text not null unique,
  patient_id        text,
  issuer_of_patient_id text,
  patient_name      text,                              -- UTF-8, groups joined by '='
  patient_name_key  text,                              -- folded for matching: lower case, no accents, single spaces
  patient_birth_date text,
  patient_sex       text,
  study_date        text,
  study_time        text,
  timezone_offset   text,
  accession_number  text,
  study_id          text,
  study_description text,
  referring_physician text,
  -- received: images arrive · complete: evidence says all are there · held: a person must decide (hold_reason)
  state             text not null default 'receiving' check (state in ('receiving', 'complete', 'held')),
  hold_reason       text,
  revision          integer not null default 0,        -- how often it was found complete with a new set of images
  completeness      jsonb,                             -- the evidence at the last decision
  instance_count    integer not null default 0,        -- received instances, results not counted
  first_received_at timestamptz not null,
  last_received_at  timestamptz not null,
  completed_at      timestamptz,
  changed_at        timestamptz not null               -- any change of its instances: validators of caches
);
create index study_receiving on study (last_received_at) where state = 'receiving';        -- completeness sweep
create index study_by_date on study (study_date desc, id desc);                            -- QIDO/C-FIND, default order
create index study_by_patient on study (patient_id, study_date desc);                      -- QIDO/C-FIND by PatientID
create index study_by_accession on study (accession_number);                               -- QIDO/C-FIND by AccessionNumber
create index study_by_name on study using gin (patient_name_key gin_trgm_ops);             -- QIDO/C-FIND wildcard in names
create index study_by_name_prefix on study (patient_name_key text_pattern_ops);            -- QIDO/C-FIND SMITH*
create index study_recent on study (last_received_at desc);                                -- the page

create table series (
  id                bigint generated always as identity primary key,
  study_id          bigint not null references study,
  series_instance_uid text not null unique,
  modality          text,
  series_number     integer,
  series_description text,
  body_part         text,
  laterality        text,
  protocol_name     text,
  station_name      text,
  manufacturer      text,
  performed_start_date text,
  performed_start_time text,
  series_date       text,
  series_time       text,
  origin            text not null check (origin in ('received', 'result')),
  instance_count    integer not null default 0,
  changed_at        timestamptz not null
);
create index series_by_study on series (study_id);                                         -- QIDO series, rules
create index series_by_modality on series (modality, study_id);                            -- QIDO ModalitiesInStudy

create table instance (
  id                bigint generated always as identity primary key,
  series_id         bigint not null references series,
  sop_instance_uid  text not null,
  sop_class_uid     text not null,
  transfer_syntax_uid text not null,
  instance_number   integer,
  rows              integer,
  columns           integer,
  bits_allocated    integer,
  number_of_frames  integer,
  -- where the bytes of the data set lie
  writer            text not null,
  segment           bigint not null,
  record_offset     bigint not null,                   -- of the record
  data_offset       bigint not null,                   -- of the data set in the segment file
  data_length       bigint not null,
  header_length     integer not null,                  -- bytes before Pixel Data; data_length when there is none
  crc32c            bigint not null,                   -- of the data set
  sha256            bytea,                             -- later, off the hot path
  -- active: the one that is served · duplicate: the same bytes came again
  state             text not null default 'active' check (state in ('active', 'duplicate')),
  origin            text not null check (origin in ('received', 'result')),
  group_id          text,
  received_at       timestamptz not null
);
create unique index instance_active on instance (sop_instance_uid) where state = 'active'; -- retrieve; one served copy a UID
create unique index instance_record on instance (writer, segment, record_offset);          -- re-indexing is idempotent
create index instance_by_series on instance (series_id, instance_number);                  -- retrieve, metadata, model input

-- Stored, never lost, and not served: another content under a known UID, another patient under a known study, bytes nobody can parse.
create table quarantine (
  id                bigint generated always as identity primary key,
  reason            text not null check (reason in ('duplicate-other-content', 'patient-conflict', 'uid-mismatch', 'class-mismatch', 'missing-uid', 'cannot-understand', 'order-conflict')),
  study_instance_uid text,
  series_instance_uid text,
  sop_instance_uid  text,
  sop_class_uid     text,
  transfer_syntax_uid text,
  patient_id        text,
  issuer_of_patient_id text,
  writer            text not null,
  segment           bigint not null,
  record_offset     bigint not null,
  data_offset       bigint not null,
  data_length       bigint not null,
  crc32c            bigint not null,
  header_length     integer not null default 0,
  group_id          text,
  received_at       timestamptz not null,
  decided_at        timestamptz,
  decision          text check (decision in ('released', 'discarded')),
  decided_by        text,
  unique (writer, segment, record_offset)
);
create index quarantine_by_study on quarantine (study_instance_uid);                       -- the page, release by hand

-- ---------------------------------------------------------------------------------------------------- models, jobs

create table model (
  model_id          text not null,
  version           text not null,
  digest            text not null,
  name              text not null,
  state             text not null check (state in ('registered', 'validated', 'shadow', 'canary', 'active', 'retired', 'quarantined')),
  reason            text,
  manifest          jsonb not null,
  changed_at        timestamptz not null,
  changed_by        text not null,
  primary key (model_id, digest)
);

-- One run of one model on one set of images. job_key = derived(study, model digest, input set, revision): a repeat is a no-op.
create table inference_job (
  id                bigint generated always as identity primary key,
  job_key           text not null unique,
  trace_id          text not null,
  study_id          bigint not null references study,
  study_instance_uid text not null,
  series_instance_uid text not null,
  rule              text not null,
  model_id          text not null,
  model_version     text not null,
  model_digest      text not null,
  revision          integer not null default 1,
  predecessor_id    bigint references inference_job,
  state             text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled', 'held')),
  priority          integer not null default 0,        -- higher first
  input             jsonb not null,                    -- { instances: [sop instance uids in order], partial: boolean }
  input_digest      text not null,
  eligibility       jsonb not null,                    -- why this series: reasons and warnings
  deliver           text[] not null default '{}',
  attempts          integer not null default 0,
  max_attempts      integer not null default 3,
  not_before        timestamptz not null,
  lease_owner       text,
  lease_until       timestamptz,
  progress          real not null default 0,           -- 0-1
  progress_note     text,
  outcome           jsonb,                             -- { outcome, summary, findings, urgency } once done
  failure           jsonb,                             -- { code, failure, message } of the last attempt
  created_at        timestamptz not null,
  started_at        timestamptz,
  finished_at       timestamptz
);
create index inference_job_queue on inference_job (priority desc, not_before, id) where state = 'queued';   -- claim
create index inference_job_leases on inference_job (lease_until) where state = 'running';                   -- leases that ended
create index inference_job_by_study on inference_job (study_id);                                             -- page, trace
create unique index inference_job_active on inference_job (study_id, model_id) where state in ('queued', 'running');  -- one active run per study and model

create table job_attempt (
  job_id            bigint not null references inference_job,
  attempt           integer not null,
  worker            text not null,
  started_at        timestamptz not null,
  ended_at          timestamptz,
  outcome           text check (outcome in ('done', 'failed', 'lost', 'cancelled')),
  failure           jsonb,
  primary key (job_id, attempt)
);

-- Each job is a Unified Procedure Step (PS3.4 Annex CC).
create table ups_workitem (
  workitem_uid      text primary key,
  job_id            bigint unique references inference_job,
  state             text not null check (state in ('SCHEDULED', 'IN PROGRESS', 'COMPLETED', 'CANCELED')),
  transaction_uid   text unique,
  attributes        jsonb not null,                    -- DICOM JSON model
  created_at        timestamptz not null,
  changed_at        timestamptz not null
);

-- Why a rule did or did not run a model, per study and decision.
create table rule_decision (
  id                bigint generated always as identity primary key,
  study_instance_uid text not null,
  revision          integer not null,
  rule              text not null,
  matched           boolean not null,
  decision          jsonb not null,                    -- per series: what matched, what did not; per model: chosen series or why none
  decided_at        timestamptz not null
);
create index rule_decision_by_study on rule_decision (study_instance_uid, id);              -- explain

-- ---------------------------------------------------------------------------------------------------- results

-- The bytes of a result are made once, in the transaction that finishes the job; retries send these bytes.
create table result_object (
  id                bigint generated always as identity primary key,
  job_id            bigint not null references inference_job,
  study_instance_uid text not null,
  role              text not null,                     -- sr, seg, fhir-bundle, …
  ordinal           integer not null default 0,
  media_type        text not null,                     -- application/dicom, application/fhir+json
  sop_instance_uid  text unique,
  sop_class_uid     text,
  series_instance_uid text,
  instance_id       bigint references instance,        -- DICOM: bytes in the segments
  bytes             bytea,                             -- everything else
  sha256            text not null,
  length            bigint not null,
  created_at        timestamptz not null,
  unique (job_id, role, ordinal)
);
create index result_object_by_study on result_object (study_instance_uid);                  -- page, trace

-- What the FHIR read API serves: the resources as published.
create table fhir_resource (
  resource_type     text not null,
  id                text not null,
  version_id        integer not null default 1,
  identifiers       text[] not null default '{}',      -- 'system|value'
  patient_identifier text,                             -- 'system|value' of the subject
  study_instance_uid text,
  status            text,
  last_updated      timestamptz not null,
  job_id            bigint references inference_job,
  resource          jsonb not null,
  primary key (resource_type, id)
);
create index fhir_resource_identifiers on fhir_resource using gin (identifiers);            -- search by identifier
create index fhir_resource_by_patient on fhir_resource (patient_identifier, resource_type); -- search by patient
create index fhir_resource_by_study on fhir_resource (study_instance_uid, resource_type);   -- search by study
create index fhir_resource_recent on fhir_resource (resource_type, last_updated desc, id);  -- paging, _lastUpdated

-- ---------------------------------------------------------------------------------------------------- delivery

-- One object to one destination. Written in the transaction that made the object.
create table outbox_message (
  id                bigint generated always as identity primary key,
  idempotency_key   text not null unique,
  destination       text not null,
  kind              text not null,                     -- stow-rs, dimse-store, fhir, folder, …
  purpose           text not null check (purpose in ('result', 'forward')),
  study_instance_uid text not null,
  trace_id          text not null,
  job_id            bigint references inference_job,
  result_object_id  bigint references result_object,   -- purpose result
  instance_id       bigint references instance,        -- purpose forward
  ordering_key      text,                              -- messages with one key leave in order
  -- pending: waits (waiting_for says for what) · sending: leased · delivered: the peer answered for it · proven: the peer committed it · dead: a person must act
  state             text not null default 'pending' check (state in ('pending', 'sending', 'delivered', 'proven', 'dead', 'held', 'cancelled')),
  attempts          integer not null default 0,
  next_attempt_at   timestamptz not null,
  waiting_for       text,                              -- one sentence: why it waits and what would end it
  lease_owner       text,
  lease_until       timestamptz,
  last_failure      jsonb,                             -- { code, failure, message, status }
  created_at        timestamptz not null,
  delivered_at      timestamptz,
  proven_at         timestamptz
);
create index outbox_queue on outbox_message (destination, next_attempt_at, id) where state = 'pending';     -- claim per destination
create index outbox_leases on outbox_message (lease_until) where state = 'sending';                         -- leases that ended
create index outbox_by_study on outbox_message (study_instance_uid);                                         -- ledger, trace
create index outbox_dead on outbox_message (destination, id) where state = 'dead';                           -- dead letters

create table delivery_attempt (
  message_id        bigint not null references outbox_message,
  attempt           integer not null,
  started_at        timestamptz not null,
  ended_at          timestamptz,
  outcome           text check (outcome in ('delivered', 'transient', 'ambiguous', 'permanent')),
  status            text,                              -- the peer's own code: HTTP status, DIMSE status
  detail            jsonb,
  primary key (message_id, attempt)
);

-- ---------------------------------------------------------------------------------------------------- watching

-- The hops of ARCHITECTURE §4 as they happened. Hops 1-5 are known per group (trace_id = group_id), later ones per study too.
create table hop (
  id                bigint generated always as identity primary key,
  trace_id          text not null,
  study_instance_uid text,
  hop               smallint not null check (hop between 1 and 13),
  event             text not null,
  at                timestamptz not null,
  subject           text,                              -- SOP Instance UID, job, destination
  detail            jsonb not null default '{}'
);
create index hop_by_trace on hop (trace_id, hop);                                            -- trace
create index hop_by_study on hop (study_instance_uid, hop);                                  -- trace

create table alert (
  id                bigint generated always as identity primary key,
  kind              text not null,                     -- docs/errors.md lists them
  severity          text not null check (severity in ('info', 'warning', 'critical')),
  dedupe_key        text not null,
  study_instance_uid text,
  message           text not null,                     -- one sentence, no patient data
  advice            text not null,                     -- what to do
  detail            jsonb not null default '{}',
  raised_at         timestamptz not null,
  occurrences       integer not null default 1,
  acknowledged_at   timestamptz,
  acknowledged_by   text,
  resolved_at       timestamptz
);
create unique index alert_open on alert (dedupe_key) where resolved_at is null;              -- one open alert per cause
create index alert_recent on alert (raised_at desc);                                          -- the page

create table role_heartbeat (
  role              text primary key,
  process_id        integer not null,
  started_at        timestamptz not null,
  seen_at           timestamptz not null,
  detail            jsonb not null default '{}'
);

-- Audit: rows are written unchained in the transaction of their effect; one leader gives them sequence and hash (ADR 0011).
create table audit_event (
  id                bigint generated always as identity primary key,
  occurred_at       timestamptz not null,
  actor             text not null,                     -- AE title, user, or component
  action            text not null,                     -- 'association.accepted', 'instance.stored', …
  outcome           smallint not null check (outcome in (0, 4, 8, 12)),   -- PS3.15 §A.5.2: success, minor, serious, major failure
  object_type       text,
  object_id         text,
  study_instance_uid text,
  detail            jsonb not null default '{}'
);
create index audit_event_by_study on audit_event (study_instance_uid);                        -- the page

create table audit_chain (
  sequence          bigint primary key,
  event_id          bigint not null unique references audit_event,
  previous_hash     text not null,
  hash              text not null
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger audit_event_append_only before update or delete on audit_event for each row execute function refuse_change();
create trigger audit_event_no_truncate before truncate on audit_event execute function refuse_change();
create trigger audit_chain_append_only before update or delete on audit_chain for each row execute function refuse_change();
create trigger audit_chain_no_truncate before truncate on audit_chain execute function refuse_change();
