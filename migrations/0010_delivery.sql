-- How each destination does: its circuit, and when it last answered. One row per destination that was ever sent to; the page, alerts and
-- the metrics read it. The breaker itself lives in the delivering process, which starts closed.
create table destination_state (
  destination       text primary key,
  circuit           text not null check (circuit in ('closed', 'open')),
  reason            text,                              -- why it is open, one sentence
  probe_at          timestamptz,                       -- when open: not before this moment
  open_since        timestamptz,
  last_answer_at    timestamptz,
  changed_at        timestamptz not null
);

create index outbox_ordering on outbox_message (destination, ordering_key, id) where ordering_key is not null and state in ('pending', 'sending', 'held');   -- claim: is an earlier one still under way?
create index outbox_unfinished on outbox_message (destination, state, created_at) where state in ('pending', 'sending', 'held', 'dead');                       -- metrics: what waits per destination
create index outbox_by_instance on outbox_message (instance_id) where instance_id is not null;                                                              -- ledger of originals
