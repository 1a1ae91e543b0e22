-- When the destination is asked again whether it has the object. Null = as soon as it has settled.
alter table outbox_message add column proof_not_before timestamptz;
create index outbox_to_read_back on outbox_message (destination, delivered_at) where state = 'delivered';   -- read-back, what is unproven since when
