-- A round costs the same however long the history is. What lasts stands apart; what ended is only appended, each with the session of its slot that ended before,
-- so that the history of a slot is read from its newest on without an index by slot, which has a place of its own for each slot all over a history that outgrows
-- every cache. Those of an altruist are found span by span (five minutes), as probes are.
create table open_sessions (
    slot_id     integer not null references slots (id),
    altruist_id text    not null,
    weight      integer not null,
    generation  bigint  not null,
    ordinal     integer not null,
    started_at  bigint  not null,
    primary key (slot_id, altruist_id)
);

insert into open_sessions (slot_id, altruist_id, weight, generation, ordinal, started_at)
select slot_id, altruist_id, weight, generation, ordinal, started_at
from sessions
where ended_at is null;

create table sessions_anew (
    id          bigint  not null primary key,
    slot_id     integer not null references slots (id),
    altruist_id text    not null,
    weight      integer not null,
    generation  bigint  not null,
    ordinal     integer not null,
    started_at  bigint  not null,
    ended_at    bigint  not null,
    before_id   bigint
);

insert into sessions_anew (id, slot_id, altruist_id, weight, generation, ordinal, started_at, ended_at, before_id)
select id, slot_id, altruist_id, weight, generation, ordinal, started_at, ended_at, lag(id) over (partition by slot_id order by ended_at, id) as before_id
from sessions
where ended_at is not null
order by id;

alter table slots add column last_ended bigint;

update slots
set last_ended = (select id from sessions where slot_id = slots.id and ended_at is not null order by ended_at desc, id desc limit 1);

drop table sessions;
alter table sessions_anew rename to sessions;
alter index sessions_anew_pkey rename to sessions_pkey;

create index sessions_span_altruist on sessions ((ended_at / 300000), altruist_id);

-- Decisions of a slot are found entry by entry.
drop index log_decisions_slot_id;
alter table log_decisions drop constraint log_decisions_pkey;
alter table log_decisions add primary key (generation, slot_id);
