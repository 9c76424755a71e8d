-- When each key was used first and last; of keys that are older than this table, from when they were made, and last unknown.
create table key_uses (
    key_id   text   not null primary key,
    first_at bigint not null,
    last_at  bigint
);

insert into key_uses (key_id, first_at)
select id, created_at from api_keys;
