-- Options that staff have set while the service runs, by their name in the configuration, over which they win.
create table settings (
    name       text    not null primary key,
    value      text    not null,
    changed_at integer not null,
    changed_by text    not null
);
