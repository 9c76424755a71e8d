-- Several altruists may serve a slot at once, each with its share of the traffic in percent.
drop index sessions_open;

create unique index sessions_open on sessions (slot_id, altruist_id) where ended_at is null;

alter table sessions add column weight integer not null default 100;

-- Where fairness is the providers', one with two shares gets twice the turns of one with one.
alter table providers add column shares integer not null default 1;
