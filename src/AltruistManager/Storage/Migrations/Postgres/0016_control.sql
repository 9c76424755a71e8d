-- By what control of the newest endpoint was proven: staff, well-known or dns; null where nobody noted it or it is not proven.
alter table altruists add column control_by text;

-- What an owner has to show to prove control; one at a time for each altruist.
create table control_challenges (
    altruist_id text   not null primary key references altruists (id),
    token       text   not null,
    answer      text   not null,
    created_at  bigint not null
);

-- How many living altruists staff let a provider have, and a chain be served by; null for any number.
alter table providers add column max_altruists integer;
alter table chains add column max_altruists integer;

-- A changed payout address and from when on it counts; no change waits while the time is null.
alter table providers add column next_payout_address text;
alter table providers add column next_payout_at bigint;
