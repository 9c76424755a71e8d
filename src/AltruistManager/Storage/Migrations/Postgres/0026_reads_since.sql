-- The newest generation when what the portal may read was changed last.
alter table portals add column reads_since bigint not null default 0;
