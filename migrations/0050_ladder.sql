-- What each destination takes, as learned from associations and answers: the ladder (SR and SEG, presentation state, picture, document) starts
-- at the best form that has not been refused.
create table destination_capability (
  destination       text not null,
  sop_class_uid     text not null,
  accepted          boolean not null,
  learned_from      text not null check (learned_from in ('association', 'answer')),
  learned_at        timestamptz not null,
  primary key (destination, sop_class_uid)
);

-- Which rung of the ladder a result took to this destination, and why; null for originals and for what is no DICOM.
alter table outbox_message add column rung text check (rung in ('report', 'overlay', 'picture', 'document', 'none'));
alter table outbox_message add column rung_reason text;
-- True: when the destination refuses the SOP class, the next rung goes in its place; false where the site has fixed the form.
alter table outbox_message add column steps_down boolean not null default false;
