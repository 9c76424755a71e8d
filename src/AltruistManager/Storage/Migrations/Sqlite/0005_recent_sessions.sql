-- What touched the last hour is found without reading older sessions.
drop index sessions_altruist_id;

create index sessions_altruist_id on sessions (altruist_id, ended_at);
create index sessions_slot_ended on sessions (slot_id, ended_at);
