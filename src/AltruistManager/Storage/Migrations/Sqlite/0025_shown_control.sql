-- What a provider has to show at the places of an endpoint that is not registered yet, and by what it was found there: null until then.
create table place_challenges (
    provider_id text   not null references providers (id),
    places      text   not null,
    token       text   not null,
    answer      text   not null,
    created_at  bigint not null,
    proven_by   text,
    primary key (provider_id, places)
);

-- The last change of where a provider is paid, for all of it to see: when, by whom, from which address to which; null where none was noted.
alter table providers add column payout_changed_at bigint;
alter table providers add column payout_changed_by text;
alter table providers add column payout_changed_from text;
alter table providers add column payout_changed_to text;

-- One that waits already is told of as well; it was made 72 hours before it counts.
update providers
set payout_changed_at   = next_payout_at - 259200000,
    payout_changed_by   = 'somebody',
    payout_changed_from = payout_address,
    payout_changed_to   = next_payout_address
where next_payout_at is not null;
