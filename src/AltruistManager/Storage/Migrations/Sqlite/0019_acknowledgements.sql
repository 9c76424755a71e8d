-- What of all that needs attention staff have seen. A row goes when its state is over; who saw what stays in the audit trail.
create table acknowledgements (
    item            text    not null primary key,
    severity        text    not null,
    since_at        integer not null,
    acknowledged_at integer not null,
    acknowledged_by text    not null,
    note            text
);
