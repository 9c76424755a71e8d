-- Who did what, and who was refused. Lines are appended and never change.
create table audit (
    id           integer not null primary key autoincrement,
    at           integer not null,
    actor_kind   text    not null,
    actor_id     text    not null,
    actor_name   text    not null,
    by_staff     boolean not null,
    address      text,
    action       text    not null,
    subject_kind text    not null,
    subject_id   text    not null,
    provider_id  text,
    outcome      text    not null,
    times        integer not null,
    before_json  text,
    after_json   text,
    detail       text
);

create index audit_actor on audit (actor_id, id);
create index audit_action on audit (action, id);
create index audit_subject on audit (subject_id, id);
create index audit_provider on audit (provider_id, id);
create index audit_at on audit (at);

create trigger audit_unchanged before update on audit
begin
    select raise(abort, 'the audit trail is only appended to');
end;

create trigger audit_kept before delete on audit
begin
    select raise(abort, 'the audit trail is only appended to');
end;

-- "insert or replace" would delete without the trigger above.
create trigger audit_not_replaced before insert on audit when exists (select 1 from audit where id = new.id)
begin
    select raise(abort, 'the audit trail is only appended to');
end;
