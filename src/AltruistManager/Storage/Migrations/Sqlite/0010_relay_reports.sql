-- What a portal's keys may read: ids, or "*" for all. The revision is that of the other things that processes keep in memory.
alter table portals add column regions text not null default '["*"]';
alter table portals add column chains text not null default '["*"]';
alter table portals add column retired_at bigint;
alter table portals add column revision bigint not null default 0;

-- How steadily it reports, so that silence can be told from rest.
alter table portals add column first_report_at bigint;
alter table portals add column last_report_at bigint;
alter table portals add column reports bigint not null default 0;

-- The reports that were counted: a repeat is known by its id for longer than a report may be old.
create table relay_reports (
    portal_id text   not null,
    id        text   not null,
    at        bigint not null,
    primary key (portal_id, id)
) without rowid;

create index relay_reports_at on relay_reports (at);

-- What portals relayed to altruists, a row a minute whatever the number of reports. relays holds those as standby and those that failed; what le_… hold was answered
-- within so many milliseconds and not within the bound before, le_more later.
create table relay_minutes (
    altruist_id    text   not null,
    minute         bigint not null,
    chain_id       text   not null,
    portal_id      text   not null,
    relays         bigint not null,
    standby_relays bigint not null,
    connect        bigint not null,
    timeout        bigint not null,
    http_5xx       bigint not null,
    throttled      bigint not null,
    rpc            bigint not null,
    le_5           bigint not null,
    le_10          bigint not null,
    le_25          bigint not null,
    le_50          bigint not null,
    le_100         bigint not null,
    le_250         bigint not null,
    le_500         bigint not null,
    le_1000        bigint not null,
    le_2500        bigint not null,
    le_5000        bigint not null,
    le_10000       bigint not null,
    le_more        bigint not null,
    primary key (altruist_id, minute, chain_id, portal_id)
) without rowid;

create index relay_minutes_minute on relay_minutes (minute);
create index relay_minutes_portal_id on relay_minutes (portal_id, minute);
create index relay_minutes_chain_id on relay_minutes (chain_id, minute);

-- What portals relayed for a chain by whatever way, and why some of it went to altruists.
create table portal_minutes (
    chain_id  text   not null,
    minute    bigint not null,
    portal_id text   not null,
    relays    bigint not null,
    primary key (chain_id, minute, portal_id)
) without rowid;

create index portal_minutes_minute on portal_minutes (minute);

create table fallback_minutes (
    chain_id  text   not null,
    minute    bigint not null,
    portal_id text   not null,
    reason    text   not null,
    relays    bigint not null,
    primary key (chain_id, minute, portal_id, reason)
) without rowid;

create index fallback_minutes_minute on fallback_minutes (minute);

-- When an altruist was last probed out of turn because portals complained.
create table relay_hints (
    altruist_id text   not null primary key,
    at          bigint not null
) without rowid;
