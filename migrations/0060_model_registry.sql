-- What became of each version of a model on this gateway: the self-test it passed, what share of studies a canary takes, and every change of state.
alter table model add column folder text;
alter table model add column canary_share real check (canary_share > 0 and canary_share <= 1);
-- { passedAt, input, totalMs, runtime }: a pass is remembered by digest; null = not tested here yet.
alter table model add column self_test jsonb;

create table model_change (
  id                bigint generated always as identity primary key,
  model_id          text not null,
  digest            text not null,
  from_state        text,
  to_state          text not null,
  at                timestamptz not null,
  actor             text not null,
  reason            text not null,
  foreign key (model_id, digest) references model
);
-- The history of one version, newest first.
create index model_change_by_model on model_change (model_id, digest, id desc);

-- Folders under models.dir that cannot be used, as each machine sees them: replaced at every scan.
create table model_folder_fault (
  host              text not null,
  folder            text not null,
  reasons           jsonb not null,
  seen_at           timestamptz not null,
  primary key (host, folder)
);
