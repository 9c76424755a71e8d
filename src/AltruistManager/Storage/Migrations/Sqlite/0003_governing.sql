-- Maintenance windows; in force from from_at until until_at (null: until resumed) or ended_at.
create table drains (
    id          text   not null primary key,
    altruist_id text   not null,
    reason      text   not null,
    from_at     bigint not null,
    until_at    bigint,
    created_at  bigint not null,
    created_by  text   not null,
    ended_at    bigint,
    revision    bigint not null
);

create index drains_altruist_id on drains (altruist_id, from_at);

-- Where staff stop the rotation; null chain or region means all.
create table holds (
    id         text   not null primary key,
    chain_id   text,
    region_id  text,
    reason     text   not null,
    until_at   bigint not null,
    created_at bigint not null,
    created_by text   not null,
    deleted_at bigint,
    revision   bigint not null
);
