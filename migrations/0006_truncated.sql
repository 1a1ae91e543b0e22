-- truncated: the data set ends inside an element (C001)
alter table quarantine drop constraint quarantine_reason_check;
alter table quarantine add constraint quarantine_reason_check check (reason in ('duplicate-other-content', 'patient-conflict', 'uid-mismatch', 'class-mismatch', 'missing-uid', 'cannot-understand', 'truncated', 'order-conflict'));
