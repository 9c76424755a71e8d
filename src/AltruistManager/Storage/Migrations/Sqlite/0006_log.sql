-- The body comes last: SQLite reads a row from its front, and pages of headers must not cost the bodies.
create table log_entries_anew (
    origin         text    not null,
    generation     bigint  not null,
    trigger        text    not null,
    round          bigint  not null,
    is_round       boolean not null,
    scheduled_at   bigint  not null,
    at             bigint  not null,
    body_hash      text    not null,
    previous_hash  text    not null,
    hash           text    not null,
    -- Base64; null in entries of before the first signing key.
    signature      text,
    -- Null once it is no longer kept.
    body           blob,
    primary key (origin, generation)
);

insert into log_entries_anew (origin, generation, trigger, round, is_round, scheduled_at, at, body_hash, previous_hash, hash, body)
select origin, generation, trigger, round, is_round, scheduled_at, at, body_hash, previous_hash, hash, body
from log_entries;

drop table log_entries;
alter table log_entries_anew rename to log_entries;

create unique index log_entries_round on log_entries (origin, round) where is_round;
create index log_entries_kept on log_entries (generation) where body is not null;

-- Who signed: the public key (base64 of its SubjectPublicKeyInfo) in use from an entry on, until the next one.
create table log_keys (
    origin          text   not null,
    from_generation bigint not null,
    public_key      text   not null,
    primary key (origin, from_generation)
);
