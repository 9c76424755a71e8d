-- When the last portal was without it; null before.
alter table drains add column let_go_at bigint;

-- What each portal has taken, as of the last minute; chain is as it was asked for, empty for all slots of the region.
create table portal_polls (
    portal_id  text   not null,
    region_id  text   not null,
    chain      text   not null,
    generation bigint not null,
    at         bigint not null,
    primary key (portal_id, region_id, chain)
);

create index portal_polls_at on portal_polls (at);
