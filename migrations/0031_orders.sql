-- Orders (Modality Worklist), performed procedure steps, and what they say about the images of a study.

-- One scheduled procedure step. Dates and times as DICOM writes them.
create table imaging_order (
  id                bigint generated always as identity primary key,
  step_id           text not null unique,              -- Scheduled Procedure Step ID (0040,0009), ours when the order has none
  study_instance_uid text not null,                    -- made once, at order entry
  accession_number  text,
  requested_procedure_id text,
  requested_procedure_description text,
  placer_order_number text,
  filler_order_number text,
  patient_id        text not null,
  issuer_of_patient_id text,
  patient_name      text,
  patient_name_key  text,
  patient_birth_date text,
  patient_sex       text,
  referring_physician text,
  requesting_physician text,
  modality          text,
  station_ae        text,
  station_name      text,
  start_date        text,
  start_time        text,
  performing_physician text,
  step_description  text,
  step_location     text,
  priority          text,
  admission_id      text,
  state             text not null default 'scheduled' check (state in ('scheduled', 'in-progress', 'completed', 'discontinued', 'cancelled')),
  created_at        timestamptz not null,
  changed_at        timestamptz not null
);
create index imaging_order_schedule on imaging_order (start_date, modality) where state in ('scheduled', 'in-progress');   -- worklist
create index imaging_order_by_patient on imaging_order (patient_id);                                                      -- worklist by patient
create index imaging_order_by_accession on imaging_order (accession_number);                                              -- worklist, ADT and order updates
create index imaging_order_by_study on imaging_order (study_instance_uid);

-- Modality Performed Procedure Steps, PS3.4 Annex F.
create table performed_step (
  sop_instance_uid  text primary key,
  calling_ae        text not null,
  state             text not null check (state in ('IN PROGRESS', 'COMPLETED', 'DISCONTINUED')),
  attributes        jsonb not null,                    -- DICOM JSON model, as created and set
  created_at        timestamptz not null,
  changed_at        timestamptz not null
);

-- What a modality (MPPS) or an archive (Instance Availability Notification) says a study consists of: evidence for its completeness.
create table study_manifest (
  source            text not null check (source in ('mpps', 'ian')),
  source_uid        text not null,
  study_instance_uid text not null,
  state             text not null check (state in ('open', 'final', 'discontinued')),
  instances         text[] not null default '{}',      -- SOP Instance UIDs
  changed_at        timestamptz not null,
  primary key (source, source_uid, study_instance_uid)
);
create index study_manifest_by_study on study_manifest (study_instance_uid);               -- completeness
