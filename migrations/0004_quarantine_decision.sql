-- superseded: another content with this UID was released by a person and is served instead
alter table instance drop constraint instance_state_check;
alter table instance add constraint instance_state_check check (state in ('active', 'duplicate', 'superseded'));
create index quarantine_open on quarantine (received_at) where decided_at is null;          -- what waits for a person
