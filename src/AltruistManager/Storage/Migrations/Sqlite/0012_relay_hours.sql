-- The same by hours, written with the minutes, so that weeks are read in a sixtieth of the rows.
create table relay_hours (
    altruist_id    text   not null,
    hour           bigint not null,
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
    primary key (altruist_id, hour, chain_id, portal_id)
) without rowid;

create index relay_hours_hour on relay_hours (hour);

create table portal_hours (
    chain_id  text   not null,
    hour      bigint not null,
    portal_id text   not null,
    relays    bigint not null,
    primary key (chain_id, hour, portal_id)
) without rowid;

create index portal_hours_hour on portal_hours (hour);

create table fallback_hours (
    chain_id  text   not null,
    hour      bigint not null,
    portal_id text   not null,
    reason    text   not null,
    relays    bigint not null,
    primary key (chain_id, hour, portal_id, reason)
) without rowid;

create index fallback_hours_hour on fallback_hours (hour);

insert into relay_hours (altruist_id, hour, chain_id, portal_id, relays, standby_relays, connect, timeout, http_5xx, throttled, rpc, le_5, le_10, le_25, le_50, le_100, le_250, le_500, le_1000, le_2500, le_5000, le_10000, le_more)
select altruist_id, minute / 3600000 * 3600000, chain_id, portal_id, sum(relays), sum(standby_relays), sum(connect), sum(timeout), sum(http_5xx), sum(throttled), sum(rpc), sum(le_5), sum(le_10), sum(le_25), sum(le_50), sum(le_100), sum(le_250), sum(le_500), sum(le_1000), sum(le_2500), sum(le_5000), sum(le_10000), sum(le_more)
from relay_minutes
group by altruist_id, minute / 3600000, chain_id, portal_id;

insert into portal_hours (chain_id, hour, portal_id, relays)
select chain_id, minute / 3600000 * 3600000, portal_id, sum(relays)
from portal_minutes
group by chain_id, minute / 3600000, portal_id;

insert into fallback_hours (chain_id, hour, portal_id, reason, relays)
select chain_id, minute / 3600000 * 3600000, portal_id, reason, sum(relays)
from fallback_minutes
group by chain_id, minute / 3600000, portal_id, reason;

-- Of a chain no more is read than of all.
drop index relay_minutes_chain_id;
