-- Who was told of an alert, over which channel, and when somebody is told next. One row per alert and channel.
create table alert_notice (
  alert_id          bigint not null references alert,
  channel           text not null,
  -- waiting: to be told at next_attempt_at · told: the channel took it · given-up: it never did
  state             text not null default 'waiting' check (state in ('waiting', 'told', 'given-up')),
  reason            text not null check (reason in ('raised', 'escalated')),
  attempts          integer not null default 0,
  next_attempt_at   timestamptz not null,
  told_at           timestamptz,
  last_failure      text,
  primary key (alert_id, channel)
);
create index alert_notice_due on alert_notice (next_attempt_at) where state = 'waiting';     -- the notifier
