-- Who did what, and who was refused. Lines are appended and never change.
create table audit (
    id           bigint  generated always as identity primary key,
    at           bigint  not null,
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

create function audit_only_appended_to() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is only appended to';
end
$$;

create trigger audit_unchanged before update or delete or truncate on audit
    for each statement execute function audit_only_appended_to();
