-- Storage Commitment Push Model, PS3.4 Annex J, both roles.

-- What peers asked us to commit. The result is found by re-reading the bytes; the row stays until the peer has acknowledged the report.
create table commitment_request (
  id                bigint generated always as identity primary key,
  transaction_uid   text not null,
  calling_ae        text not null,
  called_ae         text not null,
  objects           jsonb not null,                    -- [[sop class uid, sop instance uid], …]
  result            jsonb,                             -- { committed: [[class, instance]…], failed: [[class, instance, reason]…] } once decided
  -- asked: to be decided · decided: to be reported · reported: the peer has acknowledged · given-up: nobody took the report in time
  state             text not null default 'asked' check (state in ('asked', 'decided', 'reported', 'given-up')),
  attempts          integer not null default 0,
  next_attempt_at   timestamptz not null,
  last_failure      text,
  requested_at      timestamptz not null,
  reported_at       timestamptz,
  unique (calling_ae, transaction_uid)
);
create index commitment_request_due on commitment_request (next_attempt_at) where state in ('asked', 'decided');   -- the reporter

-- What we asked peers to commit: one transaction for the deliveries of one exchange. Its result may come on any association.
create table commitment_asked (
  transaction_uid   text primary key,
  destination       text not null,
  peer              text not null,                     -- AE title
  -- asked: waits for the report · answered: the report came · expired: none came in time; asked again under a new transaction UID
  state             text not null default 'asked' check (state in ('asked', 'answered', 'expired', 'refused')),
  asked_at          timestamptz not null,
  expires_at        timestamptz not null,
  answered_at       timestamptz,
  detail            jsonb not null default '{}'
);
create index commitment_asked_open on commitment_asked (expires_at) where state = 'asked';

create table commitment_asked_object (
  transaction_uid   text not null references commitment_asked,
  message_id        bigint not null references outbox_message,
  sop_class_uid     text not null,
  sop_instance_uid  text not null,
  failure_reason    integer,                           -- (0008,1197), null = committed or not answered yet
  primary key (transaction_uid, message_id)
);
create index commitment_asked_by_message on commitment_asked_object (message_id);
create index outbox_to_commit on outbox_message (destination, delivered_at) where state = 'delivered' and kind = 'dimse-store';   -- what still has to be committed
