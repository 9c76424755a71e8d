-- Sessions that were ended before their time, until they would have ended by themselves: a copy of their cookie is worth nothing.
create table ended_sessions (
    id       text   not null primary key,
    user_id  text   not null references users (id),
    until_at bigint not null
) without rowid;

create index ended_sessions_user_id on ended_sessions (user_id);
